/** What a value looks like: random, a password, or only the place for one. */

/** Shannon entropy in bits per character. */
export function entropy(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits;
}

const standIn =
  /fake|example|placeholder|change[_-]?me|change[_-]?it|redacted|dummy|xxxx|\*{3}|\.{3}|…|^[x*._-]+$|(.)\1{7}|12345678901|abcdefghij/i;
const standInWords = new Set(
  'your insert replace enter todo fixme sample masked hidden removed here goes some'.split(' '),
);
/** `${X}`, `{{ x }}`, `<key>`, `[PASSWORD]`, `%X%`, `@x@`, `$X`, `$(cmd)`, `#{x}`. */
const template =
  /^(?:\$[({]|\$\w+$|\{\{|\$?\{[\w .:-]{0,60}\}$|<[^<>]{0,80}>?$|\[[\w .-]{0,60}\]$|%\w{1,40}%$|%\(\w{1,40}\)s|ENC\[|\$ANSIBLE_VAULT|@\w{1,40}@$|#\{|\\?\$\\?\{)/;
const reference =
  /^(?:process\.env|os\.|env[.([]|ENV\[|getenv|System\.|secrets?[.[]|vars?[.[]|config[.[(]|settings[.[]|self\.|this\.|props\.|params[.[]|args[.[]|opts?\.|options\.|req(?:uest)?\.|ctx\.|data\.|local\.|module\.|vault:|op:\/\/|arn:|projects\/|ssm:|ref\+|file:|keyring:|!(?:Ref|Sub|GetAtt|secret|env))/i;
const place =
  /^(?:[a-z][\w+.-]{0,20}:\/\/|\.{0,2}\/[\w.-]|~\/|[A-Z]:\\)|\.(?:pem|key|json|ya?ml|toml|txt|crt|cer|p12|pfx|jks|js|ts|py|go|rs|rb|java|cs|php|html?|css|png|jpe?g|svg|gif|sh|md|com|org|net|io|dev|local|internal)(?::\d{1,5})?$/i;
const path = /^[A-Za-z_$][\w$]{0,60}(?:(?:\.|->|::|\?\.)[A-Za-z_$][\w$]{0,60}){1,8}(?:[([].{0,200})?$/;
const call = /^!?[\w$.:>-]{1,80}\(|\)$|^[[({/|]|^!\w{3,}$|^\w{1,40}\[\w{0,20}\]?$|\?\.|\|\||&&|=>/;

/** Whether the value only marks where a secret goes: a template, a variable, a documentation example. */
export function isStandIn(value: string): boolean {
  if (template.test(value) || reference.test(value) || standIn.test(value)) return true;
  if (/^(?:your|my)[A-Z_-]/.test(value)) return true;
  return value
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .some((word) => standInWords.has(word));
}

/** The same of a value that has a published format: random characters may spell a short word by chance. */
export function isFiller(value: string): boolean {
  return /(.)\1{7}|x{6}|12345678901|abcdefghij|example|your[_-]|\.{3}/i.test(value);
}

/** Whether the value is code or a place rather than text: a property, a call, a path, a host name. */
export function isCode(value: string, quoted: boolean): boolean {
  if (place.test(value)) return true;
  return !quoted && (path.test(value) || call.test(value));
}

/** The letters-only pieces of a value, camel case taken apart, in lower case. */
function words(value: string): string[] {
  return value
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter(Boolean);
}

const shortPiece = /^(?:[a-z]{1,30}|[A-Z]{1,8}|v?\d{1,4}|[a-z]{2,12}\d{1,2})$/;

/** Words in one, `CancellationToken`, `X509Options`: long stretches of one case and hardly a digit. */
function isSpelled(piece: string): boolean {
  const stretches = piece.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? [];
  const letters = stretches.reduce((sum, stretch) => sum + stretch.length, 0);
  return letters >= piece.length - 4 && letters >= stretches.length * 4.5;
}

/** Names and words with numbers, `my-service-v2`, `gpt-4o-mini`, `Key128Bit`, against what a generator made. */
export function isWordy(value: string): boolean {
  const pieces = value.split(/[-_./:+=@~%\s]+/).filter(Boolean);
  if (pieces.length <= 1) return isSpelled(value);
  const others = pieces.filter((piece) => !shortPiece.test(piece) && !isSpelled(piece));
  return others.length <= 1 && (others[0]?.length ?? 0) < 12;
}

/** Letters whose case changes as by chance. */
function isMixed(value: string): boolean {
  let changes = 0;
  for (let i = 1; i < value.length; i++) {
    const [a, b] = [value[i - 1]!, value[i]!];
    if (/[a-z]/.test(a) && /[A-Z0-9]/.test(b)) changes++;
    else if (/[A-Z]/.test(a) && !/[A-Z0-9]/.test(b)) changes++;
    else if (/\d/.test(a) && /[a-zA-Z]/.test(b)) changes++;
  }
  return changes >= value.length * 0.25;
}

const uuidText = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export function isUuid(value: string): boolean {
  return uuidText.test(value);
}

/** Whether a generator made it: long enough, letters and digits, as much entropy as chance gives. */
export function isRandom(value: string, least: number): boolean {
  if (value.length < least || !/^[\w.=+/~@%:-]+$/.test(value)) return false;
  if (isUuid(value) || /^\d+$/.test(value) || /^[\d.:-]+$/.test(value)) return false;
  if (/^[0-9a-f]+$/i.test(value)) return value.length >= 16 && entropy(value) >= 2.7;
  if (!/\d/.test(value)) return value.length >= 20 && isMixed(value) && entropy(value) >= 3.8 && !isWordy(value);
  return entropy(value) >= (value.length < 16 ? 2.8 : 3.2) && !isWordy(value);
}

/** Three kinds of characters at once, symbols among them, as people and managers make passwords. */
export function isStrong(value: string): boolean {
  if (value.length < 8 || /\s/.test(value) || isUuid(value)) return false;
  const symbols = value.match(/[^A-Za-z0-9._:/-]/g)?.length ?? 0;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/].filter((kind) => kind.test(value)).length;
  return symbols > 0 && kinds + Math.min(symbols, 2) >= 3;
}

const plainWords = new Set(
  (
    'password passwd pass pwd passphrase secret token key string str text varchar char hidden type required optional ' +
    'true false null nil none undefined empty yes no on off field input user username admin root login test any ' +
    'object number bool boolean bytes unknown void the is and or not new old current confirm confirmation repeat hash ' +
    'encrypted plain label name reset forgot change update invalid incorrect wrong missing expired must please enter ' +
    'db database redis postgres mysql app api auth default basic bearer'
  ).split(' '),
);

/** What is said to people about passwords, in the quotes where one might stand. */
const messageWords = new Set(
  'password passwd passphrase please enter your you must invalid incorrect required is are should cannot contain at least characters forgot reset confirm new current'.split(
    ' ',
  ),
);

/** Whether the value may be a password that stands in a place for one. */
export function isPassword(value: string, form: { quoted: boolean; assigned: boolean }): boolean {
  if (value.length < 4 || value.length > 200 || !/[\p{L}\p{N}]/u.test(value)) return false;
  const spoken = words(value);
  if (/^[A-Za-z_\s-]+$/.test(value) && spoken.every((word) => plainWords.has(word))) return false;
  if (/\s/.test(value)) {
    if (!form.quoted || !form.assigned || !/^[\p{L}\p{N}][\p{L}\p{N} '_-]+$/u.test(value)) return false;
    return !spoken.some((word) => messageWords.has(word));
  }
  if (!/^[\p{L}_-]+$/u.test(value)) return !/^0x[0-9a-fA-F]{1,8}$/.test(value);
  // Letters alone: a word in quotes, or case that no identifier has.
  const spelled = value.split(/[_-]/).every((piece) => /^\p{Lu}*$/u.test(piece) || isSpelled(piece));
  return spelled ? form.quoted && value.length >= 5 && !/\p{Ll}\p{Lu}/u.test(value) : value.length >= 8;
}
