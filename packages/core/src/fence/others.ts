import { candidatesIn } from './candidates.ts';
import { segmentsOf } from './segments.ts';

/** Of each key, the type of the identifier where it is another owner's; undefined where it may pass. */
export type TellOthers = (keys: readonly string[]) => readonly (string | undefined)[];

/** An identifier of another owner. Offsets in UTF-16 code units. */
export interface Found {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** What of a text identifies others, in order, without overlaps. */
export function findOthers(text: string, tell: TellOthers): Found[] {
  const found: Found[] = [];
  let at = 0;
  for (const segment of segmentsOf(text)) {
    for (const { type, start, end } of othersIn(segment, tell)) found.push({ type, start: start + at, end: end + at });
    at += segment.length;
  }
  return found;
}

/** The same for one segment. */
export function othersIn(segment: string, tell: TellOthers): Found[] {
  const candidates = candidatesIn(segment);
  if (candidates.length === 0) return [];
  const types = tell(candidates.map(({ key }) => key));
  const hits = candidates.flatMap(({ start, end }, index): Found[] => {
    const type = types[index];
    return type === undefined ? [] : [{ type, start, end }];
  });
  const merged: Found[] = [];
  for (const hit of hits.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = merged.at(-1);
    if (!last || hit.start >= last.end) merged.push(hit);
    else if (hit.end > last.end) merged[merged.length - 1] = { ...last, end: hit.end };
  }
  return merged;
}

export const withheld = (type: string): string => `[${type} of another owner withheld]`;

/** The text with what was found in it withheld. */
export function withhold(text: string, found: readonly Found[]): string {
  let out = '';
  let at = 0;
  for (const { type, start, end } of found) {
    out += text.slice(at, start) + withheld(type);
    at = end;
  }
  return out + text.slice(at);
}

/** `2 × EMAIL, 1 × ID`. */
export function countsOf(found: readonly { readonly type: string }[]): string {
  const counts = new Map<string, number>();
  for (const { type } of found) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => `${count} × ${type}`).join(', ');
}
