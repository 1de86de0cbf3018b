import { reveal } from './reveal.ts';

/** A stretch of text, and whether it is the value sought. */
export interface Stretch {
  readonly text: string;
  readonly isHit: boolean;
}

/** More hits than these say nothing more; a longer value is found by its beginning. */
const most = { hits: 50, length: 2_000 };

/**
 * Marks where values stand in hostile text, whatever case they have and whatever invisible characters were put into them to
 * hide them from a search. Linear in the length of the text, for each value.
 */
export function stretchesOf(text: string, values: readonly string[]): Stretch[] {
  const { text: folded, places } = fold(text);
  const hits = values.flatMap((value) => hitsOf(folded, value)).toSorted((a, b) => a.from - b.from);
  const stretches: Stretch[] = [];
  let done = 0;
  for (const hit of hits) {
    const start = Math.max(done, places[hit.from] ?? text.length);
    const end = (places[hit.to - 1] ?? text.length - 1) + 1;
    // One value may stand inside another.
    if (end <= start) continue;
    if (start > done) stretches.push({ text: text.slice(done, start), isHit: false });
    stretches.push({ text: text.slice(start, end), isHit: true });
    done = end;
  }
  if (done < text.length || stretches.length === 0) stretches.push({ text: text.slice(done), isHit: false });
  return stretches;
}

function hitsOf(folded: string, value: string): { readonly from: number; readonly to: number }[] {
  const sought = fold(value.slice(0, most.length)).text.trim();
  const hits: { from: number; to: number }[] = [];
  if (sought.length < 2) return hits;
  let at = folded.indexOf(sought);
  while (at !== -1 && hits.length < most.hits) {
    hits.push({ from: at, to: at + sought.length });
    at = folded.indexOf(sought, at + sought.length);
  }
  return hits;
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
