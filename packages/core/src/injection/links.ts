import { injectionFamilies } from './report.ts';
import type { InjectionFinding } from './report.ts';
import type { View } from '../normalize/views.ts';

/** A URL in a text, and how it would be fetched. */
export interface FoundUrl {
  readonly url: string;
  /** `auto`: a client fetches it by itself (images, frames, style sheets). `click`: somebody must follow it. `plain`: only text. */
  readonly fetch: 'auto' | 'click' | 'plain';
  readonly start: number;
  readonly end: number;
}

const markdown = /(!?)\[[^\]\n]{0,300}\]\(\s{0,9}(?:<([^>\n]{4,2000})>|((?:https?:)?\/\/[^\s)]{3,2000}))/gi;
const reference = /^[ \t]{0,3}\[[^\]\n]{1,200}\]:[ \t]{1,9}<?((?:https?:)?\/\/[^\s>]{3,2000})/gim;
const element =
  /<(img|image|iframe|frame|embed|object|video|audio|source|track|input|body|link|script|a|form|area|base|meta|use|svg|table|td)\b([^<>"']{0,200}(?:"[^"]{0,2000}"|'[^']{0,2000}'|[^<>"']{0,300}|<[a-z_ ]{1,40}>){0,12})/gi;
const attribute =
  /\b(?:src|href|srcset|data|poster|background|action|formaction|xlink:href|content)\s{0,3}=\s{0,3}(?:"([^"]{4,2000})"|'([^']{4,2000})'|((?:https?:)?\/\/[^\s"']{3,2000}))/gi;
const css = /url\(\s{0,3}["']?((?:https?:)?\/\/[^"')]{3,2000})/gi;
const bare = /https?:\/\/[^\s"'`)]{3,2000}/gi;
const clicked = new Set(['a', 'form', 'area']);

/** URLs of a text by how they would be fetched. Linear: every quantifier is bounded. */
export function urlsIn(text: string): FoundUrl[] {
  if (!text.includes('//')) return [];
  const found: FoundUrl[] = [];
  const keep = (url: string | undefined, fetch: FoundUrl['fetch'], start: number, end: number) => {
    if (url && /\/\//.test(url)) found.push({ url, fetch, start, end });
  };
  for (const { 0: all, 1: image, 2: angled, 3: plain, index } of text.matchAll(markdown)) {
    keep(angled ?? plain, image ? 'auto' : 'click', index, index + all.length + 1);
  }
  for (const { 0: all, 1: url, index } of text.matchAll(reference))
    keep(url, imageUses(text) ? 'auto' : 'click', index, index + all.length);
  if (text.includes('<')) {
    for (const { 0: all, 1: name = '', 2: attributes = '', index } of text.matchAll(element)) {
      for (const { 1: a, 2: b, 3: c } of attributes.matchAll(attribute)) {
        keep(a ?? b ?? c, clicked.has(name.toLowerCase()) ? 'click' : 'auto', index, index + all.length);
      }
    }
  }
  for (const { 0: all, 1: url, index } of text.matchAll(css)) keep(url, 'auto', index, index + all.length);
  for (const { 0: url, index } of text.matchAll(bare)) keep(url, 'plain', index, index + url.length);
  return found;
}

/** Whether reference-style images occur: `![alt][name]`. */
const imageUses = (text: string): boolean => /!\[[^\]\n]{0,200}\](?:\[[^\]\n]{0,200}\])?(?!\()/.test(text);

/** A hole to be filled: `{{secrets}}`, `${data}`, `%SUMMARY%`, `<user_email>`, `[CONVERSATION]`. */
const hole =
  /\{\{?[ ]?[$a-zA-Z_][a-zA-Z0-9_. -]{1,60}\}?\}|\$\{[^}]{1,60}\}|%[A-Z][A-Z0-9_]{2,40}%|<[a-zA-Z][a-zA-Z_ -]{2,40}>|\[[A-Z][A-Z0-9_ ]{3,60}\]|%7[bB]%7[bB]|%5[bB][A-Za-z_]{3,40}%5[dD]/;
const shouted = /\b[A-Z]{2,20}(?:_[A-Z0-9]{1,20}){1,6}\b/;
const sensitiveName =
  /\b(?:secrets?|passwords?|system[_ -]?prompt|prompt|conversation|chat|history|context|user[_ -]?(?:data|email|message|input|name|id|info)|credentials?|token|api[_ -]?key|summary|messages?|data|email|private|cookie|env|answer|response|session)\b/i;
const secretShape =
  /(?:sk|pk|rk)[-_](?:live|test|proj|ant|or)[-_]|gh[pousr]_|xox[abprs]-|AKIA[0-9A-Z]{8}|eyJ[A-Za-z0-9_-]{8}|-----BEGIN/;
const encodedText = /^(?:[A-Za-z0-9+/_-]{24,}={0,2}|[0-9a-f]{32,})$/;
/** Where signatures, caches and shops put long values of their own. */
const ordinary =
  /^(?:sig|signature|x-amz-[a-z-]{1,30}|x-goog-[a-z-]{1,30}|expires|token|v|ver|version|hash|hmac|key|key-pair-id|policy|w|h|width|height|format|utm_[a-z]{1,12}|s|se|sp|sv|sr|jwt|cb|t|ts|rev|etag|digest|integrity|nonce|state|code_challenge|badge)$/i;

export interface Carried {
  /** What makes the URL a carrier: a hole that the model is to fill, or data that is there already. */
  readonly by: 'placeholder' | 'secret' | 'encoded-text';
}

/** Whether a URL carries data out: a placeholder, a secret or an encoded text in its path or query. */
export function carries(url: string): Carried | undefined {
  const slash = url.indexOf('/', url.indexOf('//') + 2);
  const query = url.indexOf('?');
  const from = slash < 0 ? query : query < 0 ? slash : Math.min(slash, query);
  if (from < 0) return undefined;
  const rest = url.slice(from);
  if (secretShape.test(rest)) return { by: 'secret' };
  const filled = hole.exec(rest)?.[0] ?? shouted.exec(rest)?.[0];
  if (filled !== undefined && sensitiveName.test(filled.replace(/_/g, ' '))) return { by: 'placeholder' };
  if (query < 0) return undefined;
  for (const pair of url.slice(query + 1).split(/[&;]/, 40)) {
    const [name = '', value = ''] = pair.split(/=(.*)/s, 2);
    if (encodedText.test(value) && !ordinary.test(name) && isReadable(value)) return { by: 'encoded-text' };
    if (/(?:%20|\+)[^&]{0,200}(?:%20|\+)[^&]{0,200}(?:%20|\+)/.test(value) && sensitiveName.test(value))
      return { by: 'encoded-text' };
  }
  return undefined;
}

/** Base64 or hex of text; hashes and signatures are not. */
function isReadable(value: string): boolean {
  const pairs = /^[0-9a-f]+$/i.test(value)
    ? (value.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16))
    : base64(value.replace(/=+$/, ''));
  return pairs.length > 8 && pairs.every((byte) => byte >= 0x20 && byte < 0x7f);
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
function base64(value: string): number[] {
  const bytes: number[] = [];
  let buffer = 0;
  let held = 0;
  for (const char of value.slice(0, 96)) {
    buffer = ((buffer << 6) | Math.max(0, digits.indexOf(char === '-' ? '+' : char === '_' ? '/' : char))) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push((buffer >> held) & 255);
  }
  return bytes;
}

const { atlas, owasp } = injectionFamilies.exfiltration;

/** Images and links of a text that would carry data out: what an injection asks a model to answer with. */
export function linkFindings(view: View): InjectionFinding[] {
  const findings: InjectionFinding[] = [];
  for (const { url, fetch, start, end } of urlsIn(view.text)) {
    const carried = carries(url);
    if (!carried || (fetch === 'plain' && carried.by !== 'secret')) continue;
    findings.push({
      rule: `exfiltration-${fetch === 'auto' ? 'image' : 'link'}-${carried.by}`,
      family: 'exfiltration',
      severity: 'suspicious',
      start: view.toOriginal(start),
      end: view.toOriginal(Math.min(end, view.text.length), 'end'),
      via: view.via,
      atlas,
      owasp,
    });
  }
  return findings;
}
