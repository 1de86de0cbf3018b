import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHash } from 'node:crypto';

export interface Span {
  readonly start: number;
  readonly end: number;
  readonly type: string;
}
/** One row of `pii/*.jsonl`: only types of `scope` are labelled in it completely. */
export interface Row {
  readonly id: string;
  readonly text: string;
  readonly spans: readonly Span[];
  readonly source: string;
  readonly licence: string;
  readonly scope: readonly string[];
  readonly group?: string;
  readonly group_split?: string;
}

export const rowsOf = (folder: string): Row[] =>
  readFileSync(join(folder, 'pii', 'dev.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row);

/** `hardneg:semver` and `ambientmeta:synthetic` are parts of one source. */
export const sourceOf = (row: Row): string => row.source.split(':')[0] ?? '';

/** A row's part of `parts`, by its text (or its group): the same one every time. */
export const partOf = (key: string, parts: number): number =>
  createHash('sha256').update(key).digest().readUInt32BE(0) % parts;

/** Sources a tagger may learn from: labelled by hand or made by programs, all under licences that allow it. */
export const taught = new Set([
  'presidio-research',
  'ambientmeta',
  'usaddress',
  'wikigold',
  'btc',
  'wnut17',
  'sec-filings',
  'agentshape',
  'hardneg',
]);

const addressFamily = new Set(['ADDRESS', 'LOCATION', 'POSTCODE']);
const numbered = /^\d{1,6}[a-z]? +\p{L}/iu;

/** Parts of one address that stand beside each other become one span: an address is one thing to take out. */
export function wholeAddresses(row: Row): Span[] {
  const spans = row.spans.toSorted((a, b) => a.start - b.start);
  const result: Span[] = [];
  for (const span of spans) {
    const last = result.at(-1);
    const family = addressFamily.has(span.type);
    const gap = last ? row.text.slice(last.end, span.start) : '';
    if (last && family && last.type === 'ADDRESS' && gap.length <= 8 && /^[\s,.>-]*$/.test(gap)) {
      result[result.length - 1] = { ...last, end: span.end };
    } else {
      const street = span.type === 'LOCATION' && numbered.test(row.text.slice(span.start, span.end));
      result.push(street ? { ...span, type: 'ADDRESS' } : span);
    }
  }
  return result;
}
