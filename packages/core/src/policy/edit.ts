import { isMap, isScalar, parseDocument } from 'yaml';
import type { CellKind } from './permissions.ts';
import type { CellValue } from './cells.ts';
import { RuntimeFault } from '../errors.ts';

export interface CellEdit {
  readonly role: string;
  readonly kind: CellKind;
  readonly name: string;
  /** null removes the cell. */
  readonly cell: CellValue | null;
}

/**
 * Sets or removes one cell in the text of `permissions.yaml`. Comments and everything else stay as they are. The result
 * is not validated.
 *
 * @throws RuntimeFault `invalid_policy` when the text is no YAML map, `not_found` when there is no cell to remove
 */
export function editCell(text: string, { role, kind, name, cell }: CellEdit): string {
  const document = parseDocument(text);
  const unreadable = document.errors.length > 0 || (document.contents !== null && !isMap(document.contents));
  if (unreadable) throw new RuntimeFault('invalid_policy', { detail: 'permissions.yaml: correct the file first.' });
  const path = ['roles', role, kind, name];
  if (cell === null) {
    if (!document.hasIn(path)) throw new RuntimeFault('not_found', { detail: `There is no cell ${path.join('.')}.` });
    document.deleteIn(path);
    return document.toString({ lineWidth: 0 });
  }
  // `support:` with nothing below it is null, in which nothing can be set.
  for (const depth of [1, 2, 3]) {
    const above = path.slice(0, depth);
    if (!isMap(document.getIn(above))) document.setIn(above, document.createNode({}));
  }
  const old: unknown = document.getIn(path, true);
  if (isScalar(old) && typeof cell === 'string') old.value = cell;
  else {
    const node = document.createNode(cell, { flow: true });
    if (isScalar(old) || isMap(old)) Object.assign(node, { comment: old.comment, commentBefore: old.commentBefore });
    document.setIn(path, node);
  }
  return document.toString({ lineWidth: 0 });
}
