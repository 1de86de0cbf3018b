import type { ActionKind, Manifest } from './manifest.ts';
import type { Leaf } from './leaves.ts';
import { remembered } from './remembered.ts';

/**
 * Stems of words by which people ask for a kind of action. A word counts when it is a stem with an ending of English grammar:
 * "address" is no wish to add, "clearly" none to clear. `*` takes any ending, `=` none and stands for a space inside.
 */
const asked: Readonly<Record<ActionKind, string>> = {
  message:
    'send repl respond forward notif inform tell writ invit ask remind thank greet welcom announc submit post share schick* sende* antwort* envoy* répond* enví* respond* manda* rispond*',
  pay: 'pay transfer send refund wire settl reimburs money bill rent donat tip deposit charg subscrib subscription purchas bezahl* überweis* paye* vire* paga* transfier* bonific*',
  buy: 'buy rebuy purchas order checkout shop cart get=me acquir kauf* bestell* achet* command* compr* ordina*',
  book: 'book reserv reservation schedul reschedul appoint appointment meet meeting calendar event plan invit remind reminder dinner lunch arrang participant attend reservier* termin* réserv* planif* reserva* prenot*',
  delete:
    'delet remov clear cancel cancell drop eras clean unsubscrib revok discard uninstall purg block empt wip trash lösch* entfern* stornier* supprim* efface* annul* borra* elimin* cancella*',
  credential: '',
  ownership:
    'transfer grant invit share add onboard promot assign kick revok join hand=over make=public make=private make=it=public make=it=private give=access teile* freigeb* partage* compart* condivid*',
  edit: 'updat chang modif edit adjust set= renam mov mark append fix correct renew reschedul replac increas decreas follow änder* aktualis* modifi* actualiz* aggiorn*',
  create:
    'creat add mak new= writ generat append sav download copy copi draft prepar clon init fork erstell* crée* crea* aggiung*',
  execute: 'run run= execut install deploy login= log=in log=into sign=in start launch build compil invok use=',
  publish: 'post publish push upload comment merg releas tweet blog announc submit commit share star fork issue pull',
  web: 'visit brows open link websit web= site page url form fill regist sign=up submit subscrib check read access look download get fetch summar find search book reserv www= http= https=',
};

const ending = '(?:e|es|s|ing|al|als|ion|ions|ation|y|ies|ying|ten|n|r|er|ers|re|ment|ments|[bdglmnprt](?:ing|er))?';

/** "Who paid me?" asks for nothing to be paid; "it has to be paid" does. */
const participle = '(?:d|ed|ied|[bdglmnprt]ed|t)';

/** What is asked for when somebody names a secret and says what to do with it. */
const secretNoun =
  /\b(?:passwords?|passwort|passphrases?|passcodes?|credentials?|secrets?|tokens?|2fa|mfa|ssh|gpg|pgp|(?:api|deploy|private|public|access)?[ -]?keys?|contraseña|mot de passe)\b/;
const secretVerb =
  /\b(?:chang|updat|set|add|reset|rotat|creat|generat|upload|regist|remov|delet|revok|renew|replac|enter|us(?:e|ing)|send|ändern|neu)/;

/** Words of a tool's name that say which kind of action it is. */
const named: Readonly<Record<ActionKind, RegExp>> = {
  message: /^(?:send|mail|email|message|reply|forward|notify|sms|dm|invite|share|contact)/,
  pay: /^(?:pay|payment|money|transfer|transaction|refund|wire|invoice|charge|deposit|withdraw)/,
  buy: /^(?:buy|purchase|order|checkout|cart|shop)/,
  book: /^(?:book|reserve|reservation|schedule|reschedule|calendar|event|appointment|meeting)/,
  delete: /^(?:delete|remove|clear|cancel|drop|erase|purge|revoke|destroy|unsubscribe|uninstall|wipe|truncate)/,
  credential: /^(?:password|credential|secret|token|key|ssh|gpg|passphrase|mfa|otp)s?$/,
  ownership:
    /^(?:owner|ownership|permission|role|member|collaborator|admin|access|grant|share|invite|visibility|team)s?/,
  edit: /^(?:update|change|modify|edit|set|rename|move|append|adjust|patch|mark|reschedule)/,
  create: /^(?:create|add|make|new|write|append|save|download|copy|insert|upload|clone|fork)/,
  execute: /^(?:run|execute|exec|install|deploy|login|start|launch|invoke|eval)/,
  publish: /^(?:post|publish|push|upload|comment|merge|release|tweet|commit|issue|pull)/,
  web: /^(?:browse|web|webpage|url|http|fetch|navigate|visit|click|link|page|site|form|download)/,
};

/** What an attacker gains most by, so that nothing but the user's own request will do. */
export const takeOverKinds: ReadonlySet<ActionKind> = new Set(['delete', 'credential', 'ownership']);

/** What an open request ("do what he asks") may be taken to ask for: nothing that pays, buys, deletes or hands over. */
export const openKinds: ReadonlySet<ActionKind> = new Set(['message', 'book', 'create', 'edit', 'publish']);

const openRequest =
  /(?:^|[.;:!?] |, |\b(?:please|and|then|to|just|also|can you|could you|you) )(?:do|complete|finish|perform|carry out|handle|follow|take care of|work (?:on|through)|achieve|help (?:me|him|her|them))\b.{0,60}\b(?:asks?|asked|request(?:s|ed)?|tasks?|actions?|instructions?|todos?|to-dos?|it|homework|steps?|says?|wants?|him|her|them)\b/;

const toUser = /\b(?:tell|show|give|inform|notify|answer|ask|remind|write|let) me\b(?: know)?/g;

/** "Mail Ingrid", "an answer to": a verb or an order, and not the mails that are to be read. */
const messageVerb =
  /(?<!\b(?:my|the|an?|any|all|each|every|this|that|these|those|unread|new|latest|last|recent|received|her|his|their|its|your|our|of|in|by|per|via|from|for|with|no|two|some|other|first|same|error|work|which|what) )\b(?:e-?mail|mail|message|text|dm|answer|contact|reply)\b(?! from| about| address| inbox| account|box| i | that | which )/;

export interface Asked {
  readonly kinds: ReadonlySet<ActionKind>;
  /** Whether the user left it to a source to say what is to be done. */
  readonly open: boolean;
  readonly words: ReadonlySet<string>;
}

/** What the user's messages ask for, taken up one by one: a long conversation costs no more at its end. */
export class Requests implements Asked {
  readonly kinds = new Set<ActionKind>();
  readonly words = new Set<string>();
  open = false;
  #taken = 0;

  /** `texts` are folded, and only ever grow. */
  take(texts: readonly string[]): this {
    for (; this.#taken < texts.length; this.#taken++) this.#take(texts[this.#taken] as string);
    return this;
  }

  #take(said: string): void {
    // "Tell me", "let me know": an answer, and no message to anybody.
    const text = said.replace(toUser, ' ');
    for (const word of text.match(/[\p{L}\p{N}]+/gu) ?? []) this.words.add(word);
    for (const [kind, pattern] of askedPatterns) {
      if (!this.kinds.has(kind) && pattern.test(text)) this.kinds.add(kind);
    }
    if (secretNoun.test(text) && secretVerb.test(text)) this.kinds.add('credential');
    if (messageVerb.test(text)) this.kinds.add('message');
    this.open ||= openRequest.test(text);
  }
}

/** "In order to", "my order": no order. */
const noOrder = '(?<!\\b(?:in|my|the|this|that|last|an|our|your|her|his|its|which|first|same) )';

const askedPatterns = Object.entries(asked)
  .filter(([, stems]) => stems !== '')
  .map(([kind, stems]): [ActionKind, RegExp] => {
    const words = stems.split(' ').map((stem) => {
      const text = stem.replace(/[=*]$/, '').replaceAll('=', ' ');
      const open = text === 'order' ? noOrder : '';
      if (stem.endsWith('*')) return `${text}[\\p{L}]*`;
      if (stem.endsWith('=') || text.includes(' ')) return `${open}${text}`;
      return `${open}${text}${ending}|(?<=\\bbe )${text}${participle}`;
    });
    return [kind as ActionKind, new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.join('|')})(?![\\p{L}\\p{N}])`, 'u')];
  });

/** `transfer_repoOwnership` → transfer, repo, ownership. */
export const wordsOfName = remembered((name): readonly string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean),
);

/** Kinds of action by the words of a name, each once. */
const namedKinds = remembered((name): ReadonlySet<ActionKind> => {
  const kinds = new Set<ActionKind>();
  for (const word of wordsOfName(name))
    for (const [kind, pattern] of Object.entries(named)) if (pattern.test(word)) kinds.add(kind as ActionKind);
  return kinds;
});

/** Arguments that say what is done, such as the method of an HTTP request. */
const verbKey = /^(?:method|action|operation|verb|command|op)$/i;

/**
 * The kinds of action that a call is: as the tool's manifest says, else by the words of its name, else by its effect; and by an
 * argument that says what is done.
 */
export function kindsOf(tool: string, manifest: Manifest, leaves: readonly Leaf[] = []): ReadonlySet<ActionKind> {
  const kinds = new Set<ActionKind>(manifest.kinds);
  for (const { key, value } of leaves) {
    if (typeof value !== 'string' || !verbKey.test(key)) continue;
    for (const kind of namedKinds(value)) if (takeOverKinds.has(kind)) kinds.add(kind);
  }
  if (manifest.kinds) return kinds;
  for (const kind of namedKinds(tool)) kinds.add(kind);
  if (manifest.effect === 'delete') kinds.add('delete');
  if (kinds.size === 0)
    kinds.add(
      { read: 'web', write: 'edit', send: 'message', execute: 'execute' }[manifest.effect as 'read'] as ActionKind,
    );
  return kinds;
}

/** Whether the user's own words ask for what this tool does. Take-over and deletion are asked for by their own kind only. */
export function isAsked(tool: string, kinds: ReadonlySet<ActionKind>, { kinds: wanted, words }: Asked): boolean {
  if (!haveCommon(kinds, takeOverKinds)) return haveCommon(kinds, wanted) || sharesWord(tool, words);
  const grave = [...kinds].filter((kind) => takeOverKinds.has(kind));
  return (
    grave.some((kind) => wanted.has(kind)) &&
    (grave.length === 1 || sharesWord(tool, words) || grave.every((kind) => wanted.has(kind)))
  );
}

export function haveCommon(some: ReadonlySet<ActionKind>, others: ReadonlySet<ActionKind>): boolean {
  for (const each of some) if (others.has(each)) return true;
  return false;
}

/** `star_repo` for "please star the repo": a verb of its own that no table lists. */
const sharesWord = (tool: string, words: ReadonlySet<string>): boolean => {
  const [verb] = wordsOfName(tool);
  return verb !== undefined && verb.length > 2 && !plainVerbs.has(verb) && words.has(verb);
};
const plainVerbs = new Set(['get', 'set', 'do', 'the', 'list', 'use', 'put']);
