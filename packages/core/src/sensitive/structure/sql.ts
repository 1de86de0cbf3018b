import type { FieldNames } from '../types.ts';
import { named, plainLeaf, stringLeaf, type Leaf } from './leaf.ts';

const insert =
  /\binsert\s{1,8}(?:ignore\s{1,8})?into\s{1,8}[\w."`[\]]{1,130}\s{0,8}\(([^()]{1,2000})\)\s{0,8}values\s{0,8}\(/giy;

/**
 * Rows of `INSERT INTO t (a, b) VALUES (…), (…)` with their columns' names.
 *
 * @returns nothing where no such statement begins at `start`.
 */
export function readInsert(
  text: string,
  start: number,
  limit: number,
  field: FieldNames,
): { end: number; leaves: Leaf[] } | undefined {
  insert.lastIndex = start;
  const head = insert.exec(text);
  if (!head || insert.lastIndex > limit) return undefined;
  const names = (head[1] as string).split(',', 200).map((name) => named(field, name.replace(/[\s"`[\]]/g, '')));
  const leaves: Leaf[] = [];
  let at = insert.lastIndex;
  let column = 0;
  while (at < limit) {
    const char = text[at];
    if (char === "'") {
      const close = closing(text, at, limit);
      leaves.push(stringLeaf(text, at + 1, close, names[column] ?? field));
      at = close + 1;
    } else if (char === ',') {
      column++;
      at++;
    } else if (char === '(') {
      column = 0;
      at++;
    } else if (char === ')') {
      at++;
      if (!/^\s{0,8},\s{0,8}\(/.test(text.slice(at, at + 20))) break;
      at = text.indexOf('(', at);
    } else {
      const from = at;
      while (at < limit && !",()'".includes(text[at] as string)) at++;
      if (at - from > 1) leaves.push(plainLeaf(text, from, at, names[column] ?? field));
    }
  }
  return { end: at, leaves };
}

/** A quote in a string is doubled (SQL) or escaped (MySQL). */
function closing(text: string, open: number, limit: number): number {
  let at = open + 1;
  while (at < limit) {
    if (text[at] === '\\') at += 2;
    else if (text[at] !== "'") at++;
    else if (text[at + 1] === "'") at += 2;
    else return at;
  }
  return limit;
}
