import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';

/** Names to finite numbers. */
export type Figures = Readonly<Record<string, number>>;
/** Progress, for people. */
export type Log = (line: string) => void;
type Bench = (log: Log) => Promise<Figures>;

/** One line for each. They are loaded when asked for: each brings its own peer. */
const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  gateway: async () => (await import('./gateway.ts')).gateway,
  authorize: async () => (await import('./authorize.ts')).authorize,
  conversation: async () => (await import('./conversation.ts')).conversation,
  content: async () => (await import('./content.ts')).content,
  mcp: async () => (await import('./mcp.ts')).mcp,
};

const usage = `Usage: npm run bench -- ${Object.keys(benches).join('|')} [--json]\n`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
  const [name = ''] = positionals;
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (!bench || positionals.length > 1) {
    process.stderr.write(usage);
    return 2;
  }
  const environment = {
    node: process.versions.node,
    cpus: cpus().length,
    loadAverage: loadavg().map((value) => Number(value.toFixed(2))),
    date: new Date().toISOString(),
  };
  const figures = await (await bench())((line) => process.stderr.write(`${line}\n`));
  const broken = Object.entries(figures).filter(([, value]) => !Number.isFinite(value));
  if (broken.length > 0) throw new Error(`Not measured: ${broken.map(([figure]) => figure).join(', ')}`);
  if (values.json) process.stdout.write(`${JSON.stringify({ name, figures, environment })}\n`);
  else print(name, figures, environment);
  return 0;
}

function print(name: string, figures: Figures, environment: Readonly<Record<string, unknown>>): void {
  const width = Math.max(...Object.keys(figures).map(({ length }) => length));
  process.stdout.write(`${name}  ${JSON.stringify(environment)}\n`);
  for (const [figure, value] of Object.entries(figures)) {
    process.stdout.write(`  ${figure.padEnd(width)}  ${value.toPrecision(3)}\n`);
  }
}

process.exitCode = await main();
