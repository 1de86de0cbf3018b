import type { Effect } from '../flow/manifest.ts';

/*
 * What tools call themselves, as data. A word that is a verb and a noun (`post`, `order`) counts as a verb only where a
 * verb stands; the others count wherever they are found.
 */

const verbs: Readonly<Record<Effect, string>> = {
  read:
    'get list search read view find fetch retrieve lookup look show describe count query check inspect ' +
    'calculate compute summarize summarise preview compare recall translate convert parse validate peek stat head ls grep glob ' +
    'select explain identify extract analyze analyse load tell',
  write:
    'create add update set write save edit append insert upsert put modify change rename move copy upload download ' +
    'import attach assign reassign toggle enable disable archive restore tag pin star mark record store register patch ' +
    'replace replaces overwrite adjust increment duplicate clone fork commit configure customize reschedule resched ' +
    'make new generate fill input type touch mkdir lock unlock hide unhide link unlink label merge close reopen resolve ' +
    'complete reset follow',
  send:
    'send share invite publish pay transfer reply forward notify post tweet message email mail sms dm call submit ' +
    'broadcast announce buy purchase order book reserve schedule refund donate wire withdraw deposit charge push ' +
    'comment respond remit transmit export upvote rsvp release subscribe tip bid sell trade grant',
  delete:
    'delete remove cancel drop clear erase purge destroy wipe trash revoke truncate unsubscribe uninstall discard kick ' +
    'ban kill terminate prune unshare empty deprovision flush abort unpublish deactivate rm rmdir detach dismiss expel',
  execute:
    'run execute exec eval checkout checkin login logout logon signin signup signon signout authenticate authorize authorise verify confirm browse ' +
    'click navigate visit open install deploy invoke launch start stop restart trigger perform approve reject accept ' +
    'activate build test compile shell bash curl request dispatch apply evaluate press do act use sign migrate rollback',
};

/** As nouns these stand in the names of tools that only read: `get_post`, `search_orders`, `list_test_runs`. */
const alsoNouns: ReadonlySet<string> = new Set(
  (
    'post share message email mail sms dm call order book schedule transfer comment tip bid trade release wire deposit ' +
    'charge refund purchase tweet reply export grant set change record store register patch tag pin star mark label lock ' +
    'link type input new archive import upload download fork clone commit merge close move copy update edit run test ' +
    'build start stop request use sign trigger shell act do open press install deploy trash ban cancel drop clear ' +
    'empty follow complete increment duplicate invite visit touch fill reset toggle push forward abort kick'
  ).split(' '),
);

const effectByVerb: ReadonlyMap<string, Effect> = new Map(
  Object.entries(verbs).flatMap(([effect, words]) => words.split(' ').map((word) => [word, effect as Effect])),
);

/** The effect that a verb in its base form stands for. */
export const effectOfVerb = (word: string): Effect | undefined => effectByVerb.get(word);
export const isAlsoNoun = (word: string): boolean => alsoNouns.has(word);

/** `delete` of `deletes`; undefined where no known verb ends so. */
export function verbOfThirdPerson(word: string): string | undefined {
  const bases = [word.slice(0, -1), word.slice(0, -2), `${word.slice(0, -3)}y`];
  return word.endsWith('s') ? bases.find((base) => effectByVerb.has(base)) : undefined;
}

/** `delete` of `deleting`; undefined where no known verb ends so. */
export function verbOfGerund(word: string): string | undefined {
  if (!word.endsWith('ing')) return undefined;
  const stem = word.slice(0, -3);
  return [stem, `${stem}e`, stem.slice(0, -1)].find((base) => effectByVerb.has(base));
}

/** What is said in the passive to happen: `an email is sent`. States such as `shared` or `scheduled` are none. */
export const passives: ReadonlyMap<string, Effect> = new Map([
  ...'sent emailed mailed notified charged refunded paid published posted submitted transferred'
    .split(' ')
    .map((word) => [word, 'send'] as const),
  ...'deleted removed erased purged destroyed wiped cancelled canceled revoked overwritten'
    .split(' ')
    .map((word) => [word, 'delete'] as const),
  ...'executed triggered run'.split(' ').map((word) => [word, 'execute'] as const),
]);

/** From the least to the most that can go wrong: of two readings the later counts. */
export const strictness: readonly Effect[] = ['read', 'write', 'send', 'delete', 'execute'];
export const stricter = (a: Effect, b: Effect): Effect => (strictness.indexOf(a) >= strictness.indexOf(b) ? a : b);

/** `mcp__Shop.cartAdd-HTTPItem` → mcp, shop, cart, add, http, item. */
export const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    // `check_out` is not a way of checking.
    .replaceAll(/(?<![\p{L}\p{N}])(check|log|sign)[^\p{L}\p{N}]+(in|out|up|on|off)(?![\p{L}\p{N}])/gu, '$1$2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');

const singularOf = (word: string): string => (/[^s]s$/.test(word) ? word.slice(0, -1) : word);
/** The word itself and, of a plural, its singular. */
export const isOneOf = (word: string, words: ReadonlySet<string>): boolean =>
  words.has(word) || words.has(singularOf(word));
