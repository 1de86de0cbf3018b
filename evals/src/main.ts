import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import { flow } from './flow.ts';
import { injection } from './injection.ts';
import { pii } from './pii.ts';
import { publishInjection } from './publish-injection.ts';

/** Names to finite numbers: shares from 0 to 1, counts, microseconds. */
export type Figures = Readonly<Record<string, number>>;

const evals: Readonly<Record<string, typeof flow>> = { flow, injection, pii };

const usage = `Usage: npm run eval -- ${Object.keys(evals).join('|')} --data DIR|FILE [--data …] [--profile strict|balanced|delegating] [--causes] [--json]\n       npm run eval -- injection --data DIR --publish 'WHAT THE DATA IS'   (what the dashboard shows)\n`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      data: { type: 'string', multiple: true },
      profile: { type: 'string', default: 'balanced' },
      causes: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      publish: { type: 'string' },
    },
    allowPositionals: true,
  });
  const [name = ''] = positionals;
  const evaluate = Object.hasOwn(evals, name) ? evals[name] : undefined;
  const { publish } = values;
  if (!evaluate || (publish !== undefined && name !== 'injection') || positionals.length > 1 || !values.data?.length) {
    process.stderr.write(usage);
    return 2;
  }
  const folders = values.data.map((folder) => resolve(process.env['INIT_CWD'] ?? '.', folder));
  const { figures, causes } = await evaluate({ folders, profile: values.profile });
  if (publish !== undefined) publishInjection(figures, publish);
  if (values.json) process.stdout.write(`${JSON.stringify({ name, profile: values.profile, figures })}\n`);
  else print(figures, values.causes ? causes : []);
  return 0;
}

function print(figures: Figures, causes: readonly string[]): void {
  const width = Math.max(...Object.keys(figures).map(({ length }) => length));
  for (const [figure, value] of Object.entries(figures)) {
    process.stdout.write(`  ${figure.padEnd(width)}  ${Number.isInteger(value) ? value : value.toFixed(4)}\n`);
  }
  for (const cause of causes) process.stdout.write(`${cause}\n`);
}

process.exitCode = await main();
