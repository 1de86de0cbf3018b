/**
 * Writes `packages/core/src/sensitive/names/lists.ts`: first names, last names and places of the Latin-script locales of
 * @faker-js/faker (MIT), and common words as counted in the documentation of packages that are installed by the lock
 * file (fastify, undici, pino, @types/node: MIT; openai: Apache-2.0). The same lock file gives the same bytes.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allLocales, type LocaleDefinition } from '@faker-js/faker';
import { folded } from '../packages/core/src/sensitive/names/folded.ts';

const root = join(import.meta.dirname, '..');
const locales =
  'af_ZA cs_CZ da de de_AT de_CH en en_AU en_CA en_GB en_GH en_IE en_IN en_NG en_US en_ZA es es_MX fi fr fr_BE fr_CA fr_CH fr_LU hr hu id_ID it lv nb_NO nl nl_BE pl pt_BR pt_PT ro sk sl_SI sr_RS_latin sv tr'.split(
    ' ',
  );
const definitions = locales.map((key) => (allLocales as Record<string, LocaleDefinition>)[key] ?? {});

const latin = /^[a-z'’-]{2,20}$/;
const partsOf = (values: Iterable<string>): string[] =>
  [...values].flatMap((value) => folded(value).split(/[^a-z'’]+/)).filter((part) => latin.test(part));

type Named = { generic?: readonly string[]; female?: readonly string[]; male?: readonly string[] };
const namesIn = (value: Named | null | undefined): string[] => [
  ...(value?.generic ?? []),
  ...(value?.female ?? []),
  ...(value?.male ?? []),
];
const listed = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];

function commonWords(): string[] {
  const files = globSync(
    [
      'node_modules/{fastify,undici,pino}/docs/**/*.md',
      'node_modules/openai/resources/**/*.d.ts',
      'node_modules/@types/node/**/*.d.ts',
    ],
    { cwd: root },
  ).toSorted();
  const seen = new Map<string, { files: number; times: number }>();
  for (const file of files) {
    const here = new Map<string, number>();
    for (const [word] of readFileSync(join(root, file), 'utf8').matchAll(
      /(?<![\p{L}\p{N}_])[a-z]{3,16}(?![\p{L}\p{N}_])/gu,
    ))
      here.set(word, (here.get(word) ?? 0) + 1);
    for (const [word, times] of here) {
      const so = seen.get(word) ?? { files: 0, times: 0 };
      seen.set(word, { files: so.files + 1, times: so.times + times });
    }
  }
  const counted = [...seen].filter(([, { files: of, times }]) => of >= 2 && times >= 3).map(([word]) => word);
  const vocabularies = definitions.map((each) => (each.word ?? {}) as unknown as Record<string, unknown>);
  return [...counted, ...partsOf(vocabularies.flatMap((each) => Object.values(each)).flatMap(listed))];
}

const smallWords = new Set([
  'de',
  'del',
  'der',
  'den',
  'di',
  'da',
  'du',
  'la',
  'le',
  'les',
  'van',
  'von',
  'and',
  'of',
  'the',
  'am',
  'an',
  'im',
  'in',
  'st',
]);
const unique = (values: string[]): string =>
  [...new Set(values)]
    .filter((each) => !smallWords.has(each))
    .toSorted()
    .join(' ');

const first = partsOf(definitions.flatMap(({ person }) => namesIn(person?.first_name as Named | undefined)));
const last = partsOf(definitions.flatMap(({ person }) => namesIn(person?.last_name as Named | undefined)));
const places = partsOf(
  definitions.flatMap(({ location }) =>
    [location?.city_name, location?.state, location?.county, location?.country].flatMap(listed),
  ),
).filter((part) => part.length > 3);

const columns = {
  firstNames: unique(first),
  lastNames: unique(last),
  places: unique(places),
  words: unique(commonWords()),
};
const lines = Object.entries(columns).map(
  ([name, value]) => `export const ${name} =\n  '${value.replaceAll("'", '’')}';\n`,
);
const header = `/**\n * Made by \`node scripts/names-lists.ts\`; not to be edited. Lower case without accents, one blank between two.\n * Names and places: @faker-js/faker (MIT). Words: counted in documentation under MIT and Apache-2.0.\n */\n`;
writeFileSync(join(root, 'packages/core/src/sensitive/names/lists.ts'), header + lines.join('\n'));
process.stdout.write(
  `${Object.entries(columns)
    .map(([name, value]) => `${name} ${value.split(' ').length} (${value.length} B)`)
    .join(', ')}\n`,
);
