import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { scanInjection } from '../../packages/core/src/injection/scan.ts';
import type { Figures } from './main.ts';
import type { FlowEval } from './flow.ts';
import type { InjectionReport } from '../../packages/core/src/injection/report.ts';

/** One line of the data: a text as a scanner is given it. */
interface Row {
  readonly id: string;
  readonly text: string;
  readonly label: 'attack' | 'benign';
  readonly kind: string;
  readonly source: string;
  readonly tier?: string;
  readonly sub?: string;
  /** Of an encoded row: the text before it was encoded. */
  readonly plain?: string;
}
interface Count {
  rows: number;
  suspicious: number;
  block: number;
}

/** The injection guard over labelled texts: recall by kind and tier, decode parity, false positives, time. */
export function injection({ folders }: FlowEval): Promise<{ figures: Figures; causes: readonly string[] }> {
  const rows = folders.flatMap(rowsOf);
  if (rows.length === 0) throw new Error('The data holds no rows: give the folder of dev.jsonl, or a .jsonl file.');
  const counts = new Map<string, Count>();
  const parity = new Map<string, { flagged: number; decoded: number }>();
  const causes = new Map<string, number>();
  let incomplete = 0;
  for (const row of rows) {
    const report = scanInjection(row.text);
    if (!report.complete) incomplete++;
    for (const name of namesOf(row)) count(counts, name, report);
    for (const { rule } of report.findings) bump(causes, `${row.label} ${row.kind} ${rule}`);
    if (row.plain === undefined || scanInjection(row.plain).verdict === 'none') continue;
    for (const name of ['decodeParity', `decodeParity.${row.sub ?? 'unnamed'}`]) {
      const known = parity.get(name) ?? { flagged: 0, decoded: 0 };
      parity.set(name, known);
      known.flagged++;
      if (report.verdict !== 'none') known.decoded++;
    }
  }
  const figures: Record<string, number> = { rows: rows.length, incomplete };
  for (const [name, each] of [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    Object.assign(figures, shares(name, each));
  for (const [name, { flagged, decoded }] of [...parity].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    figures[name] = decoded / flagged;
  Object.assign(figures, timed(rows));
  const listed = [...causes]
    .toSorted(([, a], [, b]) => b - a)
    .map(([cause, times]) => `${String(times).padStart(5)}  ${cause}`);
  return Promise.resolve({ figures, causes: listed });
}

/** A folder that holds `dev.jsonl` (or `injection/dev.jsonl`), or a file. */
function rowsOf(place: string): Row[] {
  const folder = existsSync(place) && statSync(place).isDirectory();
  const file = folder
    ? [join(place, 'dev.jsonl'), join(place, 'injection', 'dev.jsonl')].find((each) => existsSync(each))
    : place;
  if (file === undefined || !existsSync(file)) throw new Error(`${place} holds no dev.jsonl`);
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row);
}

function namesOf({ label, kind, tier, sub = '', source }: Row): string[] {
  if (label === 'attack') return tier === undefined ? [kind] : [kind, `${kind}.${tier}`];
  return kind === 'benign-hard' ? [kind, `${kind}.${classOf(sub, source)}`] : [kind];
}

/** The classes of hard harmless texts that the data's README has goals for. */
function classOf(sub: string, source: string): string {
  if (source.startsWith('encoded-benign')) return 'encoded';
  if (/notinject|trigger/i.test(`${source} ${sub}`)) return 'trigger-words';
  if (sub === 'agent-instructions') return sub;
  if (source === 'prompt-protection') return 'trigger-words';
  return sub.endsWith('-quoting') ? 'quoting' : 'other';
}

function count(counts: Map<string, Count>, name: string, { verdict }: InjectionReport): void {
  const known = counts.get(name) ?? { rows: 0, suspicious: 0, block: 0 };
  counts.set(name, known);
  known.rows++;
  if (verdict !== 'none') known.suspicious++;
  if (verdict === 'block') known.block++;
}

const bump = (counts: Map<string, number>, name: string): unknown => counts.set(name, (counts.get(name) ?? 0) + 1);

function shares(name: string, { rows, suspicious, block }: Count): Figures {
  const what = name.startsWith('benign') ? 'fpr' : 'recall';
  return {
    [`rows.${name}`]: rows,
    [`suspicious.${what}.${name}`]: suspicious / rows,
    [`block.${what}.${name}`]: block / rows,
  };
}

/** Microseconds of processor time for a kilobyte (1024 code units) of harmless text and of all text, once warm. */
function timed(rows: readonly Row[]): Figures {
  const harmless = rows.filter(({ kind }) => kind === 'benign-plain').slice(0, 600);
  const of = harmless.length > 0 ? harmless : rows.slice(0, 600);
  const kilobytes = of.reduce((sum, { text }) => sum + text.length / 1024, 0);
  const spent = (model: boolean): number => {
    for (const { text } of of) scanInjection(text, { model });
    const start = process.threadCpuUsage();
    for (const { text } of of) scanInjection(text, { model });
    const { user, system } = process.threadCpuUsage(start);
    return (user + system) / kilobytes;
  };
  return { 'usPerKb.patterns': spent(false), 'usPerKb.withModel': spent(true) };
}
