import type { ArgumentTest } from './patterns.ts';
import type { AuthorizationRequest } from './policy.ts';
import type { Cell, CellKind } from './permissions.ts';
import type { Evaluation } from './evaluate.ts';
import type { Reason } from '../decision.ts';
import type { Rule } from './rules.ts';
import type { View } from './arguments.ts';
import { cellCovers, cellYields } from './matrix.ts';
import { cellId, cellKindNames, cellKinds } from './permissions.ts';
import { showText } from '../normalize/show.ts';

/** What reasons need to know of the permission matrix. */
export interface MatrixContext {
  /** The file's name, or where one would be. */
  readonly file: string;
  readonly cells: readonly Cell[];
}

export function failureReasons({ errors }: Evaluation): Reason[] {
  return errors.map(({ rule, message }) => ({
    code: 'guard_failed',
    ...(rule === undefined ? {} : { rule: rule.ref.place }),
    detail: `The policies could not be evaluated: ${showText(message, 300)}.`,
    fix: 'Correct the named rule; a rule that cannot be evaluated denies.',
  }));
}

export function forbidReasons(forbids: readonly Rule[], matrix: MatrixContext): Reason[] {
  return forbids.map(({ ref, cell }) => ({
    code: 'forbidden',
    rule: ref.place,
    fix:
      cell === undefined
        ? `Change the forbid in ${ref.place}.`
        : `Change ${cellPlace(cell)} in ${matrix.file} from deny to ask or allow.`,
  }));
}

/** Why a hold: the forbids that an approval lifts, or else the permits that it opens. */
export function holdReasons(before: Evaluation, approved: Evaluation, view: View): Reason[] {
  const rules = before.forbids.length > 0 ? before.forbids : approved.permits;
  return rules.flatMap((rule) => {
    const failed = rule.cell === undefined ? undefined : unmet(rule.cell, view)[0];
    return {
      code: 'approval_required' as const,
      rule: rule.ref.place,
      ...(failed === undefined ? {} : demandOf(failed, view)),
      fix: `Approve it${rule.cell === undefined ? '' : `, or change ${cellPlace(rule.cell)}`}.`,
    };
  });
}

/** Nothing permits: the cells that would have, had their patterns held; or else the cell that is missing. */
export function missingReasons(request: AuthorizationRequest, view: View, matrix: MatrixContext): Reason[] {
  const ruling = rulingCells(request, matrix.cells);
  const failed = ruling.flatMap((cell) =>
    unmet(cell, view).map((test): Reason => ({
      code: 'no_permission',
      rule: `${matrix.file}#${cellId(cell)}`,
      ...demandOf(test, view),
      fix: `Change \`when.${test.path}\` of ${cellPlace(cell)} in ${matrix.file} if this value is fine.`,
    })),
  );
  if (failed.length > 0) return failed;
  const kind = kindOf(request);
  const [role] = request.principal.roles;
  const name = showText(request.resource);
  return [
    {
      code: 'no_permission',
      detail: `No rule permits ${request.action} on ${name} for ${rolesText(request.principal.roles)}.`,
      fix:
        role === undefined
          ? `Give the agent a role, and add \`${name}: allow\` under roles.<role>.${kind} in ${matrix.file}.`
          : `Add \`${name}: allow\` under roles.${role}.${kind} in ${matrix.file}.`,
    },
  ];
}

const rolesText = (roles: readonly string[]): string =>
  roles.length === 0 ? 'an agent without a role' : `role ${roles.map((role) => showText(role)).join(', ')}`;

const kindOf = ({ action }: AuthorizationRequest): CellKind =>
  cellKindNames.find((kind) => cellKinds[kind] === action) ?? 'tools';

const cellPlace = ({ role, kind, name }: Cell): string => `roles.${role}.${kind}.${showText(name)}`;

/** The cells that rule this resource for the agent's roles. */
function rulingCells({ principal, resource, ...request }: AuthorizationRequest, cells: readonly Cell[]): Cell[] {
  const kind = kindOf({ principal, resource, ...request });
  const covering = cells.filter(
    (cell) => cell.kind === kind && principal.roles.includes(cell.role) && cellCovers(cell, resource),
  );
  return covering.filter((cell) => !covering.some((other) => cellYields(cell, other)));
}

const unmet = (cell: Cell, view: View): ArgumentTest[] => cell.when.filter((test) => !test.holds(view.get(test.path)));

function demandOf(test: ArgumentTest, view: View): Pick<Reason, 'path' | 'value' | 'detail'> {
  const path = `arguments.${showText(test.path)}`;
  const leaf = view.get(test.path);
  const demand = showText(test.demand(leaf), 300);
  if (leaf === undefined) return { path, detail: `${path} is missing or no plain value; it ${demand}` };
  return { path, value: showText(leaf.text), detail: `${path} ${demand}` };
}
