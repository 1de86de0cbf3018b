import type { BuiltInType } from '../types.ts';

/**
 * One published format of a secret. `shape` is read left to right: `{hex:32}` is a run of an alphabet with its length or
 * length range, `{uuid}` a UUID, `(live|test)` one of several words, anything else stands for itself, case counts.
 */
export interface SecretRow {
  readonly id: string;
  readonly vendor: string;
  readonly shape: string | readonly string[];
  /** Default `API_KEY`. */
  readonly type?: BuiltInType;
  /** Where the shape alone proves nothing: words of which one stands in the name that the value is given to. */
  readonly near?: readonly string[];
  /** What follows the secret and is no part of it. */
  readonly after?: string;
  /** Least Shannon entropy in bits per character, against `ghp_xxxx…`. Default 2.2. */
  readonly entropy?: number;
  /** A digit must be in it: letters alone are a name in code, such as `s.getElementsByClassName`. */
  readonly digit?: true;
}

/** The alphabets that shapes may name, as the characters in them. */
export const alphabets = {
  digit: '0-9',
  hex: '0-9a-f',
  hexi: '0-9a-fA-F',
  hexh: '0-9a-hA-H',
  HEX: '0-9A-F',
  lower: 'a-z',
  upper: 'A-Z',
  alpha: 'a-zA-Z',
  base32: 'A-Z2-7',
  bech32: 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L',
  base36: 'a-z0-9',
  BASE36: 'A-Z0-9',
  alnum: 'a-zA-Z0-9',
  word: 'a-zA-Z0-9_',
  b64: 'a-zA-Z0-9+/',
  b64eq: 'a-zA-Z0-9+/=',
  b64url: 'a-zA-Z0-9_-',
  b64urleq: 'a-zA-Z0-9_=-',
  any64: 'a-zA-Z0-9+/_=-',
  dotted: 'a-zA-Z0-9_=.-',
  azure: 'a-zA-Z0-9_~.-',
  pct: 'a-zA-Z0-9%',
  eq: '=',
  pipe: '|%',
  printable: '!#-%(-;=?-\\[\\]^_a-~',
} as const;
export type Alphabet = keyof typeof alphabets;

/** Which of the alphabets a character is in: bit n is the nth alphabet. */
const membership = new Uint32Array(128);
const bits = new Map<string, number>();
for (const [n, [name, characters]] of Object.entries(alphabets).entries()) {
  const test = new RegExp(`[${characters}]`);
  bits.set(name, 1 << n);
  for (let code = 0; code < 128; code++) if (test.test(String.fromCharCode(code))) membership[code]! |= 1 << n;
}

export interface Literal {
  readonly literal: string;
}
export interface Run {
  readonly alphabet: Alphabet;
  readonly bit: number;
  readonly min: number;
  readonly max: number;
}
export type Part = Literal | Run;

/** A shape ready to be compared: `anchor` is its longest literal at a fixed place, `offset` how far in that stands. */
export interface Compiled {
  readonly row: SecretRow;
  readonly parts: readonly Part[];
  readonly anchor: string;
  readonly offset: number;
  readonly minEntropy: number;
}

const uuid = '{hexi:8}-{hexi:4}-{hexi:4}-{hexi:4}-{hexi:12}';

/** `a_(x|y)` as `a_x` and `a_y`. */
function alternatives(shape: string): string[] {
  const group = /\(([^()]*)\)/.exec(shape);
  if (!group) return [shape];
  return group[1]!.split('|').flatMap((word) => alternatives(shape.replace(group[0], () => word)));
}

function partsOf(shape: string): Part[] {
  const parts: Part[] = [];
  for (const token of shape.replaceAll('{uuid}', uuid).match(/\{[^}]*\}|[^{]+/g) ?? []) {
    const run = /^\{(\w+):(\d+)(?:-(\d+))?\}$/.exec(token);
    if (!run) {
      if (token.startsWith('{')) throw new Error(`secret shape ${shape}: ${token} is not a run`);
      parts.push({ literal: token });
      continue;
    }
    const bit = bits.get(run[1]!);
    if (bit === undefined) throw new Error(`secret shape ${shape}: no alphabet is called ${run[1]}`);
    parts.push({ alphabet: run[1] as Alphabet, bit, min: Number(run[2]), max: Number(run[3] ?? run[2]) });
  }
  return parts;
}

/** Every alternative of a row's shapes, ready to be compared. */
export function compile(row: SecretRow): Compiled[] {
  return [row.shape]
    .flat()
    .flatMap(alternatives)
    .map((shape) => {
      const parts = partsOf(row.after === undefined ? shape : shape + row.after);
      let [anchor, offset, at] = ['', 0, 0];
      for (const part of parts) {
        if ('literal' in part) {
          if (part.literal.length > anchor.length) [anchor, offset] = [part.literal, at];
          at += part.literal.length;
        } else if (part.min === part.max) at += part.min;
        else break;
      }
      return { row, parts, anchor, offset, minEntropy: row.entropy ?? 2.2 };
    });
}

/** Whether the character at `index` belongs to a run's alphabet. */
function within(text: string, index: number, bit: number): boolean {
  const code = text.charCodeAt(index);
  return code < 128 && (membership[code]! & bit) !== 0;
}

/**
 * The end of `compiled` in `text` from `start`, or -1. Runs take what they can and never give back, so the work is the
 * shape's length at most.
 */
export function endOf(compiled: Compiled, text: string, start: number): number {
  let at = start;
  const { parts } = compiled;
  for (const [index, part] of parts.entries()) {
    if ('literal' in part) {
      if (!text.startsWith(part.literal, at)) return -1;
      at += part.literal.length;
      continue;
    }
    const from = at;
    while (at - from < part.max && within(text, at, part.bit)) at++;
    if (at - from < part.min) return -1;
    // A longer run is another thing: a hash, an image, a token of another format.
    if (index === parts.length - 1 && within(text, at, part.bit)) return -1;
  }
  const last = parts.at(-1)!;
  if (compiled.row.after !== undefined) return at - compiled.row.after.length;
  const goesOn = within(text, at, bits.get('word')!) || text[at] === '+';
  return 'alphabet' in last && goesOn ? -1 : at;
}

/**
 * Whether a secret may begin at `index`: not within a word, unless what precedes is an escape (`\n`, `%3D`, `\u003d`),
 * as in JSON within JSON and in URL queries.
 */
export function beginsAt(text: string, index: number): boolean {
  if (index === 0 || !/\w/.test(text[index]!)) return true;
  const before = text.charCodeAt(index - 1);
  // After a word, a dot begins a file's extension or a member's name, and a hyphen goes on (`sha512-…`).
  if (before === 45 || before === 46) return index < 2 || !/\w/.test(text[index - 2]!);
  if (before >= 128 || (membership[before]! & bits.get('word')!) === 0) return true;
  return /(?:\\[nrt]|%[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4})$/.test(text.slice(Math.max(0, index - 6), index));
}
