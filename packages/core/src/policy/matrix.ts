import type { Cell, CellKind } from './permissions.ts';
import type { Glob } from './glob.ts';
import { cellId, cellKinds } from './permissions.ts';
import { cedarPattern, covers, isEverything, isExact, matchesGlob, overlap } from './glob.ts';
import { cedarString } from './text.ts';
import { entityTypes } from './schema.ts';
import { policyActions } from './policy.ts';

/** One Cedar policy made from a cell. */
export interface CellPolicy {
  /** `support/send_email`, or `support/send_email (otherwise)`. */
  readonly id: string;
  readonly cell: Cell;
  readonly text: string;
}

/** The Cedar text of a permission matrix, cell by cell: allow permits, ask permits what a person approved, deny forbids. */
export function compileMatrix(cells: readonly Cell[], file: string): CellPolicy[] {
  return cells.flatMap((cell) => {
    const id = cellId(cell);
    const rivals = cells.filter((other) => cellYields(cell, other));
    const write = (suffix: string, effect: 'permit' | 'forbid', when: readonly string[], asks = false): CellPolicy => {
      const annotations = { id: id + suffix, place: `${file}#${id}`, ...(asks ? approversOf(cell) : {}) };
      const conditions = asks ? [...when, 'context.approved'] : when;
      return { id: id + suffix, cell, text: policyText(cell, annotations, effect, conditions, rivals) };
    };
    if (cell.decision === 'deny') return [write('', 'forbid', [])];
    const when = cell.when.flatMap((test) => test.cedar);
    const made = [write('', 'permit', when, cell.decision === 'ask')];
    if (cell.otherwise === 'ask') made.push(write(' (otherwise)', 'permit', [], true));
    return made;
  });
}

/**
 * Whether `cell` leaves the names that `other` covers to it. The more specific cell rules; of two patterns of which
 * neither is within the other, the stricter.
 */
export function cellYields(cell: Cell, other: Cell): boolean {
  if (cell === other || other.role !== cell.role || other.kind !== cell.kind) return false;
  if (isExact(cell.glob) || !overlapOf(cell, other)) return false;
  if (covers(cell.glob, other.glob)) return true;
  return !covers(other.glob, cell.glob) && strictness(other) > strictness(cell);
}

const overlapOf = (a: Cell, b: Cell): boolean => overlap(a.glob, b.glob);

const strictness = ({ decision, when, otherwise }: Cell): number => {
  if (decision === 'deny') return 4;
  if (when.length > 0 && otherwise === 'deny') return decision === 'ask' ? 3.5 : 3;
  if (decision === 'ask') return 2;
  return when.length > 0 ? 1 : 0;
};

const approversOf = ({ approvers }: Cell) => (approvers > 1 ? { approvers: String(approvers) } : {});

function policyText(
  cell: Cell,
  annotations: Readonly<Record<string, string>>,
  effect: 'permit' | 'forbid',
  conditions: readonly string[],
  rivals: readonly Cell[],
): string {
  const action = cellKinds[cell.kind];
  const exact = isExact(cell.glob);
  const resource = exact ? ` == Sallyport::${policyActions[action]}::${cedarString(cell.glob[0])}` : '';
  const lines = [
    ...Object.entries(annotations).map(([name, value]) => `@${name}(${cedarString(value)})`),
    `${effect} (`,
    `  principal in ${entityTypes.role}::${cedarString(cell.role)},`,
    `  action == ${entityTypes.action}::"${action}",`,
    `  resource${resource}`,
    ')',
  ];
  const when = [...(exact ? [] : nameConditions(cell.kind, cell.glob)), ...conditions];
  if (when.length > 0) lines.push('when {', `  ${when.join(' &&\n  ')}`, '}');
  const others = rivalConditions(rivals, policyActions[action]);
  if (others.length > 0) lines.push('unless {', `  ${others.join(' ||\n  ')}`, '}');
  return `${lines.join('\n')};\n`;
}

/** Exact names as one set: a chain of conditions is as deep as it is long, and a role may name a thousand tools. */
function rivalConditions(rivals: readonly Cell[], type: string): string[] {
  const exact = rivals.filter(({ glob }) => isExact(glob));
  const patterns = rivals.filter(({ glob }) => !isExact(glob));
  const names = exact.map(({ glob }) => `Sallyport::${type}::${cedarString(glob[0])}`);
  return [
    ...(names.length === 0
      ? []
      : [names.length === 1 ? `resource == ${names[0]}` : `resource in [${names.join(', ')}]`]),
    ...patterns.map(({ kind, glob }) => joined(nameConditions(kind, glob))),
  ];
}

const joined = (conditions: readonly string[]): string =>
  conditions.length > 1 ? `(${conditions.join(' && ')})` : (conditions[0] ?? 'true');

/** Conditions on the resource's attributes; none when every name matches. */
function nameConditions(kind: CellKind, glob: Glob): string[] {
  if (kind !== 'models' || isEverything(glob)) return nameCondition('resource.name', glob);
  const { provider, name } = splitModelGlob(glob);
  return [...nameCondition('resource.provider', provider), ...nameCondition('resource.name', name)];
}

function nameCondition(attribute: string, glob: Glob): string[] {
  if (isEverything(glob)) return [];
  return [isExact(glob) ? `${attribute} == ${cedarString(glob[0])}` : `${attribute} like ${cedarPattern(glob)}`];
}

/** A provider's name holds no slash, so the first slash of a pattern is the one between provider and name. */
function splitModelGlob(glob: Glob): { provider: Glob; name: Glob } {
  const at = glob.findIndex((literal) => literal.includes('/'));
  const literal = glob[at] ?? '';
  const slash = literal.indexOf('/');
  return {
    provider: [...glob.slice(0, at), literal.slice(0, slash)] as unknown as Glob,
    name: [literal.slice(slash + 1), ...glob.slice(at + 1)] as unknown as Glob,
  };
}

/** Whether the cell's name or pattern takes in a resource; the same question as its Cedar text asks. */
export function cellCovers(cell: Cell, resource: string): boolean {
  if (cell.kind !== 'models' || isExact(cell.glob) || isEverything(cell.glob)) return matchesGlob(cell.glob, resource);
  const { provider, name } = splitModelGlob(cell.glob);
  const slash = resource.indexOf('/');
  return matchesGlob(provider, resource.slice(0, Math.max(slash, 0))) && matchesGlob(name, resource.slice(slash + 1));
}
