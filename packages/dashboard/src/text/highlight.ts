import { reveal } from './reveal.ts';

/** A stretch of text, and whether it is the value sought. */
export interface Stretch {
  readonly text: string;
  readonly isHit: boolean;
}

/** More hits than these say nothing more; a longer value is found by its beginning. */
const most = { hits: 50, length: 2_000 };

/**
 * Marks where a value stands in hostile text, whatever case it has and whatever invisible characters were put into it to
 * hide it from a search. Linear in the length of the text.
 */
export function stretchesOf(text: string, value: string): Stretch[] {
  const sought = fold(value.slice(0, most.length)).text.trim();
  if (sought.length < 2) return [{ text, isHit: false }];
  const { text: folded, places } = fold(text);
  const stretches: Stretch[] = [];
  let from = 0;
  let at = folded.indexOf(sought);
  for (let hits = 0; at !== -1 && hits < most.hits; hits++) {
    const start = places[at] ?? text.length;
    const end = (places[at + sought.length - 1] ?? text.length - 1) + 1;
    if (start > from) stretches.push({ text: text.slice(from, start), isHit: false });
    stretches.push({ text: text.slice(start, end), isHit: true });
    from = end;
    at = folded.indexOf(sought, at + sought.length);
  }
  if (from < text.length || stretches.length === 0) stretches.push({ text: text.slice(from), isHit: false });
  return stretches;
}

/** Without what cannot be seen and in lower case, and for each character left its place in the text. */
function fold(text: string): { readonly text: string; readonly places: readonly number[] } {
  const places: number[] = [];
  let folded = '';
  let at = 0;
  for (const piece of reveal(text)) {
    if (piece.kind === 'mark') {
      at += piece.length;
      continue;
    }
    for (const unit of piece.text.split('')) {
      const lower = unit.toLowerCase();
      folded += lower.length === 1 ? lower : unit;
      places.push(at);
      at += 1;
    }
  }
  return { text: folded, places };
}
