/** A text as a reader sees it, and where each of its characters stood. */
export interface VisibleText {
  readonly text: string;
  /**
   * An offset of `text` as an offset of the original, both in UTF-16 code units. As a `start` (default) it passes over what
   * was removed there, as an `end` it stays before that; inside a character that was written otherwise (`ﬁ` for `fi`) it
   * falls on that character's own edge, so that a span of `text` always covers all that it was made from.
   */
  toOriginal(offset: number, edge?: 'start' | 'end'): number;
}

/** A stretch that reads otherwise than it is written: four offsets, begin and end in both texts. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly originalFrom: number;
  readonly originalTo: number;
}

const ascii = /^[\0-\x7f]*$/;
/** Bounded runs, each with the ASCII character that a mark at its head belongs to, and the marks after its end. */
const run = /[\0-\x7f]?[^\0-\x7f]{1,64}[\p{M}\p{Default_Ignorable_Code_Point}\u1160-\u11ff]{0,64}/gu;
const cluster = /[\s\S][\p{M}\p{Default_Ignorable_Code_Point}\u1160-\u11ff]{0,64}/gu;
const ignorable = /[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu;

const readable = (text: string): string => text.replace(ignorable, '').normalize('NFKC');

/**
 * What a reader sees: NFKC (Unicode UAX #15: full-width, mathematical and circled letters become plain ones), without
 * characters that show nothing: zero-width, bidi controls, soft hyphens, tags, variation selectors (UAX #44,
 * Default_Ignorable_Code_Point). ASCII text comes back as the same string. Linear in time: every run of marks is cut at 64.
 */
export function visible(text: string): VisibleText {
  if (ascii.test(text)) return { text, toOriginal: (offset) => offset };
  const edits: Edit[] = [];
  const pieces: string[] = [];
  let done = 0;
  let length = 0;
  const keep = (until: number) => {
    if (until > done) pieces.push(text.slice(done, until));
    length += until - done;
    done = until;
  };
  for (const { 0: stretch, index } of text.matchAll(run)) {
    if (readable(stretch) === stretch) continue;
    for (const { 0: written, index: at } of stretch.matchAll(cluster)) {
      const read = readable(written);
      if (read === written) continue;
      const kept = written.startsWith(read) ? read.length : 0;
      keep(index + at + kept);
      const shown = kept ? '' : read;
      pieces.push(shown);
      done = index + at + written.length;
      edits.push({ from: length, to: length + shown.length, originalFrom: index + at + kept, originalTo: done });
      length += shown.length;
    }
  }
  if (edits.length === 0) return { text, toOriginal: (offset) => offset };
  keep(text.length);
  return { text: pieces.join(''), toOriginal: (offset, edge = 'start') => originalOffset(edits, offset, edge) };
}

/** Where an offset of the text as read stood in the text as written; the edits in ascending order. */
export function originalOffset(edits: readonly Edit[], offset: number, edge: 'start' | 'end'): number {
  let low = 0;
  let high = edits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const { from } = edits[middle] as Edit;
    if (edge === 'start' ? from <= offset : from < offset) low = middle + 1;
    else high = middle;
  }
  const edit = edits[low - 1];
  if (!edit) return offset;
  if (edge === 'start') return offset < edit.to ? edit.originalFrom : edit.originalTo + offset - edit.to;
  return offset <= edit.to ? edit.originalTo : edit.originalTo + offset - edit.to;
}
