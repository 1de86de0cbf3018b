import { sensitiveTypes, type SensitiveMatch } from '@sallyport/core';
import type { Figures } from './main.ts';
import type { PiiRow, PiiSpan } from './pii.ts';

/** Types that the data's labels and the product's table cut differently: one counts for the other. */
const families: Readonly<Record<string, string>> = {
  API_KEY: 'SECRET',
  PRIVATE_KEY: 'SECRET',
  JWT: 'SECRET',
  PASSWORD: 'SECRET',
  URL_CREDENTIALS: 'SECRET',
  ADDRESS: 'PLACE',
  LOCATION: 'PLACE',
  POSTCODE: 'PLACE',
  DATE: 'DATE_OF_BIRTH',
};
const familyOf = (type: string): string => families[type] ?? type;
const reported = [...Object.keys(sensitiveTypes).filter((type) => familyOf(type) !== 'SECRET'), 'SECRET'];

interface Count {
  found: number;
  missed: number;
  exact: number;
  right: number;
  wrong: number;
}

/** Precision, recall and F1 by type: each labelled span takes the best unused finding of its family with IoU ≥ 0.5. */
export class PiiTally {
  private readonly counts = new Map<string, Count>();
  private readonly notes: string[] = [];
  private readonly spans = { offered: 0, offeredCovered: 0, all: 0, allCovered: 0 };
  private readonly lookalikes = { rows: 0, flagged: 0, structured: 0 };

  add(row: PiiRow, found: readonly SensitiveMatch[]): void {
    const used = new Set<SensitiveMatch>();
    for (const span of row.spans) {
      const best = bestFor(span, found, used);
      if (best) {
        used.add(best);
        this.count(row, best.type, (count) => count.right++);
      } else {
        this.note('missed', row, span);
      }
      this.count(row, span.type, (count) => {
        count[best ? 'found' : 'missed']++;
        if (best?.start === span.start && best.end === span.end) count.exact++;
      });
      this.cover(span, found);
    }
    for (const match of found) {
      if (used.has(match) || !(row.scope.includes('*') || row.scope.includes(match.type))) continue;
      this.count(row, match.type, (count) => count.wrong++);
      this.note(`wrong ${match.rule}`, row, match);
    }
    if (!row.source.startsWith('hardneg')) return;
    this.lookalikes.rows++;
    if (found.length > 0) this.lookalikes.flagged++;
    if (found.some(({ type }) => type !== 'PERSON' && type !== 'ADDRESS' && familyOf(type) !== 'SECRET')) {
      this.lookalikes.structured++;
    }
  }

  figures(): Figures {
    const figures: Record<string, number> = {};
    for (const type of reported) {
      for (const split of ['', '.unseen', '.both', '.dev-only', '.row-hash']) {
        const count = this.counts.get(type + split);
        if (!count || (split !== '' && split !== '.unseen' && type !== 'SECRET')) continue;
        const recall = share(count.found, count.found + count.missed);
        const precision = share(count.right, count.right + count.wrong);
        figures[`f1.${type}${split}`] = share(2 * precision * recall, precision + recall);
        if (split !== '') continue;
        figures[`precision.${type}`] = precision;
        figures[`recall.${type}`] = recall;
        figures[`exact.${type}`] = share(count.exact, count.found + count.missed);
      }
    }
    const { offered, offeredCovered, all, allCovered } = this.spans;
    figures['covered'] = share(offeredCovered, offered);
    figures['covered.all'] = share(allCovered, all);
    figures['lookalikesPer1000'] = 1_000 * share(this.lookalikes.flagged, this.lookalikes.rows);
    figures['lookalikesPer1000.structured'] = 1_000 * share(this.lookalikes.structured, this.lookalikes.rows);
    return figures;
  }

  causes(): readonly string[] {
    return this.notes;
  }

  private count(row: PiiRow, type: string, change: (count: Count) => void): void {
    const name = familyOf(type) === 'SECRET' ? 'SECRET' : type;
    const split = row.group_split === 'test-only' ? 'unseen' : (row.group_split ?? 'row-hash');
    for (const key of [name, `${name}.${split}`]) {
      const count = this.counts.get(key) ?? { found: 0, missed: 0, exact: 0, right: 0, wrong: 0 };
      this.counts.set(key, count);
      change(count);
    }
  }

  private cover(span: PiiSpan, found: readonly SensitiveMatch[]): void {
    let at = span.start;
    for (const { start, end } of found) if (start <= at && end > at) at = end;
    const whole = at >= span.end;
    this.spans.all++;
    if (whole) this.spans.allCovered++;
    if (!Object.hasOwn(sensitiveTypes, span.type)) return;
    this.spans.offered++;
    if (whole) this.spans.offeredCovered++;
  }

  private note(what: string, row: PiiRow, { type, start, end }: PiiSpan): void {
    const around = `${row.text.slice(Math.max(0, start - 40), start)}⟦${row.text.slice(start, end)}⟧${row.text.slice(end, end + 20)}`;
    this.notes.push(`${type} ${what} [${row.source}] ${JSON.stringify(around)}`);
  }
}

function bestFor(
  span: PiiSpan,
  found: readonly SensitiveMatch[],
  used: ReadonlySet<SensitiveMatch>,
): SensitiveMatch | undefined {
  let best: SensitiveMatch | undefined;
  let bestShare = 0.5;
  for (const match of found) {
    if (used.has(match) || familyOf(match.type) !== familyOf(span.type)) continue;
    const both = Math.min(match.end, span.end) - Math.max(match.start, span.start);
    const overlap = both / (Math.max(match.end, span.end) - Math.min(match.start, span.start));
    if (overlap < bestShare || (best && overlap === bestShare)) continue;
    best = match;
    bestShare = overlap;
  }
  return best;
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
