/**
 * Trains the tagger of names and addresses and writes its weights. Seeded: the same rows give the same bytes.
 *
 *   SALLYPORT_EVALS_DIR=DIR node evals/src/train-names.ts [--held-out | --without SOURCE …]
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { caution, finderOf } from '../../packages/core/src/sensitive/names/find.ts';
import { unpacked, type Packed } from '../../packages/core/src/sensitive/names/packed.ts';
import { partOf, rowsOf, sourceOf, taught, type Row } from './names/corpus.ts';
import { learn, type Recipe } from './names/learn.ts';
import { plainRows } from './names/plain.ts';
import { score } from './names/score.ts';
import { syntheticRows } from './names/synthetic.ts';

const recipe: Recipe = {
  leastRows: 4,
  keep: 52_000,
  epochs: 6,
  rate: 0.1,
  decay: 3e-4,
  hidden: 0.15,
  seed: 7,
};
const made = 10_000;
const parts = 4;

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: process.env['SALLYPORT_EVALS_DIR'] ?? '' },
    'held-out': { type: 'boolean', default: false },
    without: { type: 'string', multiple: true },
    errors: { type: 'boolean', default: false },
    save: { type: 'string' },
  },
});
const say = (line: string) => void process.stdout.write(`${line}\n`);
const tell = (line: string) => void process.stderr.write(`  ${line}\n`);

const rows = rowsOf(values.data).filter((row) => taught.has(sourceOf(row)));
const own = [...syntheticRows(recipe.seed, made), ...plainRows(2500)];

/** The finder that rows (and what is made up) teach. */
const taughtBy = (some: readonly Row[]): Packed => learn([...some, ...own], recipe, tell);
const finder = (weights: Packed) => {
  const model = unpacked(weights);
  return finderOf(() => model, caution);
};

/** Groups are held out whole, other rows by their text. */
const part = (row: Row) => partOf(row.group ?? row.text, parts);

if (values.without) {
  for (const source of values.without) {
    const weights = taughtBy(rows.filter((row) => sourceOf(row) !== source));
    say(`without ${source}`);
    for (const line of score(
      rows.filter((row) => sourceOf(row) === source),
      finder(weights),
    ))
      say(`  ${line}`);
  }
} else if (values['held-out']) {
  const weights = taughtBy(rows.filter((row) => part(row) !== 0));
  const tests = rows.filter((row) => part(row) === 0);
  if (values.save) writeFileSync(values.save, JSON.stringify(weights));
  for (const line of score(tests, finder(weights), values.errors ? show : undefined)) say(line);
} else {
  const weights = taughtBy(rows);
  const { data, ...rest } = weights;
  const header =
    '/** Made by `node evals/src/train-names.ts`; not to be edited. Data and licences: docs/personal-data.md, "Names and addresses". */\n';
  const body = `export const weights = {\n  features: ${rest.features},\n  transitions:\n    '${rest.transitions}',\n  data: '${data}',\n};\n`;
  writeFileSync(join(import.meta.dirname, '../../packages/core/src/sensitive/names/weights.ts'), header + body);
  say(`${rest.features} features, ${data.length} B`);
}

function show(row: Row, span: { start: number; end: number; type: string }, missed: boolean): void {
  const around = `${row.text.slice(Math.max(0, span.start - 30), span.start)}[${row.text.slice(span.start, span.end)}]${row.text.slice(span.end, span.end + 30)}`;
  say(`${missed ? 'missed' : 'wrong '} ${span.type} ${sourceOf(row)} ${JSON.stringify(around)}`);
}
