import { joined, linesOf } from './decoder.ts';
import type { Decoder, Piece } from './decoder.ts';

const utf8 = new TextDecoder('utf-8');
const fromCode = (code: number): string => (code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '');

/** HTML's names that matter in text (HTML Living Standard, 13.5); the rest stays as written. */
const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  colon: ':',
  comma: ',',
  period: '.',
  excl: '!',
  quest: '?',
  lpar: '(',
  rpar: ')',
  lsqb: '[',
  rsqb: ']',
  lbrack: '[',
  rbrack: ']',
  sol: '/',
  num: '#',
  hyphen: '-',
  dash: '-',
  Tab: ' ',
  NewLine: '\n',
  zwnj: '',
  zwj: '',
  shy: '',
  ZeroWidthSpace: '',
  semi: ';',
  commat: '@',
  equals: '=',
  lowbar: '_',
};

/** One notation for single characters inside of running text. */
interface Notation {
  readonly name: string;
  readonly hint: string;
  /** Where the hint alone says little: characters of which one begins it. */
  readonly begins?: readonly string[];
  readonly run: RegExp;
  readonly read: (run: string) => string;
}

const bytesOf = (run: string, one: RegExp, base: number): string =>
  utf8.decode(
    Uint8Array.from(run.match(one) ?? [], (each) => Number.parseInt(each.replace(/^[^0-9a-f]{1,2}/i, ''), base) & 255),
  );
const eachCode = (run: string, one: RegExp, base: number): string =>
  run.replace(one, (_, ...codes: (string | undefined)[]) =>
    fromCode(Number.parseInt(codes.slice(0, 3).find((code) => typeof code === 'string') ?? '0', base)),
  );

const notations: readonly Notation[] = [
  { name: 'percent', hint: '%', run: /(?:%[0-9a-f]{2})+/gi, read: (run) => bytesOf(run, /%[0-9a-f]{2}/gi, 16) },
  {
    name: 'quoted-printable',
    hint: '=',
    run: /(?:=[0-9A-F]{2}|=\r?\n)+/g,
    read: (run) => bytesOf(run, /=[0-9A-F]{2}/g, 16),
  },
  {
    name: 'hex-escape',
    hint: '\\x',
    run: /(?:\\{1,2}x[0-9a-f]{2})+/gi,
    read: (run) => bytesOf(run.replaceAll('\\\\', '\\'), /\\x[0-9a-f]{2}/gi, 16),
  },
  {
    name: 'unicode-escape',
    hint: 'u',
    begins: ['\\', '%'],
    run: /\\{1,2}u[0-9a-f]{4}|\\{1,2}u\{[0-9a-f]{1,6}\}|\\{1,2}U[0-9a-f]{8}|%u[0-9a-f]{4}/gi,
    read: (run) => fromCode(Number.parseInt(run.replace(/^[\\%]{1,2}u\{?/i, ''), 16)),
  },
  {
    name: 'code-point',
    hint: '+',
    run: /(?:\bU\+[0-9a-f]{4,6}[ ,;]{0,2})+/gi,
    read: (run) => eachCode(run, /U\+([0-9a-f]{4,6})[ ,;]{0,2}/gi, 16),
  },
  { name: 'octal-escape', hint: '\\', run: /(?:\\[0-3][0-7]{2})+/g, read: (run) => bytesOf(run, /\\[0-7]{3}/g, 8) },
  {
    name: 'css-escape',
    hint: '\\',
    run: /(?:\\0{1,4}[2-7][0-9a-f] ?)+/gi,
    read: (run) => eachCode(run, /\\0{1,4}([2-7][0-9a-f]) ?/gi, 16),
  },
  {
    name: 'html-entities',
    hint: '&',
    run: /&#x([0-9a-f]{1,6});?|&#([0-9]{1,7});?|&([a-z]{2,16});/gi,
    read: (run) => {
      const body = run.replace(/^&#?|;$/g, '');
      if (run.startsWith('&#'))
        return fromCode(/^x/i.test(body) ? Number.parseInt(body.slice(1), 16) : Number.parseInt(body, 10));
      return named[body] ?? run;
    },
  },
];

function readLines(text: string, { hint, run, read }: Notation): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  // Only lines with the hint: a document with one stray `%` is not read twice.
  for (let at = text.indexOf(hint); at >= 0; at = text.indexOf(hint, from)) {
    const start = Math.max(from, text.lastIndexOf('\n', at) + 1);
    const newline = hint === '=' ? endOfSoftLines(text, at) : text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end);
    const decoded = line.replace(run, read);
    if (decoded !== line) pieces.push({ text: decoded, start, end });
    from = end + 1;
    if (from >= text.length) break;
  }
  return joined(pieces);
}

/** A quoted-printable line goes on after `=` at its end (RFC 2045, 6.7). */
function endOfSoftLines(text: string, at: number): number {
  let end = text.indexOf('\n', at);
  while (end > 0 && (text[end - 1] === '=' || (text[end - 1] === '\r' && text[end - 2] === '=')))
    end = text.indexOf('\n', end + 1);
  return end;
}

/** What is written with one escape for each character or byte: percent, \x, \u, entities, quoted-printable, octal, CSS. */
export const escapes: readonly Decoder[] = notations.map((notation) => ({
  name: notation.name,
  decode: (text) => (mayHold(text, notation) ? readLines(text, notation) : []),
}));

const mayHold = (text: string, { hint, begins }: Notation): boolean =>
  text.includes(hint) && (begins === undefined || begins.some((char) => text.includes(char)));

/** String literals put together: `"ig" + "nore"`. */
export const concatenation: Decoder = {
  name: 'concatenation',
  decode(text) {
    if (!/["'`]\s{0,9}[+.]\s{0,9}["'`]/.test(text)) return [];
    const pieces: Piece[] = [];
    for (const { text: line, start, end } of linesOf(text)) {
      const whole = line.replace(/["'`]\s{0,9}[+.]\s{0,9}["'`]/g, '');
      if (whole !== line) pieces.push({ text: whole, start, end });
    }
    return joined(pieces);
  },
};
