import type { ArgumentFacts, ArgumentTest } from './patterns.ts';
import type { AuthorizationRequest } from './policy.ts';
import type { Cell, CellKind } from './permissions.ts';
import type { Evaluation } from './evaluate.ts';
import type { Reason } from '../decision.ts';
import type { Rule } from './rules.ts';
import { cellCovers, cellYields } from './matrix.ts';
import { cellId, cellKindNames, cellKinds } from './permissions.ts';
import { showText } from '../normalize/show.ts';

/** What reasons need to know of the permission matrix. */
export interface MatrixContext {
  /** The file's name, or where one would be. */
  readonly file: string;
  readonly cells: readonly Cell[];
}

/** @param traced whether anything was known of where the call's values came from */
export function failureReasons({ errors }: Evaluation, traced: boolean): Reason[] {
  return errors.map(({ rule, message }) => ({
    code: 'guard_failed',
    ...(rule === undefined ? {} : { rule: rule.ref.place }),
    detail: `The policies could not be evaluated: ${showText(message, 300)}.`,
    fix:
      rule?.readsFlow === true && !traced
        ? 'The rule asks for labels or for what the session did before, which is only known of traced tool calls.'
        : 'Correct the named rule; a rule that cannot be evaluated denies.',
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

/**
 * The rules that hold: the forbids that an approval lifts, or else the permits that it opens. Where both need an approval
 * and the permits need more people, these as well.
 */
export function holdingRules(before: Evaluation, approved: Evaluation): readonly Rule[] {
  const { forbids } = before;
  if (forbids.length === 0) return approved.permits;
  // A permit that never asks for approval is enough; of the others nobody knows which one the operator relies on.
  const opened = approved.permits.every((rule) => rule.readsApproved) ? approved.permits : [];
  return [...forbids, ...opened.filter(({ approvers }) => approvers > mostApprovers(forbids))];
}

export const mostApprovers = (rules: readonly Rule[]): number =>
  Math.max(1, ...rules.map(({ approvers }) => approvers));

export function holdReasons(rules: readonly Rule[], facts: ArgumentFacts): Reason[] {
  return rules.map(({ ref, cell, approvers }) => {
    const failed = cell === undefined ? undefined : unmet(cell, facts)[0];
    return {
      code: 'approval_required' as const,
      rule: ref.place,
      ...(failed === undefined ? {} : demandOf(failed, facts)),
      fix: `Approve it${cell === undefined ? '' : `, or change ${cellPlace(cell)}`}.`,
      ...(approvers > 1 ? { approvers } : {}),
    };
  });
}

/** Nothing permits: the cells that would have, had their patterns held; or else the cell that is missing. */
export function missingReasons(request: AuthorizationRequest, facts: ArgumentFacts, matrix: MatrixContext): Reason[] {
  const ruling = rulingCells(request, matrix.cells);
  const failed = ruling.flatMap((cell) =>
    unmet(cell, facts).map((test): Reason => ({
      code: 'no_permission',
      rule: `${matrix.file}#${cellId(cell)}`,
      ...demandOf(test, facts),
      fix:
        test.explain(facts).fix ??
        `Change \`when.${test.path}\` of ${cellPlace(cell)} in ${matrix.file} if this value is fine.`,
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

const unmet = (cell: Cell, facts: ArgumentFacts): ArgumentTest[] => cell.when.filter((test) => !test.holds(facts));

function demandOf(test: ArgumentTest, facts: ArgumentFacts): Pick<Reason, 'path' | 'value' | 'detail'> {
  const path = `arguments.${showText(test.path)}`;
  const { value, detail } = test.explain(facts);
  return {
    path,
    ...(value === undefined ? {} : { value: showText(value) }),
    detail: `${path} ${showText(detail, 300)}`,
  };
}
