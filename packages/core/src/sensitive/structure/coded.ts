import type { Edit } from '../../normalize/visible.ts';
import type { Leaf } from './leaf.ts';

const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  commat: '@',
  period: '.',
  hyphen: '-',
  dash: '-',
  ndash: '-',
  lowbar: '_',
  plus: '+',
  colon: ':',
  lpar: '(',
  rpar: ')',
};
const code = /&#(?:x([0-9a-f]{1,6})|(\d{1,7}));|&([a-z]{2,6});|%([2-7][0-9a-f])/gi;
const codes = /&(?:#|[a-z]{2,6};)|%[2-7][0-9a-f]/i;

/** Whether a text has characters that stand for others in HTML (character references) or links (RFC 3986 section 2.1). */
export const isCoded = (text: string): boolean => codes.test(text);

/** What such a text says. */
export function decodedLeaf({ text, field }: Leaf): Leaf {
  const edits: Edit[] = [];
  let said = '';
  let done = 0;
  code.lastIndex = 0;
  for (let found = code.exec(text); found; found = code.exec(text)) {
    const read = character(found);
    if (read === undefined) continue;
    said += text.slice(done, found.index);
    done = found.index + found[0].length;
    edits.push({ from: said.length, to: said.length + read.length, originalFrom: found.index, originalTo: done });
    said += read;
  }
  return { text: said + text.slice(done), field, start: 0, edits };
}

function character([, hex, decimal, name, percent]: RegExpExecArray): string | undefined {
  if (name !== undefined) return named[name.toLowerCase()];
  const point = decimal === undefined ? Number.parseInt(hex ?? percent ?? '', 16) : Number(decimal);
  return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : undefined;
}
