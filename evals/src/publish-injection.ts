import { fileURLToPath } from 'node:url';
import { writeFileSync } from 'node:fs';
import type { Figures } from './main.ts';

/* The figures that the dashboard shows beside the injection guard, written from what the eval measured. */

const out = fileURLToPath(new URL('../../packages/core/src/injection/figures.ts', import.meta.url));

/** What is published, by the eval's own names. What lexical means cannot find stands beside what they can. */
const published = [
  ['attack', 'indirect.overt', 'Orders in results and documents'],
  ['attack', 'direct.overt', 'Orders to the model in what users write'],
  ['attack', 'jailbreak.overt', 'Jailbreaks'],
  ['attack', 'exfil.overt', 'Asking for prompts and secrets, images that carry data out'],
  ['attack', 'encoded.overt', 'The same, encoded or hidden'],
  ['attack', 'indirect.contextual', 'Ordinary requests planted in results, without a sign of an attack'],
  ['attack', 'direct.contextual', 'Ordinary requests that only the place makes an attack'],
  ['harmless', 'benign-plain', 'Everyday texts'],
  ['harmless', 'benign-hard', 'Texts that look like attacks: quotes, role play, instructions to agents'],
] as const;

function rowsOf(figures: Figures): string[] {
  return published.map(([label, name, title]) => {
    const share = (verdict: string) => figures[`${verdict}.${label === 'attack' ? 'recall' : 'fpr'}.${name}`];
    const [texts, flagged, block] = [figures[`rows.${name}`], share('suspicious'), share('block')];
    if (texts === undefined || flagged === undefined || block === undefined)
      throw new Error(`${name} was not measured`);
    const row = { label, title, texts, flagged: rounded(flagged), block: rounded(block) };
    const lines = Object.entries(row).map(([key, value]) => `      ${key}: ${literal(value)},\n`);
    return `    {\n${lines.join('')}    },`;
  });
}

const rounded = (share: number): number => Number(share.toFixed(4));
const literal = (value: string | number): string =>
  typeof value === 'number' ? String(value) : `'${value.replaceAll(/['\\]/g, '\\$&')}'`;

/** @param data what was measured on, such as "development set of 4,866 texts" */
export function publishInjection(figures: Figures, data: string): void {
  const today = new Date().toISOString().slice(0, 10);
  writeFileSync(
    out,
    `/** Measured; written by \`npm run eval -- injection --data DIR --publish WHAT\`. Shares from 0 to 1. See docs/injection.md. */
export const injectionFigures = {
  date: '${today}',
  data: ${literal(data)},
  rows: [
${rowsOf(figures).join('\n')}
  ],
} as const;
`,
  );
}
