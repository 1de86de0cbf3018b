import { bits, bitsOf } from './words.ts';
import { tokenKinds, type Tokens } from './tokens.ts';

/** What is known of a word wherever it stands. Hashes are 32-bit numbers: no feature is ever a string. */
export interface WordFacts {
  readonly lower: number;
  readonly shape: number;
  readonly suffix2: number;
  readonly suffix3: number;
  readonly suffix4: number;
  readonly prefix3: number;
  readonly bits: number;
  /** Begins with a capital letter, or holds one. */
  readonly capital: boolean;
  readonly lowerText: string;
}

export const hashOf = (text: string): number => {
  let hash = 0x81_1c_9d_c5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01_00_01_93);
  return hash;
};

/** A feature of a template: its number mixed with one or two values. */
const mixed = (template: number, one: number, two = 0): number => {
  let hash = Math.imul(template + 1, 0x9e_37_79_b1) ^ one;
  hash = Math.imul(hash ^ (hash >>> 15), 0x85_eb_ca_6b) + two;
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35);
  return hash ^ (hash >>> 16);
};

function shapeOf(word: string): string {
  let shape = '';
  let last = '';
  let run = 0;
  for (const character of word.slice(0, 32)) {
    let kind = character;
    if (/\p{Lu}/u.test(character)) kind = 'X';
    else if (/\p{L}/u.test(character)) kind = 'x';
    else if (/\p{Nd}/u.test(character)) kind = 'd';
    run = kind === last ? run + 1 : 1;
    last = kind;
    if (run <= (kind === 'd' ? 6 : 2)) shape += kind;
  }
  return shape;
}

function factsOf(word: string): WordFacts {
  const lowerText = word.toLowerCase();
  return {
    lower: hashOf(/\d/.test(lowerText) ? lowerText.replace(/\d/g, '0') : lowerText),
    shape: hashOf(shapeOf(word)),
    suffix2: hashOf(lowerText.slice(-2)),
    suffix3: hashOf(lowerText.slice(-3)),
    suffix4: hashOf(lowerText.slice(-4)),
    prefix3: hashOf(lowerText.slice(0, 3)),
    bits: bitsOf(word.slice(0, 40)),
    capital: lowerText !== word,
    lowerText,
  };
}

const edge: WordFacts = { ...factsOf(''), lower: hashOf('<edge>'), shape: hashOf('<edge>') };
const broken: WordFacts = { ...factsOf(''), lower: hashOf('<newline>'), shape: hashOf('<newline>') };

/** A text read for tagging: its tokens, and what is known of each. */
export interface Reading {
  readonly tokens: Tokens;
  readonly facts: readonly WordFacts[];
  /** Hash of the key or column that names the value a token stands in; 0 where there is none. */
  readonly fields: Int32Array;
  /** Words which the text also writes in lower case: seldom names. */
  readonly lowerSeen: ReadonlySet<string>;
  /** Capitalised words of each token's line in eighths: a heading or a list is not a sentence. */
  readonly capitals: Uint8Array;
}

/** `forget` hides what the lists say of a word, for training: a tagger that trusts its lists blindly knows no other name. */
export function readingOf(tokens: Tokens, fields: Int32Array, forget?: (token: number) => boolean): Reading {
  const known = new Map<string, WordFacts>();
  const facts: WordFacts[] = [];
  const lowerSeen = new Set<string>();
  for (let token = 0; token < tokens.count; token++) {
    if (tokens.kinds[token] === tokenKinds.newline) {
      facts.push(broken);
      continue;
    }
    const word = tokens.text.slice(tokens.starts[token], tokens.ends[token]);
    let found = known.get(word);
    if (!found) {
      found = factsOf(word);
      known.set(word, found);
      if (!found.capital) lowerSeen.add(found.lowerText);
    }
    facts.push(forget?.(token) ? { ...found, bits: found.bits & ~(bits.first | bits.last | bits.place) } : found);
  }
  return { tokens, facts, fields, lowerSeen, capitals: capitalsOf(tokens, facts) };
}

function capitalsOf({ kinds, count }: Tokens, facts: readonly WordFacts[]): Uint8Array {
  const capitals = new Uint8Array(count);
  let from = 0;
  let words = 0;
  let upper = 0;
  for (let token = 0; token <= count; token++) {
    const kind = token < count ? kinds[token] : tokenKinds.newline;
    if (kind === tokenKinds.word) {
      words++;
      if (facts[token]?.capital) upper++;
    }
    if (kind !== tokenKinds.newline) continue;
    capitals.fill(words === 0 ? 0 : 1 + Math.floor((upper / words) * 7) + (words > 6 ? 8 : 0), from, token);
    [from, words, upper] = [token + 1, 0, 0];
  }
  return capitals;
}

/** How a token touches its neighbours, and whether a sentence begins with it. */
function placing({ tokens, facts }: Reading, token: number): number {
  const { starts, ends, kinds, text, count } = tokens;
  const touchesLeft = token > 0 && ends[token - 1] === starts[token];
  const touchesRight = token + 1 < count && starts[token + 1] === ends[token];
  const left = touchesLeft ? text.charCodeAt((starts[token] ?? 1) - 1) : 0;
  const right = touchesRight ? text.charCodeAt(ends[token] ?? 0) : 0;
  const before = token === 0 ? '.' : text[starts[token - 1] ?? 0];
  const begins =
    token === 0 || kinds[token - 1] === tokenKinds.newline || (before !== undefined && '.!?'.includes(before));
  const initial = token > 1 && before === '.' && facts[token - 2]?.lowerText.length === 1;
  return (left & 0xff) | ((right & 0xff) << 8) | (begins ? 1 << 16 : 0) | (initial ? 1 << 17 : 0);
}

export const templates = 36;

/** Features of one token into `out`, `templates` of them. */
export function featuresOf(reading: Reading, token: number, out: Int32Array): void {
  const { facts, fields, lowerSeen, capitals, tokens } = reading;
  const at = (offset: number): WordFacts => facts[token + offset] ?? edge;
  const [w, l1, l2, r1, r2] = [at(0), at(-1), at(-2), at(1), at(2)];
  const place = placing(reading, token);
  const begins = (place >>> 16) & 3;
  const spelling = (w.capital && lowerSeen.has(w.lowerText) ? 1 : 0) | ((tokens.kinds[token] ?? 0) << 1);
  const field = fields[token] ?? 0;
  let index = 0;
  const add = (one: number, two = 0) => {
    out[index] = mixed(index, one, two);
    index++;
  };
  add(0);
  add(w.lower);
  add(l1.lower);
  add(r1.lower);
  add(l2.lower);
  add(r2.lower);
  add(l1.lower, w.lower);
  add(w.lower, r1.lower);
  add(l1.lower, r1.lower);
  add(l2.lower, l1.lower);
  add(r1.lower, r2.lower);
  add(w.shape, begins);
  add(l1.shape, w.shape);
  add(w.shape, r1.shape);
  add(Math.imul(l1.shape, 31) ^ w.shape, r1.shape);
  add(w.prefix3, w.capital ? 1 : 0);
  add(w.suffix2, w.capital ? 1 : 0);
  add(w.suffix3, w.capital ? 1 : 0);
  add(w.suffix4, w.capital ? 1 : 0);
  add(l1.suffix3);
  add(r1.suffix3);
  add(w.bits, w.shape);
  add(w.bits, begins | (spelling << 2));
  add(w.bits, r1.bits);
  add(l1.bits, w.bits);
  add(Math.imul(l1.bits, 31) ^ w.bits, Math.imul(r1.bits, 31) ^ r1.shape);
  add(l1.lower, w.bits);
  add(w.bits, r1.lower);
  add(place & 0xff, w.bits & 15);
  add((place >>> 8) & 0xff, w.bits & 15);
  add(spelling, begins);
  add(field, w.shape);
  add(field, w.bits);
  add(capitals[token] ?? 0, w.bits);
  add(Math.imul(l2.bits, 31) ^ l1.shape, w.shape);
  add(Math.imul(l2.bits, 31) ^ l1.bits, Math.imul(r2.bits, 31) ^ r1.bits);
}
