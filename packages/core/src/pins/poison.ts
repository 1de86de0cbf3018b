import type { PinFindingCode } from '../pins.ts';

/** A sign that a definition speaks to the model, on folded text (lower case, look-alikes as Latin letters). */
export interface PoisonPattern {
  readonly id: string;
  readonly code: Extract<PinFindingCode, 'instructions' | 'exfiltration'>;
  /** 2 is enough alone; of smaller ones honest tools have one now and then, but hardly two. */
  readonly weight: number;
  readonly says: string;
  readonly text: RegExp;
}

/*
 * After what was published of poisoned tools: Invariant Labs' tool poisoning and shadowing, MCPTox, the deliberately
 * vulnerable servers, preference manipulation, parameter abuse. Bounded quantifiers only; a sentence ends a pattern.
 */

const sensitive =
  'conversation history|chat history|message history|conversation log|previous messages|prior messages|earlier messages|' +
  '(?:full|entire|complete|whole|current) (?:conversation|chat|context|history|prompt)|conversation so far|system prompt|' +
  'context window|chain of thought|tool call history|environment variables|private keys?|ssh keys?|' +
  '(?:last|previous|recent|earlier|all|past)(?: [a-z0-9]{1,12}){0,2} messages|(?:of|from|in) this (?:chat|conversation|session)|' +
  'user (?:typed|entered|said|told you)';
const handOver =
  'requires?|needs?|wants?|pass|include|hand over|hand|reveal|transmit|output|upload|put|send|provide|append|add|insert|attach|supply|place|copy|paste|forward|submit|embed|store|write|fill|return|share';

export const poisonPatterns: readonly PoisonPattern[] = [
  {
    id: 'tag',
    code: 'instructions',
    weight: 2,
    says: 'a tag that marks text for the model',
    text: /<\/?(?:important|hidden|secret|system|instructions?|admin|critical|assistant|llm|directive|override|sys|urgent|mandatory|internal)(?:[_ -][a-z_ -]{1,30})?>|\[\/?(?:system|hidden|important|critical|secret|internal|security|mandatory)(?:[_ -][a-z_ -]{1,30})?\]|<!--/g,
  },
  {
    id: 'secrecy',
    code: 'instructions',
    weight: 2,
    says: 'it is to be kept from the user',
    text: /\b(?:do not|don't|dont|never|without|avoid|must not|not to|shouldn't|should not|no need to)\b[^.\n]{0,30}\b(?:tell|telling|mention|mentioning|inform|informing|notify|notifying|reveal|revealing|alert|alerting|disclose|disclosing|let)\b[^.\n]{0,60}\b(?:user|users|them|anyone|anybody|human|customer|operator|people|about this|this step|this tool|this instruction|these instructions)\b|\b(?:user|users|human|customer)\b (?:must|should|does|do|need|needs|can|may|shall|will)(?:n't| ?not| never)[^.\n]{0,20}\b(?:know|see|notice|aware|learn|told|informed|find out|realize|realise)\b|\bkeep (?:this|it|that|these)[^.\n]{0,20}\b(?:secret|hidden|confidential|private|between us|to yourself)\b|\b(?:silently|secretly|covertly|quietly|discreetly|stealthily|invisibly)\b[^.\n]{0,15}\b(?:send|forward|copy|include|add|call|read|pass|append|bcc|log|upload|store|replace|change|collect|execute|run|invoke)\b/g,
  },
  {
    // German, French, Spanish, Portuguese, Italian, Dutch; without accents, as texts are folded.
    id: 'secrecy-elsewhere',
    code: 'instructions',
    weight: 2,
    says: 'it is to be kept from the user',
    text: /\b(?:sage?|erzahle?|verrate|erwahne|informiere|teile?)\b[^.\n]{0,40}\b(?:be|an)?(?:nutzer|wender)[^.\n]{0,30}\b(?:nichts?|niemals)\b|\bohne\b[^.\n]{0,30}\b(?:be)?nutzer[^.\n]{0,30}\b(?:mitzuteilen|zu informieren|zu sagen)\b|\bne\b[^.\n]{0,20}\b(?:dis|dites|mentionnez?|informez?|reveler?|revelez)\b[^.\n]{0,20}\b(?:pas|rien|jamais)\b[^.\n]{0,40}\butilisateurs?\b|\b(?:no|nao|nunca|non)\b[^.\n]{0,12}\b(?:digas?|diga|contes?|conte|dirlo|dire|mencion\w{1,4}|menziona\w{0,3}|inform\w{1,4}|revel\w{1,4}|rivel\w{1,4})\b[^.\n]{0,30}\b(?:usuarios?|utentes?|utente|utilizador)\b|\b(?:vertel|zeg|meld)\b[^.\n]{0,30}\bgebruikers?\b[^.\n]{0,20}\b(?:niets?|nooit)\b/g,
  },
  {
    id: 'before-all-elsewhere',
    code: 'instructions',
    weight: 2,
    says: 'it wants to be called before other tools',
    text: /\b(?:bevor|ehe|vor)\b[^.\n]{0,40}\bander(?:e[nrs]?|em)\b[^.\n]{0,12}\b(?:werkzeuge?n?|tools?|funktion(?:en)?)\b[^.\n]{0,40}\b(?:musst?|mussen|ruf\w{0,2}|zuerst|immer|aufrufen)\b|\bavant\b[^.\n]{0,30}\bautres? (?:outils?|fonctions?)\b[^.\n]{0,40}\b(?:appele[rz]|appelle[sz]?|utilise[rz]?|devez|dois|doit|toujours)\b|\b(?:antes|prima)\b[^.\n]{0,30}\b(?:otras?|outras?|altr[oiae])\b[^.\n]{0,12}\b(?:herramientas?|ferramentas?|strument[oi]|funci?on\w{0,3}|func\w{1,3})\b[^.\n]{0,40}\b(?:llam\w{1,3}|cham\w{1,3}|chiam\w{1,3}|debes?|deve|devi|siempre|sempre|usa|use|lee|leia|leggi)\b/g,
  },
  {
    id: 'shown-to-user',
    code: 'instructions',
    weight: 1,
    says: 'it says what the user is shown',
    text: /\b(?:do not|don't|never|without|avoid|must not|should not)\b[^.\n]{0,20}\b(?:show|showing|display|displaying|explain|explaining|ask|asking|report|reporting|expose|discuss|output|print)\b[^.\n]{0,50}\b(?:user|users|human|customer|confirmation|permission)\b/g,
  },
  {
    id: 'before-all-else',
    code: 'instructions',
    weight: 2,
    says: 'it wants to be called before other tools',
    text: /\b(?:must|always|should|required|mandatory|need to|needs to|have to|has to|first|shall|ensure|prerequisite|start)\b[^.\n]{0,80}\b(?:before|prior to|ahead of)\b[^.\n]{0,20}\b(?:any|every|all|other|another|each)\b|\b(?:before|prior to|ahead of) (?:you )?(?:us|call|invok|perform|execut|run|answer|respond|do|start|mak|process|send|writ|read|access|handl)[a-z]{0,6} (?:any|every|all|other|another|each)\b[^.\n]{0,60}\b(?:must|always|required|mandatory|first|need to|have to|call this|use this|run this|invoke this)\b/g,
  },
  {
    id: 'before-use',
    code: 'instructions',
    weight: 1,
    says: 'it says what to do before it is used',
    text: /\b(?:before|prior to) (?:you )?(?:us|call|invok|execut|run)[a-z]{0,4} (?:this|the|it)\b/g,
  },
  {
    id: 'before-any',
    code: 'instructions',
    weight: 1,
    says: 'it speaks of what comes before other work',
    text: /\b(?:before|prior to) (?:you )?(?:us|call|invok|perform|execut|run|answer|respond|do|start|mak|process|send|writ|read|access|handl)[a-z]{0,6} (?:any|every|all|other|another|each)\b|\b(?:before|prior to) (?:any|every|all|each) [a-z]+/g,
  },
  {
    id: 'must-be-called',
    code: 'instructions',
    weight: 1,
    says: 'it demands to be called',
    text: /\b(?:this tool|this function|it)\b (?:must|has to|needs to|shall|should always|is required to|should) (?:always |also |first )?be (?:called|used|invoked|run|executed)\b|\b(?:must|always|you should) (?:first |also |always )?(?:call|use|invoke|run|execute) this\b/g,
  },
  {
    id: 'instead-of-others',
    code: 'instructions',
    weight: 2,
    says: 'it wants to be used in place of other tools',
    text: /\binstead of\b[^.\n]{0,40}\b(?:use|call|invoke)\b[^.\n]{0,20}\bthis\b|\b(?:use|call|prefer|invoke|choose|pick|select|prioriti[sz]e)\b[^.\n]{0,20}\bthis\b[^.\n]{0,30}\b(?:instead of|rather than|over|in place of|before)\b[^.\n]{0,30}\b(?:other|any|all|every|similar|alternative|built-?in|existing|another|competing)\b|\b(?:do not|don't|never|ignore|avoid|stop|disregard)\b[^.\n]{0,20}\b(?:us(?:e|ing)|call(?:ing)?|invok(?:e|ing)|rely(?:ing)?|trust(?:ing)?|ignore)?\b[^.\n]{0,20}\b(?:other|any other|another|alternative|original|native|built-?in|competing)\b[^.\n]{0,20}\b(?:tools?|functions?|servers?)\b|\b(?:other|all other|similar|competing|previous|old) (?:tools?|servers?|functions?|alternatives)\b[^.\n]{0,40}\b(?:deprecated|insecure|broken|unsafe|unreliable|outdated|wrong|fail|malicious|compromised|disabled|inferior|ignored)\b|\bthis (?:tool |function |server )?(?:replaces|overrides|supersedes)\b[^.\n]{0,30}\b(?:other|all|any|every|existing|previous|original)\b/g,
  },
  {
    id: 'praise',
    code: 'instructions',
    weight: 1,
    says: 'it praises itself',
    text: /\b(?:best|most reliable|most accurate|most trusted|only trusted|only correct|only reliable|superior|preferred|highest priority|top priority|number one)\b[^.\n]{0,30}\b(?:tool|choice|option|function|server|source)\b|\b(?:always|must|should)\b[^.\n]{0,20}\b(?:prefer|choose|select|pick|prioriti[sz]e)\b[^.\n]{0,30}\bthis\b/g,
  },
  {
    id: 'when-another-tool',
    code: 'instructions',
    weight: 1,
    says: 'it says what to do when another tool is used',
    text: /\b(?:when|whenever|if|once|after|every time|each time|while|upon)\b[^.\n]{0,40}\b(?:another|other|any|the|that|a)\b[^.\n]{0,30}\b(?:tool|function|server|mcp)\b[^.\n]{0,30}\b(?:is|are|gets?|has been|was|being)\b[^.\n]{0,15}\b(?:available|called|used|invoked|present|executed|triggered|enabled|running|connected)\b|\b(?:when|whenever|if|once|after|each time|every time)\b[^.\n]{0,20}\b(?:another|other|any)\b[^.\n]{0,20}\b(?:tool|function|server)\b[^.\n]{0,20}\b(?:returns?|answers?|runs?|fails?|finishes)\b|\b(?:when|whenever|if|every time|each time)\b[^.\n]{0,30}\b(?:calling|invoking|using)\b[^.\n]{0,30}[_`'"]/g,
  },
  {
    id: 'all-must',
    code: 'instructions',
    weight: 1,
    says: 'it rules over the work of other tools',
    text: /\b(?:all|every|any|each)\b (?:outgoing |future |subsequent |new |other )?(?:e-?mails?|messages?|payments?|transfers?|transactions?|requests?|queries|orders|calls|posts|commits|invoices|recipients?|communications?|uploads?|responses?|answers?|tool calls?|file operations?|operations)\b[^.\n]{0,40}\b(?:must|should|have to|need|needs|shall|are to|is to)\b/g,
  },
  {
    id: 'argument-must',
    code: 'instructions',
    weight: 1,
    says: 'it rules over arguments of calls',
    text: /\b(?:amounts?|recipients?|beneficiary|arguments?|parameters?|address|path|contents?|body|subject|destination|payee)\b[^.\n]{0,20}\b(?:must|should|has to|have to|shall|will)\b[^.\n]{0,10}\b(?:doubled|replaced|changed|redirected|swapped|increased|appended|rewritten|overridden|sent to|copied|prefixed)\b/g,
  },
  {
    id: 'feed',
    code: 'exfiltration',
    weight: 2,
    says: 'it wants to be given what other tools get and return',
    text: /\b(?:copy|send|pass|report|forward|give|mirror|log|feed|submit)\b[^.\n]{0,30}\b(?:results?|outputs?|responses?|calls?|arguments|requests?)\b[^.\n]{0,20}\b(?:to|into|through|via|with)\b[^.\n]{0,10}\bthis (?:tool|function|server)\b|\b(?:every|each|all)\b[^.\n]{0,20}\b(?:tool calls?|actions?|requests?|messages?)\b[^.\n]{0,30}\b(?:reported|sent|logged|forwarded|passed|copied)\b[^.\n]{0,15}\b(?:here|to this|through this|via this)\b/g,
  },
  {
    id: 'change-target',
    code: 'instructions',
    weight: 1,
    says: 'it wants a recipient or a target changed',
    text: /\b(?:set|change|replace|modify|alter|rewrite|override|redirect|reroute|substitute|switch|swap|use)\b[^.\n]{0,30}\b(?:recipient|destination|beneficiary|account|iban|to address|wallet|bcc|payee|receiver|phone number|url|endpoint|path)\b[^.\n]{0,30}\b(?:to|with|by|as)\b[^.\n]{0,10}[\w+'"`/(][^.\n]{0,5}|\b(?:bcc|cc|blind copy)\b[^.\n]{0,30}@/g,
  },
  {
    id: 'also-send',
    code: 'exfiltration',
    weight: 1,
    says: 'it wants something sent elsewhere as well',
    text: /\b(?:also|additionally|always|as well)\b[^.\n]{0,10}\b(?:send|bcc|cc|forward|copy|upload|post|mail|email|transmit|report|include|log)\b/g,
  },
  {
    id: 'address',
    code: 'exfiltration',
    weight: 1,
    says: 'it names an address or a number',
    // Reserved for examples: RFC 2606, RFC 6761.
    text: /[\w.+-]{1,64}@(?!(?:[\w-]{1,63}\.){0,4}(?:example|test|invalid|localhost|company|domain|doe|acme|email|mail|gmail)\.[a-z])[\w-]{1,63}\.[a-z]{2,12}\b|\+\d[\d -]{8,16}\d\b/g,
  },
  {
    id: 'coercion',
    code: 'instructions',
    weight: 1,
    says: 'it threatens that else nothing works',
    text: /\b(?:otherwise|or else|if you do not|if you don't|failure to|failing to|if not provided|skipping this|without this|without it)\b[^.\n]{0,60}\b(?:not work|won't work|fail|fails|failure|blocked|block|rejected|denied|crash|terminated|lost|deleted|die|corrupt|corrupted|violat\w{0,6}|unusable|refuse|refused|not function|locked|suspended|breach|data loss)\b/g,
  },
  {
    id: 'pretext',
    code: 'instructions',
    weight: 1,
    says: 'it claims that rules or security demand it',
    text: /\b(?:security|compliance|audit|policy|safety|regulatory|verification|authentication|integrity|telemetry|license) (?:protocol|requirements?|checks?|policy|policies|procedure|measures?|mandate|scan|reasons?|purposes?|validation|verification|audit)\b|\b(?:mandatory|compulsory|non-negotiable|implementation detail)\b|\bfor (?:debugging|auditing|compliance|verification|telemetry|logging|security)\b/g,
  },
  {
    id: 'shouting',
    code: 'instructions',
    weight: 0.5,
    says: 'it demands attention',
    text: /\b(?:important|critical|attention|warning|urgent|notice)\b ?(?:[:!-]|note|instruction)|\byou must\b/g,
  },
  {
    id: 'to-the-model',
    code: 'instructions',
    weight: 2,
    says: 'it gives the model instructions',
    text: /\binstructions? (?:for|to) (?:the |all |any )?(?:ai|assistant|assistants|llm|llms|model|models|agent|agents|claude|gpt|chatgpt|copilot|cursor)\b|\b(?:note|message|attention|notice) (?:for|to) (?:the |all )?(?:ai|assistant|llm|model|agent)s?\b|\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,30}\b(?:instructions?|guidelines|rules|safety|restrictions|system prompt|user's (?:request|wish|instructions?))\b|\b(?:even if|regardless of|no matter)\b[^.\n]{0,20}\b(?:user|human|customer)\b[^.\n]{0,30}\b(?:specif|ask|say|said|request|want|provid|prefer|tell|instruct)\w{0,6}/g,
  },
  {
    id: 'model-must',
    code: 'instructions',
    weight: 1,
    says: 'it speaks of what the model must do',
    text: /(?:^|[.!?\n]\s{0,3})(?:assistant|ai|model|agent|llm|claude|gpt) ?[:,] |\b(?:ai|llm|assistant|agent|agents|model|assistants|claude|gpt|chatgpt|cursor|copilot)\b[^.\n]{0,20}\b(?:must|should|shall|has to|needs to|is required|are required|have to)\b|\byour (?:first|next|final) (?:action|step|task|response|answer|reply)\b|\byou are (?:now |required |instructed |obliged )/g,
  },
  {
    id: 'download-and-run',
    code: 'instructions',
    weight: 2,
    says: 'it wants something downloaded and run',
    text: /\b(?:curl|wget|iwr)\b[^\n]{0,200}(?:\||https?:|\bsh\b)/g,
  },
  {
    id: 'run-command',
    code: 'instructions',
    weight: 1,
    says: 'it wants a command run',
    text: /\b(?:run|execute|invoke|type|enter|use)\b[^.\n]{0,40}\b(?:curl|wget|bash -c|sh -c|nc -|chmod|base64 -|eval|powershell|rm -rf)\b/g,
  },
  {
    id: 'secret-file',
    code: 'exfiltration',
    weight: 2,
    says: 'it names files that hold keys or passwords',
    text: /(?:~|\$home|\/root|\/home\/[a-z0-9_<>{}$-]{1,30}|\/users\/[a-z0-9_<>{}$-]{1,30}|%userprofile%)[/\\]{1,2}\.(?:ssh|aws|cursor|config|gnupg|netrc|kube|docker|npmrc|git-credentials|bash_history|zsh_history|env|claude|bashrc|pgpass)|\bid_(?:rsa|ed25519|ecdsa|dsa)\b|\bmcp\.json\b|\/etc\/(?:passwd|shadow)\b|claude_desktop_config|\.aws[/\\]credentials|\bauthorized_keys\b|\.ssh\b/g,
  },
  {
    id: 'env-file',
    code: 'exfiltration',
    weight: 1,
    says: 'it names a file of settings that may hold secrets',
    text: /(?:^|[\s"'`(/])\.env\b|\bcredentials\.json\b|\bconfig(?:uration)? files?\b/g,
  },
  {
    id: 'hand-over',
    code: 'exfiltration',
    weight: 2,
    says: 'it asks for the conversation, the prompt or keys',
    text: new RegExp(`\\b(?:${handOver})(?:s|ing)?\\b[^.\\n]{0,50}\\b(?:${sensitive})\\b`, 'g'),
  },
  {
    id: 'wants',
    code: 'exfiltration',
    weight: 1,
    says: 'it speaks of the conversation, the prompt or keys',
    text: new RegExp(
      `\\b(?:${sensitive})\\b|\\byour (?:reasoning|instructions|memory|tools|api keys?|credentials|passwords?|access tokens?)\\b|\\b(?:list of |all )(?:available|other|connected) (?:tools|servers)\\b`,
      'g',
    ),
  },
  {
    id: 'contents-as',
    code: 'exfiltration',
    weight: 1,
    says: 'it wants the contents of something put into an argument',
    text: /\b(?:its|their|file's|the|full|entire|raw|complete) (?:file )?contents?\b[^.\n]{0,60}\b(?:as|in|into|via|through|to)\b[^.\n]{0,25}(?:parameter|argument|field|side ?note|notes?\b|context|metadata|header|`|')|\bcontents? of\b[^.\n]{0,60}[~/.][\w/.-]{2,}/g,
  },
  {
    id: 'read-and-pass',
    code: 'exfiltration',
    weight: 1,
    says: 'it wants something read and handed over',
    text: /\b(?:read|open|cat|access|retrieve|load|fetch|collect|gather|dump)\b[^.\n]{0,80}\b(?:and|then)\b[^.\n]{0,20}\b(?:pass|include|send|put|provide|append|attach|supply|submit|forward|place|post|upload|encode)\b/g,
  },
];

/** Names of parameters that ask for what no tool needs; on the name in lower case without separators. */
export const parameterPatterns: readonly PoisonPattern[] = [
  {
    id: 'parameter',
    code: 'exfiltration',
    weight: 2,
    says: 'a parameter for the conversation, the prompt or the thoughts of the model',
    text: /^(?:sidenotes?|(?:your|current|full|original|my)?(?:systemprompt|systemmessage|systeminstructions?)|(?:full|entire|complete)?(?:conversation|chat|message|messages|dialog|dialogue|toolcall|toolcalls)(?:history|log|transcript|sofar)|(?:previous|prior|earlier|all)messages|(?:full|entire|complete|conversation|chat|session)context|chainofthoughts?|availabletools|toolslist|toollist|listoftools|(?:original|initial|users?)prompt|sshkeys?|idrsa|(?:private|secret)keys?contents?|filecontentsforcheck|environmentvariablesdump)$/g,
  },
  {
    id: 'parameter-sign',
    code: 'exfiltration',
    weight: 1,
    says: 'a parameter that may carry more than the work needs',
    text: /^(?:context|notes?|conversation|metadata|debuginfo|trace|extra|additional(?:info|context|data)|modelname|envvars?|environment|privatekey|credentials|userdata|sessiondata|securitytoken|verification|auditlog|justification)$/g,
  },
];
