import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bitsOf, bits } from '../../../packages/core/src/sensitive/names/words.ts';
import { partOf, type Row } from './corpus.ts';

const root = join(import.meta.dirname, '../../..');
/** Documentation and declarations under MIT and Apache-2.0, as the lock file installs them. */
const files = [
  'node_modules/{fastify,undici,pino}/docs/**/*.md',
  'node_modules/openai/resources/**/*.d.ts',
  'node_modules/@types/node/*.d.ts',
];
const credits = /author|copyright|©|@|\bby\b|contribut|maintain|thanks|named after/iu;

/** Whether two capitalised words in a row are on the lists of names. */
const named = (line: string): boolean =>
  [...line.matchAll(/\p{Lu}\p{Ll}+(?= (\p{Lu}\p{Ll}+))/gu)].some(
    ([one, two]) => (bitsOf(one) & bits.first) !== 0 && (bitsOf(two ?? '') & bits.last) !== 0,
  );

/** Technical text that names nobody, three lines a row: places and organisations in it are not labelled. */
export function plainRows(count: number): Row[] {
  const rows: (Row & { order: number })[] = [];
  for (const file of globSync(files, { cwd: root }).toSorted()) {
    const lines = readFileSync(join(root, file), 'utf8')
      .split('\n')
      .map((line) => line.slice(0, 300))
      .filter((line) => /\p{Lu}/u.test(line) && !credits.test(line) && !named(line));
    for (let at = 0; at + 3 <= lines.length; at += 3) {
      const text = lines.slice(at, at + 3).join('\n');
      rows.push({
        id: `plain-${file}-${at}`,
        text,
        spans: [],
        source: 'plain',
        licence: 'MIT or Apache-2.0',
        scope: ['PERSON', 'ADDRESS'],
        order: partOf(text, 2 ** 31),
      });
    }
  }
  return rows.toSorted((a, b) => a.order - b.order).slice(0, count);
}
