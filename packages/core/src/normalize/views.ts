import { decoders } from './decode/index.ts';
import { hiddenTexts } from './invisible.ts';
import { visible } from './visible.ts';
import type { HiddenText } from './invisible.ts';

/** What reading one text may cost. Beyond it the views are not complete, and say so. */
export interface ViewBudget {
  /** UTF-16 code units of the text that are read. */
  readonly maxInput: number;
  /** Transforms upon each other. */
  readonly maxDepth: number;
  readonly maxViews: number;
  /** UTF-16 code units of all decoded texts together. */
  readonly maxDecoded: number;
}
export const viewBudget: ViewBudget = { maxInput: 1_000_000, maxDepth: 4, maxViews: 200, maxDecoded: 250_000 };

/** A text as it can be read. */
export interface View {
  /** Visible text (`visible.ts`), case as written. */
  readonly text: string;
  /** Transforms, outermost first; empty: as it stands. */
  readonly via: readonly string[];
  /** What it was read from, in offsets of the original. */
  readonly start: number;
  readonly end: number;
  /** An offset of this view's text in the original. Of a decoded view: the stretch it was read from. */
  toOriginal(offset: number, edge?: 'start' | 'end'): number;
}

export interface Views {
  readonly views: readonly View[];
  readonly hidden: readonly HiddenText[];
  readonly complete: boolean;
}

/**
 * All ways to read a text that are worth judging: as it stands, its invisible parts, and what every decoder finds, again
 * and again within the budget. The first view is the text as a reader sees it.
 */
export function viewsOf(text: string, budget: Partial<ViewBudget> = {}): Views {
  const { maxInput, maxDepth, maxViews, maxDecoded } = { ...viewBudget, ...budget };
  const read = text.length > maxInput ? text.slice(0, maxInput) : text;
  let complete = read.length === text.length;
  const seen = visible(read);
  // One character may become eighteen (U+FDFA): what grows so is no honest text.
  const shown = seen.text.slice(0, read.length * 2 + 64);
  if (shown.length < seen.text.length) complete = false;
  const views: View[] = [
    { text: shown, via: [], start: 0, end: read.length, toOriginal: (offset, edge) => seen.toOriginal(offset, edge) },
  ];
  const known = new Set([shown]);
  const hidden = hiddenTexts(read);
  let decoded = 0;
  const add = (found: string, via: readonly string[], start: number, end: number): void => {
    const piece = visible(found).text;
    if (piece.length < 4 || known.has(piece)) return;
    decoded += piece.length;
    if (views.length >= maxViews || decoded > maxDecoded) {
      complete = false;
      return;
    }
    known.add(piece);
    views.push({ text: piece, via, start, end, toOriginal: (_, edge = 'start') => (edge === 'start' ? start : end) });
  };
  for (const { kind, start, end, text: said } of hidden) add(said, [kind], start, end);
  for (let i = 0; i < views.length; i++) {
    const view = views[i] as View;
    const guessed = view.via.filter((each) => guesses.has(each)).length;
    for (const { name, guess, decode } of decoders) {
      if (guess && guessed >= 2) continue;
      // A second reading of the same kind is what came out of it, or noise.
      if (view.via.at(-1) === name && !nests.has(name)) continue;
      const pieces = decode(view.text);
      if (pieces.length === 0) continue;
      if (view.via.length >= maxDepth) {
        complete = false;
        continue;
      }
      for (const { text: piece, start, end } of pieces) {
        add(piece, [...view.via, name], view.toOriginal(start), view.toOriginal(end, 'end'));
      }
    }
  }
  return { views, hidden, complete };
}

const guesses: ReadonlySet<string> = new Set(decoders.filter(({ guess }) => guess).map(({ name }) => name));
/** Encodings that are put upon themselves. */
const nests: ReadonlySet<string> = new Set([
  'base64',
  'base32',
  'hex',
  'binary',
  'percent',
  'html-entities',
  'character-codes',
  'hex-escape',
  'unicode-escape',
  'quoted-printable',
]);
