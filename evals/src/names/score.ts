import type { Finder } from '../../../packages/core/src/sensitive/types.ts';
import { sourceOf, wholeAddresses, type Row, type Span } from './corpus.ts';

const family = (type: string) => (type === 'LOCATION' || type === 'POSTCODE' ? 'ADDRESS' : type);

/** Shared length over joint length. */
function overlap(a: Span, b: Span): number {
  const shared = Math.min(a.end, b.end) - Math.max(a.start, b.start);
  return shared <= 0 ? 0 : shared / (Math.max(a.end, b.end) - Math.min(a.start, b.start));
}

class Tally {
  found = 0;
  gold = 0;
  right = 0;
  wrong = 0;
  covered = 0;

  get figures(): string {
    const precision = this.right / Math.max(1, this.right + this.wrong);
    const recall = this.found / Math.max(1, this.gold);
    const f1 = (2 * precision * recall) / Math.max(1e-9, precision + recall);
    const cells = [precision, recall, f1, this.covered / Math.max(1, this.gold)].map((each) =>
      (each * 100).toFixed(1).padStart(5),
    );
    return `P ${cells[0]}  R ${cells[1]}  F1 ${cells[2]}  covered ${cells[3]}  of ${this.gold}`;
  }
}

/** Whether a union of matches holds every character of a span. */
function covers(matches: readonly Span[], span: Span): boolean {
  let at = span.start;
  for (const match of matches.toSorted((a, b) => a.start - b.start))
    if (match.start <= at && match.end > at) at = match.end;
  return at >= span.end;
}

type Wrongs = (row: Row, span: Span, missed: boolean) => void;

/** One row's spans of one type against what was found; only a type of the row's scope counts. */
function compare(
  row: Row,
  spans: readonly Span[],
  type: string,
  found: readonly Span[],
  tallies: readonly Tally[],
  wrongs?: Wrongs,
): void {
  if (!row.scope.includes('*') && !row.scope.some((each) => family(each) === type)) return;
  const left = new Set(found.filter((match) => match.type === type));
  for (const span of spans.filter((each) => family(each.type) === type)) {
    const match = [...left].find((each) => overlap(each, span) >= 0.5);
    if (match) left.delete(match);
    else if (span.type === type) wrongs?.(row, span, true);
    for (const tally of tallies) {
      if (match) tally.right++;
      if (span.type !== type) continue;
      tally.gold++;
      if (match) tally.found++;
      if (covers(found, span)) tally.covered++;
    }
  }
  for (const tally of tallies) tally.wrong += left.size;
  for (const match of left) wrongs?.(row, match, false);
}

/** Precision, recall and F1 by type and source; a match is right from IoU 0.5 on. */
export function score(rows: readonly Row[], find: Finder, wrongs?: Wrongs): string[] {
  const tallies = new Map<string, Tally>();
  const of = (key: string): Tally => {
    const tally = tallies.get(key) ?? new Tally();
    tallies.set(key, tally);
    return tally;
  };
  let clean = 0;
  let flagged = 0;
  for (const row of rows) {
    const found = find(row.text, []);
    if (row.spans.length === 0 && sourceOf(row) === 'hardneg') {
      clean++;
      if (found.length > 0) flagged++;
    }
    const both = (kind: string) => [of(`${kind} all`), of(`${kind} ${sourceOf(row)}`)];
    compare(row, row.spans, 'PERSON', found, both('PERSON'), wrongs);
    compare(row, row.spans, 'ADDRESS', found, both('ADDRESS'));
    compare(row, wholeAddresses(row), 'ADDRESS', found, both('whole ADDRESS'), wrongs);
  }
  const lines = [...tallies]
    .filter(([, tally]) => tally.gold + tally.wrong > 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...lines.map(([key, tally]) => `${key.padEnd(32)} ${tally.figures}`),
    `look-alikes with a detection     ${flagged} of ${clean}`,
  ];
}
