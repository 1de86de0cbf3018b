import { Suspicion } from './suspicion.ts';
import { viewsOf, type View } from './views.ts';

const placeholder = '[credential]';
/** No value is shorter, so a text has a secret in it only where the last units of one stand. */
const tail = 6;
const base = 0x01000193;
const highest = Array.from({ length: tail - 1 }).reduce<number>((power) => Math.imul(power, base), 1);
/** How many units of patterns may be compared for each unit of a text, before all of it is left out. */
const patience = 64;
/** All patterns are sorted anew when some have ended: not for each that does. */
const leastSortMs = 60_000;

interface Known {
  /** Milliseconds since the epoch; Infinity for what may come back. */
  readonly until: number;
  readonly patterns: readonly string[];
}

/**
 * Takes secrets out of texts, in whatever form whoever echoes them may have put them: as they are, in base64 at each of its
 * three alignments, in hex, and all of these with the escapes of JSON, addresses, HTML and quoted-printable. In linear time.
 */
export class Mask {
  readonly #known = new Map<string, Known>();
  /** Patterns by the hash of their last units. */
  readonly #byTail = new Map<number, string[]>();
  /** Whether any pattern ends with this hash, cut to 16 bits. */
  readonly #mayEnd = new Uint8Array(65_536);
  readonly #suspicion = new Suspicion();
  readonly #now: () => number;
  #nextExpiry = Infinity;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param until milliseconds since the epoch, after which it is worth nothing and taken out no more */
  add(value: string, until = Infinity): void {
    if (value.length < tail) return;
    this.#expire();
    const known = this.#known.get(value);
    if (known && known.until >= until) return;
    const patterns = known?.patterns ?? patternsOf(value);
    this.#known.set(value, { until, patterns });
    this.#nextExpiry = Math.min(this.#nextExpiry, until);
    if (!known) for (const pattern of patterns) this.#index(pattern);
  }

  mask(text: string): string {
    if (this.#byTail.size === 0 || text.length < tail) return text;
    const suspected = this.#suspicion.of(text);
    if (suspected === 'nothing') return text;
    // Each place counts how many secrets begin there, less how many end.
    const changes = new Int32Array(text.length + 1);
    const budget = { left: patience * text.length + 1_000_000, found: false };
    for (const view of viewsOf(text, suspected)) {
      this.#scan(view, changes, budget);
      // Nobody writes such texts but to keep us busy.
      if (budget.left < 0) return placeholder;
    }
    return budget.found ? withoutMarked(text, changes) : text;
  }

  #scan(view: View, changes: Int32Array, budget: { left: number; found: boolean }): void {
    const text = folded(view.text);
    let hash = 0;
    for (let end = 0; end < text.length; end += 1) {
      if (end >= tail) hash = (hash - Math.imul(text.charCodeAt(end - tail), highest)) | 0;
      hash = (Math.imul(hash, base) + text.charCodeAt(end)) | 0;
      if (end < tail - 1 || this.#mayEnd[shortOf(hash)] === 0) continue;
      for (const pattern of this.#byTail.get(hash) ?? []) {
        const start = end + 1 - pattern.length;
        budget.left -= pattern.length;
        if (budget.left < 0) return;
        if (start < 0 || !text.startsWith(pattern, start)) continue;
        const from = view.starts?.[start] ?? start;
        const to = view.ends?.[end] ?? end + 1;
        changes[from] = (changes[from] ?? 0) + 1;
        changes[to] = (changes[to] ?? 0) - 1;
        budget.found = true;
      }
    }
  }

  #index(pattern: string): void {
    const hash = hashOf(pattern.slice(-tail));
    const same = this.#byTail.get(hash);
    if (!same) this.#byTail.set(hash, [pattern]);
    else if (!same.includes(pattern)) same.push(pattern);
    this.#mayEnd[shortOf(hash)] = 1;
    this.#suspicion.learn(pattern);
  }

  #expire(): void {
    const now = this.#now();
    if (now < this.#nextExpiry) return;
    this.#nextExpiry = Infinity;
    this.#byTail.clear();
    this.#mayEnd.fill(0);
    this.#suspicion.clear();
    for (const [value, { until, patterns }] of this.#known) {
      if (until <= now) this.#known.delete(value);
      else {
        this.#nextExpiry = Math.min(this.#nextExpiry, until);
        for (const pattern of patterns) this.#index(pattern);
      }
    }
    this.#nextExpiry = Math.max(this.#nextExpiry, now + leastSortMs);
  }
}

/** One case for ASCII: hex and percent escapes are written in either, and headers are folded by some. */
const folded = (text: string): string => text.replaceAll(/[A-Z]+/g, (upper) => upper.toLowerCase());
const shortOf = (hash: number): number => (hash ^ (hash >>> 16)) & 0xffff;

function hashOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (Math.imul(hash, base) + text.charCodeAt(at)) | 0;
  return hash;
}

function patternsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value, 'utf8');
  const forms = [
    value,
    // As a text looks of which the bytes were undone and not the characters.
    bytes.toString('latin1'),
    value.replaceAll(/\s+/g, ''),
    bytes.toString('hex'),
    ...[0, 1, 2].flatMap((alignment) => base64At(alignment, bytes)),
  ];
  return [...new Set(forms.map(folded))].filter((form) => form.length >= tail);
}

/** The characters of base64 that the bytes alone decide, when `alignment` bytes stand before them: both alphabets. */
function base64At(alignment: number, bytes: Buffer): readonly string[] {
  const text = Buffer.concat([Buffer.alloc(alignment), bytes]).toString('base64');
  const from = Math.ceil((alignment * 8) / 6);
  const to = Math.floor(((alignment + bytes.length) * 8) / 6);
  const decided = text.slice(from, to);
  return [decided, decided.replaceAll('+', '-').replaceAll('/', '_')];
}

function withoutMarked(text: string, changes: Int32Array): string {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const before = depth;
    depth += changes[at] ?? 0;
    if (before === 0 && depth > 0) parts.push(text.slice(from, at), placeholder);
    if (depth === 0 && before > 0) from = at;
  }
  parts.push(text.slice(from));
  return parts.join('');
}
