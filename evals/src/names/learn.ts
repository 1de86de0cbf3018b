import { fieldsOf } from '../../../packages/core/src/sensitive/names/columns.ts';
import { featuresOf, readingOf, templates, type Reading } from '../../../packages/core/src/sensitive/names/features.ts';
import { labelCount, labels, worthTagging } from '../../../packages/core/src/sensitive/names/model.ts';
import type { Packed } from '../../../packages/core/src/sensitive/names/packed.ts';
import { tokensOf } from '../../../packages/core/src/sensitive/names/tokens.ts';
import { wholeAddresses, type Row } from './corpus.ts';
import { Field, seeded, type Chain } from './crf.ts';
import { packed } from './pack.ts';

const kinds: Readonly<Record<string, readonly [number, number]>> = {
  PERSON: [labels.person, labels.personOn],
  LOCATION: [labels.place, labels.place],
  POSTCODE: [labels.place, labels.place],
  ORG: [labels.organisation, labels.organisation],
  ADDRESS: [labels.address, labels.addressOn],
};

/** Labels that tokens outside all spans may have: "other", and whatever the row is not labelled for. */
function unlabelled(row: Row): number {
  let may = 1 << labels.other;
  if (row.scope.includes('*')) return may;
  const open = (type: string) => !row.scope.includes(type) && !row.spans.some((span) => span.type === type);
  if (open('PERSON')) may |= (1 << labels.person) | (1 << labels.personOn);
  if (open('LOCATION')) may |= 1 << labels.place;
  if (open('ORG')) may |= 1 << labels.organisation;
  return may;
}

interface Sample {
  readonly reading: Reading;
  readonly worth: Uint8Array;
  readonly allowed: Uint8Array;
}

/** A share of what the lists know is hidden while learning, lest the tagger knows no other names than listed ones. */
function sampleOf(row: Row, random: () => number, hidden: number): Sample {
  const tokens = tokensOf(row.text);
  const hides = new Set<number>();
  for (let token = 0; token < tokens.count; token++) if (random() < hidden) hides.add(token);
  const reading = readingOf(tokens, fieldsOf(tokens, []), (token) => hides.has(token));
  const allowed = new Uint8Array(tokens.count).fill(unlabelled(row));
  for (const span of wholeAddresses(row)) {
    const pair = kinds[span.type];
    if (!pair) continue;
    let begun = false;
    for (let token = 0; token < tokens.count; token++) {
      if ((tokens.starts[token] ?? 0) >= span.end || (tokens.ends[token] ?? 0) <= span.start) continue;
      allowed[token] = 1 << pair[begun ? 1 : 0];
      begun = true;
    }
  }
  return { reading, worth: worthTagging(reading), allowed };
}

/** Counts in how many rows each feature stands, without a Map of millions. */
class Counts {
  readonly #keys = new Int32Array(1 << 23);
  readonly #rows = new Uint16Array(1 << 23);
  readonly #last = new Int32Array(1 << 23).fill(-1);

  add(feature: number, row: number): void {
    const slot = this.#slot(feature);
    if (this.#last[slot] === row) return;
    this.#keys[slot] = feature;
    this.#last[slot] = row;
    if (this.#rows[slot]! < 65_535) this.#rows[slot]!++;
  }

  #slot(feature: number): number {
    let slot = (feature ^ (feature >>> 11)) & ((1 << 23) - 1);
    while (this.#last[slot] !== -1 && this.#keys[slot] !== feature) slot = (slot + 1) & ((1 << 23) - 1);
    return slot;
  }

  atLeast(rows: number): number[] {
    const found: number[] = [];
    for (let slot = 0; slot < this.#keys.length; slot++)
      if (this.#last[slot] !== -1 && this.#rows[slot]! >= rows) found.push(this.#keys[slot]!);
    return found.toSorted((a, b) => (a >>> 0) - (b >>> 0));
  }
}

function chainsOf(samples: readonly Sample[], rows: ReadonlyMap<number, number>): Chain[] {
  const chains: Chain[] = [];
  const out = new Int32Array(templates);
  for (const { reading, worth, allowed } of samples) {
    for (let from = 0; from < worth.length; from++) {
      if (worth[from] === 0) continue;
      const found: number[] = [];
      const ends: number[] = [];
      const may: number[] = [];
      for (; from < worth.length && worth[from] === 1; from++) {
        featuresOf(reading, from, out);
        for (const feature of out) {
          const row = rows.get(feature);
          if (row !== undefined) found.push(row);
        }
        ends.push(found.length);
        // A span's tail whose beginning was not worth tagging begins here.
        const on = allowed[from]!;
        const orphan = may.length === 0 && (on === 1 << labels.personOn || on === 1 << labels.addressOn);
        may.push(orphan ? on >> 1 : on);
      }
      chains.push({ rows: Int32Array.from(found), ends: Int32Array.from(ends), allowed: Uint8Array.from(may) });
    }
  }
  return chains;
}

export interface Recipe {
  /** A feature that stands in fewer rows is forgotten: it would only tell rows apart. */
  readonly leastRows: number;
  readonly keep: number;
  readonly epochs: number;
  readonly rate: number;
  readonly decay: number;
  readonly hidden: number;
  readonly seed: number;
}

/** Trains, keeps the features that weigh most, trains those again, and rounds weights to a byte each. */
export function learn(rows: readonly Row[], recipe: Recipe, told: (line: string) => void): Packed {
  const random = seeded(recipe.seed);
  const samples = rows.map((row) => sampleOf(row, random, recipe.hidden));
  const counts = new Counts();
  const out = new Int32Array(templates);
  for (const [index, { reading, worth }] of samples.entries())
    for (let token = 0; token < worth.length; token++) {
      if (worth[token] === 0) continue;
      featuresOf(reading, token, out);
      for (const feature of out) counts.add(feature, index);
    }
  let features = counts.atLeast(recipe.leastRows);
  told(`${rows.length} rows, ${features.length} features in at least ${recipe.leastRows} rows`);
  const trained = (epochs: number) => {
    const chains = chainsOf(samples, new Map(features.map((feature, row) => [feature, row])));
    const field = new Field(features.length, { ...recipe, epochs });
    field.train(chains, (epoch) => told(`epoch ${epoch + 1} of ${epochs}`));
    return field;
  };
  let field = trained(Math.ceil(recipe.epochs / 2));
  const strength = (row: number) =>
    Math.max(...field.weights.subarray(row * labelCount, (row + 1) * labelCount).map(Math.abs));
  if (features.length > recipe.keep) {
    const strengths = features.map((_, row) => strength(row));
    const least = strengths.toSorted((a, b) => b - a)[recipe.keep]!;
    features = features.filter((_, row) => strengths[row]! > least);
  }
  field = trained(recipe.epochs);
  const sizes = field.weights.map(Math.abs).toSorted();
  const scale = 127 / sizes[Math.floor(sizes.length * 0.9995)]!;
  const weights = Int8Array.from(field.weights, (weight) => Math.max(-127, Math.min(127, Math.round(weight * scale))));
  const transitions = Array.from(field.transitions, (weight) =>
    Math.max(-32_000, Math.min(32_000, Math.round(weight * scale))),
  );
  return packed(
    features.map((feature) => feature >>> 0),
    weights,
    transitions,
  );
}
