import type { Json, JsonObject } from '../events.ts';
import { fold } from '../normalize/fold.ts';
import { showCode, showText } from '../normalize/show.ts';
import { visible } from '../normalize/visible.ts';
import { escapePointer } from './texts.ts';

/** One place in which two definitions differ; the texts are visible forms, safe to show. What was cut has a `…` in it. */
export interface Difference {
  /** JSON pointer (RFC 6901). */
  readonly at: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly before?: string;
  readonly after?: string;
}

const mostDifferences = 200;
/** Characters that are shown of one side. */
const longestShown = 2_000;
const context = 60;

/**
 * How a definition differs from the reviewed one, place by place, in the order of the earlier one. Invisible characters are
 * written out, and all but ASCII where the two read alike, so that no difference shows as none. Long texts are shown around where they differ. At most 200 places: where
 * there are more, it is another tool.
 */
export function diffDefinitions(before: JsonObject, after: JsonObject): readonly Difference[] {
  const found: Difference[] = [];
  compare(before, after, '', found);
  return found;
}

function compare(before: Json, after: Json, at: string, found: Difference[]): void {
  if (found.length >= mostDifferences || before === after) return;
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after)) {
    // `1` and `"1"`.
    const isAlike = written(before) === written(after);
    const texts = isAlike
      ? ([JSON.stringify(before), JSON.stringify(after)] as const)
      : ([written(before), written(after)] as const);
    found.push({ at, change: 'changed', ...shownBoth(...texts) });
    return;
  }
  const old = new Map<string, Json>(Object.entries(before));
  const fresh = new Map<string, Json>(Object.entries(after));
  for (const key of new Set([...old.keys(), ...fresh.keys()])) {
    if (found.length >= mostDifferences) return;
    const place = `${at}/${escapePointer(key)}`;
    const was = old.get(key);
    const is = fresh.get(key);
    if (was === undefined && is !== undefined) found.push({ at: place, change: 'added', after: shown(written(is)) });
    else if (is === undefined && was !== undefined) {
      found.push({ at: place, change: 'removed', before: shown(written(was)) });
    } else if (was !== undefined && is !== undefined) compare(was, is, place, found);
  }
}

const isContainer = (value: Json): value is JsonObject | readonly Json[] => typeof value === 'object' && value !== null;
const written = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));
const shown = (text: string): string => showText(text, longestShown);

/** A short text is shown whole; of a long one, from a little before where the two part to a little after they meet again. */
function shownBoth(before: string, after: string): { readonly before: string; readonly after: string } {
  const show = reading(before) === reading(after) ? spelled : shown;
  if (before.length <= longestShown && after.length <= longestShown)
    return { before: show(before), after: show(after) };
  const shortest = Math.min(before.length, after.length);
  let head = 0;
  while (head < shortest && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < shortest - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const window = (text: string): string => {
    const from = Math.max(0, head - context);
    const to = Math.min(text.length, text.length - tail + context);
    return `${from > 0 ? '…' : ''}${show(text.slice(from, to))}${to < text.length ? '…' : ''}`;
  };
  return { before: window(before), after: window(after) };
}

/** What somebody reads there: composed or not, and with letters that pass for others as those. */
const reading = (text: string): string => fold(visible(text).text).text;
const spelled = (text: string): string => shown(text).replaceAll(/[^\n\x20-\x7e⟨⟩…]/gu, showCode);
