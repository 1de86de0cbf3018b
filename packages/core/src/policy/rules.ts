import type { Cell } from './permissions.ts';
import type { Environment } from './compile.ts';
import type { Mention } from './arguments.ts';
import type { PolicyAction, RuleRef } from './policy.ts';
import type { PolicyJson, PolicyPart } from './cedar.ts';
import { compilePolicy, entityUid } from './compile.ts';
import { entityTypes } from './schema.ts';
import { flowEntityNames, flowNames } from './flow.ts';
import { mentionTree } from './arguments.ts';
import { policyActions } from './policy.ts';
import { uidOf } from './values.ts';

/** One policy, ready to be asked. */
export interface Rule {
  readonly ref: RuleRef;
  /** The policy's name within Cedar's engine. */
  readonly key: string;
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly json: PolicyJson;
  /** The cell it was made from. */
  readonly cell: Cell | undefined;
  /** Undefined: only Cedar's own engine can answer. */
  readonly applies: ((env: Environment) => boolean) | undefined;
  /** The paths of arguments that it reads, or `all` when it computes one. */
  readonly mentions: ReadonlySet<string> | 'all';
  readonly readsApproved: boolean;
  /** Whether it asks where values came from or what the session did before. */
  readonly readsFlow: boolean;
  /** How many people must approve what it holds. */
  readonly approvers: number;
}

export function makeRule(
  part: PolicyPart,
  key: string,
  origin: { place: string; file: string; line: number; cell?: Cell },
): Rule {
  const { json, text } = part;
  const conditions = JSON.stringify(json.conditions);
  return {
    ref: { id: json.annotations?.['id'] ?? origin.place, place: origin.place, effect: json.effect },
    key,
    file: origin.file,
    line: origin.line,
    text,
    json,
    cell: origin.cell,
    applies: compilePolicy(json),
    mentions: mentionsOf(json.conditions),
    readsApproved: conditions.includes('"approved"'),
    readsFlow: flowNames.some((name) => conditions.includes(JSON.stringify(name))),
    approvers: Number(json.annotations?.['approvers'] ?? 1),
  };
}

/**
 * Every key that the conditions pass to hasTag or getTag, whether or not the compiler knows the rest of them. Keys of
 * what is surely no argument do not count: neither `context.called.getTag(resource.name)` nor a claim of the user must make
 * more arguments be looked at.
 */
function mentionsOf(conditions: unknown): ReadonlySet<string> | 'all' {
  const found = new Set<string>();
  const visit = (node: unknown): boolean => {
    if (typeof node !== 'object' || node === null) return true;
    return Object.entries(node).every(([name, inner]: [string, unknown]) => {
      if ((name === 'hasTag' || name === 'getTag') && !Array.isArray(node) && !isNoArgument(inner)) {
        const right = (inner as { right?: { Value?: unknown } }).right?.Value;
        if (typeof right !== 'string') return false;
        found.add(right);
      }
      return visit(inner);
    });
  };
  return visit(conditions) ? found : 'all';
}

/** Whether an operand's left side is `context.user`, or `context.<name>` of one of the flow's entities. */
function isNoArgument(operand: unknown): boolean {
  const { left } = operand as { left?: { '.'?: { left?: { Var?: unknown }; attr?: unknown } } };
  const attribute = left?.['.'];
  return attribute?.left?.Var === 'context' && noArguments.some((name) => name === attribute.attr);
}

const noArguments = ['user', ...flowEntityNames];

/** The rules that can apply to a request, by what their scopes name. */
export interface Slice {
  readonly rules: readonly Rule[];
  /** What of the arguments they read; undefined for everything. */
  readonly mention: Mention | undefined;
  readonly readsApproved: boolean;
  readonly readsFlow: boolean;
  /** Whether Cedar's own engine must be asked. */
  readonly needsCedar: boolean;
}

export const anything = '*';
const maxRemembered = 2048;

/** Finds the rules for a request without looking at the others, however many there are. */
export class RuleIndex {
  readonly #rules = new Map<string, Rule[]>();
  readonly #remembered = new Map<string, Slice>();

  constructor(rules: readonly Rule[]) {
    for (const rule of rules) {
      for (const action of actionsOf(rule.json)) {
        const key = slot(action, keyOf(rule.json.resource), keyOf(rule.json.principal));
        const filed = this.#rules.get(key);
        if (filed === undefined) this.#rules.set(key, [rule]);
        else filed.push(rule);
      }
    }
  }

  /** @param principals uids of the agent and its roles */
  find(action: PolicyAction, resource: string, principals: readonly string[]): Slice {
    const key = JSON.stringify([action, resource, principals]);
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const slice = this.#slice(action, resource, principals);
    // Names come from models: what is remembered must not grow with what they invent.
    if (this.#remembered.size >= maxRemembered) this.#remembered.clear();
    if (key.length <= 512) this.#remembered.set(key, slice);
    return slice;
  }

  #slice(action: PolicyAction, resource: string, principals: readonly string[]): Slice {
    const rules = [resource, anything].flatMap((of) =>
      [...new Set(principals), anything].flatMap((by) => this.#rules.get(slot(action, of, by)) ?? []),
    );
    const paths = new Set<string>();
    for (const { mentions } of rules) if (mentions !== 'all') for (const path of mentions) paths.add(path);
    return {
      rules,
      mention: rules.some(({ mentions }) => mentions === 'all') ? undefined : mentionTree(paths),
      readsApproved: rules.some((rule) => rule.readsApproved),
      readsFlow: rules.some((rule) => rule.readsFlow),
      needsCedar: rules.some((rule) => rule.applies === undefined),
    };
  }
}

const slot = (action: string, resource: string, principal: string): string =>
  JSON.stringify([action, resource, principal]);

const allActions = Object.keys(policyActions) as readonly PolicyAction[];

export function actionsOf({ action }: PolicyJson): readonly PolicyAction[] {
  if (action.op === 'All' || 'slot' in action) return allActions;
  const named = new Set(('entities' in action ? action.entities : [action.entity]).map(entityUid));
  return allActions.filter((name) => named.has(uidOf(entityTypes.action, name)));
}

/** The one uid without which the scope cannot match, or `*`. */
export function keyOf(scope: PolicyJson['principal']): string {
  if (scope.op === '==' && 'entity' in scope) return entityUid(scope.entity);
  const group = scope.op === 'in' ? scope : scope.op === 'is' ? scope.in : undefined;
  return group !== undefined && 'entity' in group ? entityUid(group.entity) : anything;
}
