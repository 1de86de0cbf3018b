import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fold } from '../../packages/core/src/normalize/fold.ts';
import { overrideWords } from '../../packages/core/src/injection/lexicon/override.ts';
import { leakWords } from '../../packages/core/src/injection/lexicon/leak.ts';
import { personaWords } from '../../packages/core/src/injection/lexicon/persona.ts';
import { wordPatterns } from '../../packages/core/src/injection/match.ts';

/**
 * Makes `packages/core/src/normalize/decode/language.ts`: common words, and how letters follow each other, so that the
 * decoders can tell language from noise. Counted over texts of the development set that are not under CC-BY-SA; a word must
 * occur in three sources. The same data gives the same file, byte for byte.
 *
 *   node evals/src/build-language.ts --data injection/dev.jsonl
 */
interface Row {
  readonly text: string;
  readonly kind: string;
  readonly source: string;
  readonly licence: string;
  readonly lang: string;
}

const { values } = parseArgs({ options: { data: { type: 'string' } } });
if (!values.data) throw new Error('--data FILE is missing');
const rows = readFileSync(values.data, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Row)
  .filter(
    ({ licence, kind, source }) => !licence.includes('BY-SA') && kind !== 'encoded' && !source.startsWith('encoded'),
  );

const seenIn = new Map<string, Set<string>>();
const counts = new Map<string, number>();
const pairs = new Float64Array(27 * 27);
for (const { text, source, lang } of rows) {
  const weight = lang === 'en' ? 1 : 3;
  for (const [word] of fold(text).text.matchAll(/[a-z]+/g)) {
    let before = 26;
    for (const letter of `${word} `) {
      const code = letter === ' ' ? 26 : letter.charCodeAt(0) - 97;
      pairs[before * 27 + code] = (pairs[before * 27 + code] ?? 0) + weight;
      before = code;
    }
    if (word.length > 16) continue;
    counts.set(word, (counts.get(word) ?? 0) + weight);
    const sources = seenIn.get(word) ?? new Set();
    seenIn.set(word, sources.add(source.replace(/-multilingual$/, '')));
  }
}
const oneLetter = new Set(['a', 'i', 'o', 'u', 'y']);
const common = [...counts]
  .filter(([word, count]) => (seenIn.get(word)?.size ?? 0) >= 3 && count >= 4)
  .filter(([word]) => (word.length > 1 ? word.length > 2 || (counts.get(word) ?? 0) > 120 : oneLetter.has(word)))
  .toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  .slice(0, 6000)
  .map(([word]) => word);
const known = new Set(common);
const lexical = [overrideWords, leakWords, personaWords].flatMap((lexicon) =>
  Object.values(lexicon).flatMap(({ en = '', de = '' }) => `${en} ${de}`.split(/\s+/)),
);
const literal = wordPatterns.flatMap(({ words }) =>
  words.flatMap((line) => [...line.matchAll(/'([^ |]+)/g)].map(([, word = '']) => word)),
);
const own = [...new Set([...lexical, ...literal])]
  .filter((word) => /^[a-z]{4,16}$/.test(word) && !known.has(word))
  .toSorted();

let letters = '';
for (let a = 0; a < 27; a++) {
  const total = pairs.subarray(a * 27, a * 27 + 27).reduce((sum, each) => sum + each, 27);
  for (let b = 0; b < 27; b++) {
    // Bits above or below chance, in quarters, as one printable character around 'P'.
    const bits = Math.log2((((pairs[a * 27 + b] ?? 0) + 1) / total) * 27);
    letters += String.fromCharCode(80 + Math.max(-28, Math.min(28, Math.round(bits * 4))));
  }
}
const wrap = (text: string) => text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
writeFileSync(
  join(import.meta.dirname, '../../packages/core/src/normalize/decode/language.ts'),
  `// Made by evals/src/build-language.ts; see docs/injection.md for the data and its licences.

/** Common words in Latin letters, folded, most common first. */
export const commonWords =
  '${wrap([...common, ...own].join(' '))}';

/** How often a letter follows another (27 by 27, the last row and column are the edges of a word), in quarter bits above chance, as the code of a character less 80. */
export const letterPairs =
  '${wrap(letters)}';
`,
);
process.stdout.write(`${common.length} common words, ${own.length} of the lexicons\n`);
