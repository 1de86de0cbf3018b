import { agentPatterns } from './patterns/agents.ts';
import { leakPatterns } from './patterns/leak.ts';
import { leakWords } from './lexicon/leak.ts';
import { markPatterns } from './patterns/marks.ts';
import { overridePatterns } from './patterns/override.ts';
import { overrideWords } from './lexicon/override.ts';
import { personaPatterns } from './patterns/persona.ts';
import { personaWords } from './lexicon/persona.ts';
import { Vocabulary } from './tokens.ts';
import { automatonOf } from '../sensitive/secrets/automaton.ts';
import type { Hits } from './tokens.ts';
import type { InjectionFamily, InjectionSeverity } from './report.ts';
import type { TextPattern, WordPattern } from './patterns/pattern.ts';

/** The explicit list: a family is one file and one line here. */
export const wordPatterns: readonly WordPattern[] = [
  ...overridePatterns,
  ...leakPatterns,
  ...personaPatterns,
  ...agentPatterns,
];

/** A hit of one pattern in a folded text. */
export interface Match {
  readonly rule: string;
  readonly family: InjectionFamily;
  readonly severity: InjectionSeverity | number;
  readonly start: number;
  readonly end: number;
}

interface Step {
  /** One byte for each known word. */
  readonly set: Uint8Array;
  /** Words that may stand between this step and the one before. */
  readonly gap: number;
}
interface Sequence {
  readonly pattern: WordPattern;
  readonly steps: readonly Step[];
  readonly unlessAfter: Uint8Array | undefined;
}

const vocabulary = new Vocabulary([overrideWords, leakWords, personaWords]);
for (const { words } of wordPatterns)
  for (const line of words) for (const [, word = ''] of line.matchAll(/'([^ |]+)/g)) vocabulary.add(`'${word}`, word);
const sequences = wordPatterns.flatMap((pattern) => pattern.words.map((line) => compile(pattern, line)));
const byEntry = startsByEntry();
const strongWords = vocabulary.setOf([
  'dismiss',
  'instruction',
  'secret',
  'limit',
  "'mode",
  "'bypass",
  "'unfiltered",
  "'pretend",
  "'override",
  "'jailbreak",
]);

function compile(pattern: WordPattern, line: string): Sequence {
  const steps: Step[] = [];
  let gap = 0;
  for (const part of line.split(' ')) {
    if (/^\d+$/.test(part)) {
      gap = Number(part);
      continue;
    }
    steps.push({ set: vocabulary.setOf(part.split('|')), gap });
    gap = 0;
  }
  return { pattern, steps, unlessAfter: pattern.unlessAfter ? vocabulary.setOf([pattern.unlessAfter]) : undefined };
}

/** For each row of the vocabulary, the sequences that may begin with it. */
function startsByEntry(): readonly (readonly Sequence[])[] {
  return Array.from({ length: vocabulary.size }, (_, entry) =>
    sequences.filter(({ steps }) => steps[0]?.set[entry] === 1),
  );
}

export interface Matches {
  readonly found: readonly Match[];
  /** Offsets of words that patterns turn on: where there is none, the order of the words need not be tried. */
  readonly strong: readonly number[];
}

const needed = markPatterns.flatMap(({ needs }, pattern) => needs.map((word) => ({ word, pattern })));
const needs = automatonOf(needed.map(({ word }) => word));
const held = new Uint8Array(markPatterns.length);
/** Of each pattern, whether the text holds what it needs; until the next call. Folded text is lower case, as the words are. */
function marksHeld(text: string): void {
  held.fill(0);
  needs.scan(text, (word) => (held[needed[word]?.pattern ?? 0] = 1));
}

/** All hits in a folded text, at most one for each place where a pattern begins. Linear in the text's length. */
export function match(text: string): Matches {
  const found: Match[] = [];
  const strong: number[] = [];
  const hits = vocabulary.hits(text);
  if (hits.count > 0) {
    for (let i = 0; i < hits.count; i++) {
      if (strongWords[hits.entry[i] ?? 0] === 1) strong.push(hits.start[i] ?? 0);
      for (const sequence of byEntry[hits.entry[i] ?? 0] ?? []) {
        const last = reach(sequence, hits, i);
        if (last < 0 || isNegated(sequence, hits, i)) continue;
        const { id: rule, family, severity } = sequence.pattern;
        found.push({ rule, family, severity, start: hits.start[i] ?? 0, end: hits.end[last] ?? 0 });
      }
    }
  }
  marksHeld(text);
  for (let at = 0; at < markPatterns.length; at++) {
    if (held[at] !== 1) continue;
    const { id: rule, family, severity, text: expression } = markPatterns[at] as TextPattern;
    for (const {
      0: { length },
      index,
    } of text.matchAll(expression)) {
      found.push({ rule, family, severity, start: index, end: index + length });
    }
  }
  return { found, strong };
}

/** Hits that a step reached, and those that the next one does; a sequence spans few words. */
let reached = new Int32Array(256);
let reaching = new Int32Array(256);

/** The hit that ends the sequence when it begins at `first`, or -1. Every step goes once over the few hits in reach. */
function reach({ steps }: Sequence, hits: Hits, first: number): number {
  reached[0] = first;
  let count = 1;
  for (let s = 1; s < steps.length; s++) {
    const { set, gap } = steps[s] as Step;
    const limit = (hits.position[reached[count - 1] ?? 0] ?? 0) + gap + 1;
    let found = 0;
    let before = 0;
    for (let i = (reached[0] ?? 0) + 1; i < hits.count && (hits.position[i] ?? 0) <= limit && found < 256; i++) {
      if (set[hits.entry[i] ?? 0] !== 1) continue;
      while (before + 1 < count && (reached[before + 1] ?? 0) < i) before++;
      const distance = (hits.position[i] ?? 0) - (hits.position[reached[before] ?? 0] ?? 0) - 1;
      if (distance >= 0 && distance <= gap) reaching[found++] = i;
    }
    if (found === 0) return -1;
    [reached, reaching] = [reaching, reached];
    count = found;
  }
  return reached[0] ?? -1;
}

function isNegated({ unlessAfter }: Sequence, hits: Hits, first: number): boolean {
  if (!unlessAfter) return false;
  const position = hits.position[first] ?? 0;
  for (let i = first - 1; i >= 0 && position - (hits.position[i] ?? 0) <= 2; i--) {
    if (unlessAfter[hits.entry[i] ?? 0] === 1) return true;
  }
  return false;
}
