import type { SensitiveMatch } from '../types.ts';

const header = /-{4,5} ?BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)? ?-{4,5}/iy;
const footer = /-{4,5} ?END[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)? ?-{4,5}/iy;
const gap = /(?:\s|\\[nr]|["'+,>|#]){0,40}/y;
const line = /[A-Za-z-]{4,20}: [^\n\\]{1,80}|[A-Za-z0-9+/=]{16,}|[A-Za-z0-9+/=]{2,}(?=\s|\\|["']|$)/y;

/** The private key whose BEGIN line is at `index` (RFC 7468, RFC 4716, OpenPGP armour), whole or cut off. */
export function privateKeyAt(text: string, index: number): SensitiveMatch | undefined {
  header.lastIndex = index;
  if (!header.test(text)) return undefined;
  const start = header.lastIndex;
  const dashes = text.indexOf('----', start);
  footer.lastIndex = dashes < 0 ? text.length : dashes;
  const end = footer.test(text) ? footer.lastIndex : linesFrom(text, start);
  const letters = text.slice(start, Math.min(end, start + 400)).match(/[A-Za-z0-9+/]/g)?.length ?? 0;
  if (letters < 40) return undefined;
  return { type: 'PRIVATE_KEY', start: index, end, rule: 'private-key', certainty: 'secret' };
}

/** `Private-Lines:` of a PuTTY key file. */
export function puttyKeyAt(text: string, index: number): SensitiveMatch | undefined {
  const start = index + 'private-lines:'.length;
  const count = /[ \t]{0,3}\d{1,3}/y;
  count.lastIndex = start;
  if (!count.test(text)) return undefined;
  const end = linesFrom(text, count.lastIndex);
  if (end - start < 60) return undefined;
  return { type: 'PRIVATE_KEY', start: index, end, rule: 'putty-private-key', certainty: 'secret' };
}

/** To the end of the base64 lines: what a log or a context window leaves of a key is still most of the key. */
function linesFrom(text: string, start: number): number {
  let end = start;
  for (;;) {
    gap.lastIndex = end;
    gap.test(text);
    line.lastIndex = gap.lastIndex;
    if (!line.test(text)) return end;
    end = line.lastIndex;
  }
}
