import { classOf, runsOf } from './decoder.ts';
import { looksLikeText } from './judge.ts';
import type { Decoder, Piece } from './decoder.ts';

const utf8 = new TextDecoder('utf-8');

/** An alphabet in which every character carries the same number of bits (RFC 4648 and its like). */
interface Base {
  readonly name: string;
  readonly bits: number;
  /** Runs of the alphabet; not shorter than what could matter. */
  readonly run: RegExp;
  readonly value: Int16Array;
}

function valuesOf(alphabet: string, more: Readonly<Record<string, number>> = {}): Int16Array {
  const value = new Int16Array(128).fill(-1);
  for (let i = 0; i < alphabet.length; i++) value[alphabet.charCodeAt(i)] = i;
  for (const [char, each] of Object.entries(more)) value[char.charCodeAt(0)] = each;
  return value;
}

const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const bases: readonly Base[] = [
  {
    name: 'base64',
    bits: 6,
    run: /[A-Za-z0-9+/_-]{16,}/g,
    value: valuesOf(`${upper}${upper.toLowerCase()}0123456789+/`, { '-': 62, _: 63 }),
  },
  {
    name: 'base32',
    bits: 5,
    run: /[A-Z2-7]{16,}|[a-z2-7]{16,}/g,
    value: valuesOf(`${upper}234567`, Object.fromEntries(Array.from(upper.toLowerCase()).map((char, i) => [char, i]))),
  },
  {
    name: 'hex',
    bits: 4,
    run: /[0-9a-fA-F]{16,}/g,
    value: valuesOf('0123456789abcdef', { A: 10, B: 11, C: 12, D: 13, E: 14, F: 15 }),
  },
  { name: 'binary', bits: 1, run: /[01]{32,}/g, value: valuesOf('01') },
];

function bytesOf(run: string, { bits, value }: Base): Uint8Array {
  const bytes = new Uint8Array((run.length * bits) >> 3);
  let buffer = 0;
  let held = 0;
  let length = 0;
  for (let i = 0; i < run.length; i++) {
    const each = value[run.charCodeAt(i)] ?? -1;
    if (each < 0) continue;
    buffer = ((buffer << bits) | each) & 0xffff;
    held += bits;
    if (held < 8) continue;
    held -= 8;
    bytes[length++] = (buffer >> held) & 255;
  }
  return bytes.subarray(0, length);
}

/** Bytes as text: UTF-8, or UTF-16 of Latin letters; nothing where it is neither. */
export function textOfBytes(bytes: Uint8Array): string | undefined {
  if (bytes.length < 4) return undefined;
  const wide = bytes[1] === 0 || bytes[0] === 0;
  const kept = wide ? bytes.filter((byte) => byte !== 0) : bytes;
  const end = endOfText(kept);
  if (end < 4 || end < kept.length - 3) return undefined;
  const text = utf8.decode(kept.subarray(0, end));
  return looksLikeText(text) ? text : undefined;
}

/** How far bytes are UTF-8 without control characters: most runs (names, paths, hashes) end at once. */
function endOfText(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at] ?? 0;
    const more = byte < 0x80 ? 0 : byte < 0xc2 ? -1 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : byte < 0xf5 ? 3 : -1;
    if (more < 0 || byte < 9 || byte === 0x7f || (byte > 13 && byte < 32)) return at;
    for (let i = 1; i <= more; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return at;
    at += more + 1;
  }
  return bytes.length;
}

interface Run {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const separators = /^(?:[\s"'+,\\|>*#=]|\\[nr]){1,12}$/;
/** Runs that only line ends, quotes and the like hold apart: wrapped or indented lines. */
function grouped(text: string, runs: readonly Run[]): Run[][] {
  const groups: Run[][] = [];
  for (const run of runs) {
    const group = groups.at(-1);
    const end = group?.at(-1)?.end ?? -100;
    if (group && run.start - end <= 12 && separators.test(text.slice(end, run.start))) group.push(run);
    else groups.push([run]);
  }
  return groups;
}

/** What a group says as one text, or else each of its runs that says something. */
function readGroup(text: string, group: readonly Run[], base: Base): Piece[] {
  const [first] = group;
  const last = group.at(-1);
  if (!first || !last) return [];
  const whole = { text: group.map((run) => run.text).join(''), start: first.start, end: last.end };
  const read = readFirst(withTail(text, whole, base), base);
  if (read || group.length === 1) return read ? [read] : [];
  return group.map((run) => readFirst(run, base)).filter((piece) => piece !== undefined);
}

function readFirst(run: Run, base: Base): Piece | undefined {
  for (const { text, start, end } of partsOf(run)) {
    const read = readRun(text, base);
    if (read !== undefined) return { text: read, start, end };
  }
  return undefined;
}

const runChars = classOf(/[A-Za-z0-9+/_-]/);
/** Every alphabet's runs lie in these; looked for once for all of them. */
let lastRuns: { readonly of: string; readonly runs: readonly Run[] } = { of: '', runs: [] };
function longRuns(text: string): readonly Run[] {
  if (lastRuns.of === text) return lastRuns.runs;
  const runs = runsOf(text, runChars, 16);
  lastRuns = { of: text, runs };
  return runs;
}

function decodeBase(base: Base): (text: string) => Piece[] {
  return (text) => {
    const runs: Run[] = [];
    const longer = longRuns(text);
    if (longer.length === 0) return [];
    for (const long of longer) {
      for (const { 0: run, index } of long.text.matchAll(base.run)) {
        const start = long.start + index;
        runs.push({ text: run, start, end: start + run.length });
      }
    }
    return grouped(text, runs).flatMap((group) => readGroup(text, group, base));
  };
}

function withTail(text: string, run: Run, { value }: Base): Run {
  const gap = /^(?:\r?\n|\\n)[ \t>*#]{0,8}/.exec(text.slice(run.end, run.end + 12))?.[0];
  if (gap === undefined) return run;
  let end = run.end + gap.length;
  while (end < text.length && (value[text.charCodeAt(end)] ?? -1) >= 0 && end - run.end < 100) end++;
  const after = text.charCodeAt(end);
  const isLine = end >= text.length || after === 0x3d || after <= 0x20 || after === 0x5c || after === 0x22;
  return isLine ? { text: run.text + text.slice(run.end + gap.length, end), start: run.start, end } : run;
}

/** The run as it stands, without a tail that a line of prose added, and its parts: a path or a name may hang on before it. */
function* partsOf(run: Run): Generator<Run> {
  yield run;
  const cut = Math.max(run.text.lastIndexOf('/', 200), run.text.lastIndexOf('_', 60));
  if (cut >= 0 && run.text.length - cut > 12) yield { text: run.text.slice(cut + 1), start: run.start, end: run.end };
}

function readRun(run: string, base: Base): string | undefined {
  const even = base.bits === 4 && run.length % 2 === 1 ? run.slice(run.startsWith('0') ? 1 : 0) : run;
  const text = textOfBytes(bytesOf(even, base));
  if (text !== undefined || base.bits !== 6) return text;
  const words = run.slice(0, run.length - (run.length % 4));
  return words.length < run.length && words.length >= 12 ? textOfBytes(bytesOf(words, base)) : undefined;
}

/** ASCII85 between its marks, as PostScript and Python write it. */
const ascii85: Decoder = {
  name: 'ascii85',
  decode(text) {
    const pieces: Piece[] = [];
    if (!text.includes('<~')) return pieces;
    for (const { 0: whole, index } of text.matchAll(/<~[!-uz\s]{8,20000}~>/g)) {
      const digits = whole.slice(2, -2).replace(/\s/g, '').replaceAll('z', '!!!!!');
      const bytes: number[] = [];
      for (let i = 0; i < digits.length; i += 5) {
        const group = digits.slice(i, i + 5);
        let number = 0;
        for (const digit of group.padEnd(5, 'u')) number = number * 85 + digit.charCodeAt(0) - 33;
        for (let j = 0; j < group.length - 1; j++) bytes.push(Math.floor(number / 256 ** (3 - j)) & 255);
      }
      const read = textOfBytes(Uint8Array.from(bytes));
      if (read !== undefined) pieces.push({ text: read, start: index, end: index + whole.length });
    }
    return pieces;
  },
};

const base58Digits = valuesOf('123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz');
/** Base58 is one large number: quadratic, so only runs up to 256 characters, and few of them. */
const base58: Decoder = {
  name: 'base58',
  decode(text) {
    const pieces: Piece[] = [];
    let tries = 0;
    for (const { text: run, start: index } of longRuns(text)) {
      if (!/^[1-9A-HJ-NP-Za-km-z]{20,256}$/.test(run)) continue;
      if (!/[0-9]/.test(run) || !/[A-Z]/.test(run) || !/[a-z]/.test(run)) continue;
      if (++tries > 20) break;
      let number = 0n;
      for (let i = 0; i < run.length; i++) number = number * 58n + BigInt(base58Digits[run.charCodeAt(i)] ?? 0);
      const hex = number.toString(16);
      const read = textOfBytes(
        Uint8Array.from((hex.length % 2 ? `0${hex}` : hex).match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)),
      );
      if (read !== undefined) pieces.push({ text: read, start: index, end: index + run.length });
    }
    return pieces;
  },
};

export const baseDecoders: readonly Decoder[] = [
  ...bases.map((base) => ({ name: base.name, decode: decodeBase(base) })),
  ascii85,
  base58,
];
