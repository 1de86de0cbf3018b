import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buckets, featuresOf, windowNorm } from '../../packages/core/src/injection/features.ts';
import { fold } from '../../packages/core/src/normalize/fold.ts';
import { scanInjection } from '../../packages/core/src/injection/scan.ts';
import { visible } from '../../packages/core/src/normalize/visible.ts';
import { attackTexts, harmlessTexts } from './own-texts.ts';

/**
 * Trains the linear model of the injection guard and writes `packages/core/src/injection/weights.ts`. The same data gives the
 * same file, byte for byte: rows are taken in the order of a seeded shuffle, and nothing else is random.
 *
 *   node evals/src/train-injection.ts --data injection/dev.jsonl [--folds 5]   (folds: figures on held-out sources only)
 *
 * A text is judged by its likeliest window, so the model is trained on it too (multiple-instance learning): each round takes
 * the window that scores highest under the model so far. Left out: rows under CC-BY-SA, contextual attacks, encoded rows.
 */
interface Row {
  readonly id: string;
  readonly text: string;
  readonly label: 'attack' | 'benign';
  readonly kind: string;
  readonly tier?: string;
  readonly source: string;
  readonly licence: string;
  readonly origin?: string;
}
interface Example {
  readonly attack: boolean;
  readonly kind: string;
  readonly group: string;
  readonly weight: number;
  readonly bucket: Int32Array;
  readonly windows: readonly { readonly from: number; readonly to: number }[];
  /** Whether the patterns alone see anything in it: they are no part of what is trained. */
  readonly seen: boolean;
}
interface Model {
  readonly w: Float32Array;
  bias: number;
}

const rounds = 12;
const rate = 0.1;
const decay = 2e-6;

function examplesOf(file: string): Example[] {
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row)
    .filter(
      ({ licence, kind, tier, source }) =>
        !licence.includes('BY-SA') && tier !== 'contextual' && kind !== 'encoded' && !source.startsWith('encoded'),
    );
  const own = (texts: readonly string[], label: Row['label']): Row[] =>
    texts.map((text, i) => ({
      id: `own-${label}-${i}`,
      text,
      label,
      kind: label === 'attack' ? 'own' : 'own-harmless',
      source: 'own',
      licence: 'CC0-1.0',
    }));
  return shuffled([...rows, ...own(attackTexts, 'attack'), ...own(harmlessTexts, 'benign')]).map((row) => {
    const features = featuresOf(fold(visible(row.text).text).text);
    return {
      attack: row.label === 'attack',
      kind: row.kind,
      group: groupOf(row),
      weight: row.kind === 'benign-hard' ? 1.5 : row.kind === 'own' || row.kind === 'own-harmless' ? 0.7 : 1,
      bucket: features.bucket.slice(0, features.count),
      windows: features.windows,
      seen: scanInjection(row.text, { model: false }).verdict !== 'none',
    };
  });
}

/**
 * What is held out together. Documents, code and tool results: the whole source, as harmless text of an unknown kind is
 * what a threshold must stand. Attacks and questions: a text with its near-duplicates, as most kinds have one source only.
 */
function groupOf({ label, kind, source, origin, id }: Row): string {
  if (source === 'own') return source;
  const bySource = label === 'benign' && /^(?:sec|repo|gum)-/.test(source);
  return bySource || (kind === 'benign-hard' && /^(?:agt|own|agent)/.test(source)) ? source : (origin ?? id);
}

const sum = (text: string): number =>
  Array.from(text).reduce((total, char) => (total * 31 + char.charCodeAt(0)) >>> 0, 7);

function shuffled(rows: readonly Row[]): Row[] {
  const order = [...rows];
  let state = 20261121;
  for (let i = order.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = state % (i + 1);
    [order[i], order[j]] = [order[j] as Row, order[i] as Row];
  }
  return order;
}

const logitOf = ({ w, bias }: Model, { bucket }: Example, { from, to }: { from: number; to: number }): number => {
  let total = 0;
  for (let i = from; i < to; i++) total += w[bucket[i] ?? 0] ?? 0;
  return total / windowNorm(to - from) + bias;
};

const bestWindow = (model: Model, example: Example) => {
  let best = { logit: -Infinity, window: { from: 0, to: 0 } };
  for (const window of example.windows) {
    const logit = logitOf(model, example, window);
    if (logit > best.logit) best = { logit, window };
  }
  return best;
};

function train(examples: readonly Example[]): Model {
  const model: Model = { w: new Float32Array(buckets), bias: -1 };
  const squares = new Float32Array(buckets).fill(0.05);
  let biasSquares = 1;
  const step = (example: Example, { from, to }: { from: number; to: number }, weight: number): void => {
    const p = 1 / (1 + Math.exp(-logitOf(model, example, { from, to })));
    const gradient = (p - (example.attack ? 1 : 0)) * weight;
    const each = gradient / windowNorm(to - from);
    for (let i = from; i < to; i++) {
      const at = example.bucket[i] ?? 0;
      const g = each + decay * (model.w[at] ?? 0);
      squares[at] = (squares[at] ?? 0) + g * g;
      model.w[at] = (model.w[at] ?? 0) - (rate * g) / Math.sqrt(squares[at] ?? 1);
    }
    biasSquares += gradient * gradient;
    model.bias -= (rate * gradient) / Math.sqrt(biasSquares);
  };
  for (let round = 0; round < rounds; round++) {
    for (const example of examples) {
      if (example.windows.length === 0) continue;
      if (round === 0) {
        for (const window of example.windows) step(example, window, example.weight / Math.sqrt(example.windows.length));
      } else step(example, bestWindow(model, example).window, example.weight);
    }
  }
  return model;
}

interface Scored {
  readonly example: Example;
  readonly logit: number;
}

/** The threshold at which so great a share of harmless texts passes. */
function thresholdAt(scored: readonly Scored[], kind: string, share: number): number {
  const logits = scored
    .filter(({ example }) => example.kind === kind)
    .map(({ logit }) => logit)
    .toSorted((a, b) => b - a);
  return logits[Math.floor(logits.length * share)] ?? 0;
}

function heldOut(examples: readonly Example[], folds: number): Scored[] {
  const groups = [...new Set(examples.map(({ group }) => group))].filter((group) => group !== 'own');
  return Array.from(
    { length: folds },
    (_, part) => new Set(groups.filter((group) => sum(group) % folds === part)),
  ).flatMap((out) => {
    const model = train(examples.filter(({ group }) => !out.has(group)));
    return examples
      .filter(({ group }) => out.has(group))
      .map((example) => ({ example, logit: bestWindow(model, example).logit }));
  });
}

function describe(scored: readonly Scored[], threshold: number): void {
  for (const kind of [...new Set(scored.map(({ example }) => example.kind))].toSorted()) {
    const of = scored.filter(({ example }) => example.kind === kind);
    const share = (seen: (scored: Scored) => boolean) => `${((of.filter(seen).length / of.length) * 100).toFixed(1)} %`;
    const alone = share(({ logit }) => logit >= threshold);
    const both = share(({ logit, example }) => logit >= threshold || example.seen);
    process.stdout.write(`  ${kind.padEnd(14)} ${String(of.length).padStart(5)}  ${alone}, with patterns ${both}\n`);
  }
}

function written({ w, bias }: Model, threshold: number): string {
  const largest = [...w].map(Math.abs).toSorted((a, b) => b - a)[20] ?? 1;
  const bytes = Int8Array.from(w, (each) => Math.max(-127, Math.min(127, Math.round((each / largest) * 127))));
  return `// Made by evals/src/train-injection.ts; see docs/injection.md for the data and its licences.

/** What one step of a weight is worth. */
export const scale = ${(largest / 127).toPrecision(6)};
export const bias = ${bias.toPrecision(6)};
/** Logit from which a text is suspicious. */
export const threshold = ${threshold.toPrecision(6)};
/** One signed byte for each bucket, as base64. */
export const weights =
  '${Buffer.from(bytes.buffer).toString('base64')}';
`;
}

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    folds: { type: 'string', default: '10' },
    share: { type: 'string', default: '0.007' },
    hard: { type: 'string', default: '0.015' },
    dry: { type: 'boolean', default: false },
  },
});
if (!values.data) throw new Error('--data FILE is missing');
const examples = examplesOf(values.data);
const scored = heldOut(examples, Number(values.folds));
const threshold = Math.max(
  thresholdAt(scored, 'benign-plain', Number(values.share)),
  thresholdAt(scored, 'benign-hard', Number(values.hard)),
);
process.stdout.write(`${examples.length} texts; on held-out sources, at threshold ${threshold.toFixed(3)}:\n`);
describe(scored, threshold);
if (!values.dry)
  writeFileSync(
    join(import.meta.dirname, '../../packages/core/src/injection/weights.ts'),
    written(train(examples), threshold),
  );
