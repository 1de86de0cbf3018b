import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findSensitive, sensitiveTypes, type SensitiveMatch } from '@sallyport/core';
import type { Figures } from './main.ts';
import { PiiTally } from './pii-tally.ts';

export interface PiiSpan {
  readonly start: number;
  readonly end: number;
  readonly type: string;
}

/** One line of the data: a text, what is personal in it, and for which types it is labelled completely. */
export interface PiiRow {
  readonly id: string;
  readonly text: string;
  readonly spans: readonly PiiSpan[];
  readonly source: string;
  readonly scope: readonly string[];
  readonly group?: string;
  readonly group_split?: string;
}

/** Personal data and secrets, found by the function that the runtime hands whole messages to. */
export async function pii({
  folders,
}: {
  readonly folders: readonly string[];
}): Promise<{ figures: Figures; causes: readonly string[] }> {
  const rows = folders.flatMap(rowsOf);
  const tally = new PiiTally();
  for (const row of rows) tally.add(row, findSensitive(row.text));
  return { figures: { rows: rows.length, ...tally.figures(), ...speeds(rows) }, causes: tally.causes() };
}

function rowsOf(path: string): PiiRow[] {
  const file = statSync(path).isDirectory() ? join(path, 'dev.jsonl') : path;
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as PiiRow);
}

const secrets = ['API_KEY', 'JWT', 'PRIVATE_KEY', 'PASSWORD', 'URL_CREDENTIALS'];
const structured = Object.keys(sensitiveTypes).filter(
  (type) => type !== 'PERSON' && type !== 'ADDRESS' && !secrets.includes(type),
);

/** Megabytes a second on one core, over the rows' own texts as documents of 64 kB. */
function speeds(rows: readonly PiiRow[]): Figures {
  const documents = documentsOf(rows);
  const bytes = documents.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const speed = (types?: ReadonlySet<string>): number => {
    const find = (text: string): SensitiveMatch[] => findSensitive(text, types ? { types } : {});
    let best = Infinity;
    // The first run warms up; the thread's own time, as other programs share the cores.
    for (let run = 0; run < 3; run++) {
      const before = process.threadCpuUsage();
      for (const text of documents) find(text);
      const { user, system } = process.threadCpuUsage(before);
      best = Math.min(best, (user + system) / 1_000);
    }
    return bytes / 1_000 / best;
  };
  return {
    'mbPerSecond.structured': speed(new Set(structured)),
    'mbPerSecond.secrets': speed(new Set([...structured, ...secrets])),
    'mbPerSecond.all': speed(),
  };
}

function documentsOf(rows: readonly PiiRow[]): string[] {
  const documents: string[] = [];
  let text = '';
  // Every nth row, so that each source has its share of one megabyte.
  const length = rows.reduce((sum, row) => sum + row.text.length, 0);
  const step = Math.max(1, Math.ceil(length / 1_000_000));
  for (let i = 0; i < rows.length; i += step) {
    text += `${rows[i]?.text ?? ''}\n\n`;
    if (text.length < 65_536) continue;
    documents.push(text);
    text = '';
  }
  if (text) documents.push(text);
  return documents;
}
