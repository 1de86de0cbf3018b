import type { FieldNames } from '../types.ts';
import { readJson } from './json.ts';
import type { Leaf } from './leaf.ts';
import { readLines } from './lines.ts';
import { newMarkup, readNode, readTag, tagEnd } from './markup.ts';
import { readInsert } from './sql.ts';

const openers = /[{[]|<\/?[a-zA-Z]|\binsert\s/gi;

/**
 * Cuts a text into its values, each with what names it, and the prose between them: JSON and its likes anywhere in the text,
 * HTML and XML, SQL inserts, CSV and other tables, `key: value` lines. Every character that can be part of a value is in
 * some leaf. Linear in the text's length: what was read as one thing is not read again as another.
 */
export function leavesOf(text: string, field: FieldNames): Leaf[] {
  const leaves: Leaf[] = [];
  const markup = newMarkup();
  const into = { field, leaves };
  let tagged = false;
  let prose = 0;
  const flush = (to: number) => {
    if (to <= prose) return;
    if (tagged) readNode(text, [prose, to], markup, into);
    else readLines(text, prose, to, field, leaves);
  };
  openers.lastIndex = 0;
  for (let found = openers.exec(text); found; found = openers.exec(text)) {
    const { index } = found;
    const char = text[index];
    let end: number | undefined;
    if (char === '<') {
      end = tagEnd(text, index);
      if (end !== undefined) {
        flush(index);
        readTag(text, [index, end], markup, into);
        tagged = true;
        prose = end;
      }
    } else {
      const region =
        char === '{' || char === '['
          ? readJson(text, index, text.length, field)
          : readInsert(text, index, text.length, field);
      if (region && region.leaves.length > 0) {
        flush(index);
        leaves.push(...region.leaves);
        prose = region.end;
      }
      end = region?.end;
    }
    openers.lastIndex = end ?? index + 1;
  }
  flush(text.length);
  return leaves;
}
