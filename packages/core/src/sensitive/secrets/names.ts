/** What the name that a value is given to says about the value. */
export type NameKind =
  /** Any value but a stand-in. */
  | 'password'
  /** What looks generated, or strong. */
  | 'secret'
  /** What is long and surely generated. */
  | 'weak';

const passwords = new Set(
  'password passwd passwort pwd pswd passphrase passcode passwords passe parola haslo heslo kennwort senha contrasena motdepasse wachtwoord userpassword dbpassword rootpassword'.split(
    ' ',
  ),
);
const tokens = new Set(
  'token apikey accesskey secretkey authtoken accesstoken privatekey clientsecret authkey apitoken apisecret refreshtoken bearer sessionkey licensekey hapikey pat'.split(
    ' ',
  ),
);
const keyQualifiers = new Set(
  'api access secret private auth encryption encrypt signing sign master account storage shared service license client deploy write admin app application consumer webhook integration root session ssh hmac aes developer subscription server read ingest personal x'.split(
    ' ',
  ),
);
/** Words that make it a name of something else: a count, a place, a public half, a database's or keyboard's key. */
const otherThings = new Set(
  (
    'length size type types url uri endpoint path file filename dir directory hash hashed digest fingerprint checksum sha md5 ' +
    'public pub publishable primary foreign partition sort cache row csrf xsrf antiforgery page next prev cursor continuation count ' +
    'limit max min total usage used expiry expires expiration ttl policy regex pattern reset field label hint prompt ' +
    'strength algorithm alg version format ring board code codes frame press down up event index idx map column vault ' +
    'pair alias store enabled required present forgot change placeholder error message invalid verify ' +
    'authenticity websocket idempotency dedup message locale i18n translation object sequence natural hot etag nonce window bucket prefix suffix ' +
    'selector credentialsid withcredentials name names var variable reference ref arn manager'
  ).split(' '),
);

/** `githubApiToken1` as `github api token`, `contraseña` as `contrasena`. */
export function wordsOf(name: string): string[] {
  return name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]{1,40})([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
}

export function isKeyQualifier(word: string): boolean {
  return keyQualifiers.has(word);
}

/** Whether a name is that of something kept about a secret and not of the secret. */
function isOtherThing(words: readonly string[]): boolean {
  const last = words.at(-1);
  if (last === 'id' || last === 'ids') return true;
  return words.some((word) => otherThings.has(word));
}

/** What vendors' systems count and hash, in names where no word says secret. */
const objects = new Set(
  'commit revision rev branch tag build image integrity trace span request job run pipeline project workspace team org organization region zone host user device order'.split(
    ' ',
  ),
);
const credentialIds = new Set(['client', 'access', 'api', 'key', 'secret', 'account']);

/** Whether the words beside a vendor's say that the value is one of its objects, and no secret. */
export function isOfObject(others: readonly string[]): boolean {
  if (others.at(-1) === 'id') {
    const rest = others.slice(0, -1);
    return rest.length > 0 && !rest.some((word) => credentialIds.has(word));
  }
  return isOtherThing(others) || (kindOf(others) === undefined && others.some((word) => objects.has(word)));
}

/** What a value under this name may be, or undefined where the name says nothing. */
export function kindOf(all: readonly string[]): NameKind | undefined {
  const words = all.map((word) => word.replace(/\d+$/, '')).filter(Boolean);
  if (isOtherThing(words)) return undefined;
  if (words.some((word) => passwords.has(word))) return 'password';
  const last = words.at(-1);
  if ((last === 'pass' || last === 'pw') && words.length > 1) return 'password';
  if (words.some((word) => word.startsWith('secret') || tokens.has(word))) return 'secret';
  const key = words.lastIndexOf('key');
  if (key > 0) return words.slice(0, key).some((word) => keyQualifiers.has(word)) ? 'secret' : 'weak';
  if (
    words.some((word) =>
      /^(?:credentials?|creds|auth|authorization|session|(?:j|asp)?sessionid|phpsessid|pass|sid)$/.test(word),
    )
  )
    return 'weak';
  return undefined;
}
