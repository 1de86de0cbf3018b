import { isMap, isNode, isScalar, parseDocument } from 'yaml';
import type { CellKind } from './permissions.ts';
import type { CellValue, TestValue } from './cells.ts';
import { RuntimeFault } from '../errors.ts';
import { cellSchema } from './cells.ts';

export interface CellEdit {
  readonly role: string;
  readonly kind: CellKind;
  readonly name: string;
  /** null removes the cell. */
  readonly cell: CellValue | null;
}

/**
 * Sets or removes one cell in the text of `permissions.yaml`. Comments and everything else stay as they are. The result
 * is not validated. An editor that does not know of `approvers`, `matches`, `from`, `links` or `user` leaves them out, and
 * must not take them away by that: what is left out stays, as long as the cell still asks and its argument has a
 * condition. `approvers: 1`, `from: untrusted` and `user: anyone` take them away.
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
  const before = cellSchema.safeParse(isNode(old) ? old.toJS(document) : undefined);
  const made = before.success ? withUnsaid(cell, before.data) : cell;
  if (isScalar(old) && typeof made === 'string') old.value = made;
  else {
    const node = document.createNode(made, { flow: true });
    if (isScalar(old) || isMap(old)) Object.assign(node, { comment: old.comment, commentBefore: old.commentBefore });
    document.setIn(path, node);
  }
  return document.toString({ lineWidth: 0 });
}

function withUnsaid(cell: CellValue, before: CellValue): CellValue {
  const {
    decision,
    when,
    otherwise,
    approvers = approversOf(before),
  } = typeof cell === 'string' ? { decision: cell } : cell;
  const asks = decision === 'ask' || otherwise === 'ask';
  const testsBefore = typeof before === 'string' ? {} : (before.when ?? {});
  const tests = Object.entries(when ?? {}).map(([path, test]) => {
    const old = Object.hasOwn(testsBefore, path) ? testsBefore[path] : undefined;
    return [path, old === undefined ? test : withUnsaidDemands(test, old)] as const;
  });
  const kept = asks && approvers > 1 ? { approvers } : {};
  if (when === undefined && otherwise === undefined && kept.approvers === undefined) return decision;
  return {
    decision,
    ...(when === undefined ? {} : { when: Object.fromEntries(tests) }),
    ...(otherwise === undefined ? {} : { otherwise }),
    ...kept,
  };
}

const approversOf = (cell: CellValue): number => (typeof cell === 'string' ? 1 : (cell.approvers ?? 1));

const nothing: Readonly<Record<string, unknown>> = { from: 'untrusted', links: 'untrusted', user: 'anyone' };

function withUnsaidDemands(test: TestValue, before: TestValue): TestValue {
  if (typeof before !== 'object') return test;
  const { from = 'untrusted', links = 'untrusted', user = 'anyone' } = before;
  const matches = 'matches' in before ? before.matches : undefined;
  const said: Exclude<TestValue, string | number | boolean> =
    typeof test === 'string' ? { matches: test } : typeof test === 'object' ? test : { in: [test] };
  const kept = matches === undefined || 'in' in said ? {} : { matches };
  const merged = { ...kept, ...said, from: said.from ?? from, links: said.links ?? links, user: said.user ?? user };
  const demands = Object.entries(merged).filter(([name, value]) => value !== undefined && value !== nothing[name]);
  const [first, ...others] = demands;
  const alone = typeof test !== 'object' && first !== undefined && others.length === 0;
  return alone ? test : Object.fromEntries(demands);
}
