import type { CedarValueJson, Expr, PolicyJson } from './cedar.ts';
import type { Glob } from './glob.ts';
import type { Value } from './values.ts';
import {
  CedarRecord,
  CedarSet,
  Entity,
  EvaluationError,
  Extension,
  Unsupported,
  asBoolean,
  asEntity,
  asLong,
  asSet,
  asText,
  equal,
  exact,
  uidOf,
} from './values.ts';
import { constructors, methods } from './extensions.ts';
import { matchesGlob } from './glob.ts';

/** What a policy is evaluated against. */
export interface Environment {
  readonly principal: Entity;
  readonly action: Entity;
  readonly resource: Entity;
  readonly context: CedarRecord;
  /** Entities that exist, by uid. */
  readonly entities: ReadonlyMap<string, Entity>;
}

type Closure = (env: Environment) => Value;
type Test = (env: Environment) => boolean;

/**
 * Turns a policy in Cedar's JSON form into a function that says whether it applies. It throws `EvaluationError` where
 * Cedar would report an error, and `Unsupported` where Cedar itself must answer.
 *
 * @returns undefined for a policy with anything this compiler does not know
 * @see https://docs.cedarpolicy.com/policies/json-format.html
 */
export function compilePolicy(policy: PolicyJson): Test | undefined {
  try {
    const scope = [compileScope('principal', policy.principal), compileScope('resource', policy.resource)];
    const tests = [compileAction(policy.action), ...scope].filter((test) => test !== undefined);
    for (const { kind, body } of policy.conditions) {
      const condition = compileExpression(body);
      const wanted = kind === 'when';
      tests.push((env) => asBoolean(condition(env)) === wanted);
    }
    return (env) => tests.every((test) => test(env));
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}

function compileAction(action: PolicyJson['action']): Test | undefined {
  if (action.op === 'All') return undefined;
  if ('slot' in action) throw new Unsupported('slot');
  const uids = new Set(('entities' in action ? action.entities : [action.entity]).map(entityUid));
  // Sallyport's actions are in no groups, so `in` is equality.
  return (env) => uids.has(env.action.uid);
}

function compileScope(variable: 'principal' | 'resource', scope: PolicyJson['principal']): Test | undefined {
  if (scope.op === 'All') return undefined;
  if (scope.op === 'is') {
    const { entity_type: type } = scope;
    if (scope.in !== undefined && 'slot' in scope.in) throw new Unsupported('slot');
    const group = scope.in === undefined ? undefined : entityUid(scope.in.entity);
    return (env) => env[variable].type === type && (group === undefined || isIn(env[variable], group, env));
  }
  if ('slot' in scope) throw new Unsupported('slot');
  const uid = entityUid(scope.entity);
  if (scope.op === '==') return (env) => env[variable].uid === uid;
  return (env) => isIn(env[variable], uid, env);
}

export function entityUid(entity: { __entity: { type: string; id: string } } | { type: string; id: string }): string {
  if (!('__entity' in entity)) return uidOf(entity.type, entity.id);
  const { __entity: named } = entity;
  return uidOf(named.type, named.id);
}

/** The hierarchy has one level: agents and users are in roles. */
function isIn(entity: Entity, group: string, env: Environment): boolean {
  return entity.uid === group || (env.entities.get(entity.uid)?.parents.has(group) ?? false);
}

function isInAny(entity: Entity, groups: Value, env: Environment): boolean {
  if (!(groups instanceof CedarSet)) return isIn(entity, asEntity(groups).uid, env);
  const parents = env.entities.get(entity.uid)?.parents;
  return groups.items.some((item) => {
    const { uid } = asEntity(item);
    return uid === entity.uid || (parents?.has(uid) ?? false);
  });
}

function compileExpression(expression: Expr): Closure {
  const entries = Object.entries(expression);
  const [entry] = entries;
  if (entry === undefined || entries.length !== 1) throw new Unsupported('expression');
  const [operator, operand] = entry as [string, never];
  if (Object.hasOwn(operators, operator)) return (operators[operator] as (operand: never) => Closure)(operand);
  return compileCall(operator, operand);
}

interface Binary {
  readonly left: Expr;
  readonly right: Expr;
}

const binary =
  (apply: (left: Value, right: Value, env: Environment) => Value) =>
  ({ left, right }: Binary): Closure => {
    const a = compileExpression(left);
    const b = compileExpression(right);
    return (env) => apply(a(env), b(env), env);
  };

/** `<` and `<=` are defined on Longs, datetimes and durations, both sides of one type. */
const ordered = (holds: (a: bigint | number, b: bigint | number) => boolean, swap = false) =>
  binary((left, right) => {
    const [a, b] = swap ? [right, left] : [left, right];
    if (!(a instanceof Extension)) return holds(asLong(a), asLong(b));
    if (!(b instanceof Extension) || a.kind !== b.kind || a.kind === 'decimal')
      throw new EvaluationError('not comparable');
    return holds(a.amount, b.amount);
  });

/** By the name of the JSON form. The operands' shapes are Cedar's. */
const operators: Readonly<Record<string, (operand: never) => Closure>> = {
  Value: (value: CedarValueJson) => {
    const literal = literalOf(value);
    return () => literal;
  },
  Var: (name: 'principal' | 'action' | 'resource' | 'context') => (env) => env[name],
  '!': ({ arg }: { arg: Expr }) => {
    const inner = compileExpression(arg);
    return (env) => !asBoolean(inner(env));
  },
  neg: ({ arg }: { arg: Expr }) => {
    const inner = compileExpression(arg);
    return (env) => exact(0 - asLong(inner(env)));
  },
  '&&': ({ left, right }: Binary) => {
    const a = compileExpression(left);
    const b = compileExpression(right);
    return (env) => asBoolean(a(env)) && asBoolean(b(env));
  },
  '||': ({ left, right }: Binary) => {
    const a = compileExpression(left);
    const b = compileExpression(right);
    return (env) => asBoolean(a(env)) || asBoolean(b(env));
  },
  '==': binary(equal),
  '!=': binary((a, b) => !equal(a, b)),
  '<': ordered((a, b) => a < b),
  '<=': ordered((a, b) => a <= b),
  '>': ordered((a, b) => a < b, true),
  '>=': ordered((a, b) => a <= b, true),
  '+': binary((a, b) => exact(asLong(a) + asLong(b))),
  '-': binary((a, b) => exact(asLong(a) - asLong(b))),
  '*': binary((a, b) => exact(asLong(a) * asLong(b))),
  in: binary((left, right, env) => isInAny(asEntity(left), right, env)),
  contains: binary((set, item) => asSet(set).has(item)),
  containsAll: binary((set, other) => asSet(set).hasAll(asSet(other))),
  containsAny: binary((set, other) => {
    const all = asSet(set);
    return asSet(other).items.some((item) => all.has(item));
  }),
  isEmpty: ({ arg }: { arg: Expr }) => {
    const inner = compileExpression(arg);
    return (env) => asSet(inner(env)).items.length === 0;
  },
  hasTag: binary((entity, key, env) => existing(asEntity(entity), env)?.hasTag(asText(key)) ?? false),
  getTag: binary((entity, key, env) => {
    const tag = existing(asEntity(entity), env)?.tag(asText(key));
    if (tag === undefined) throw new EvaluationError('no such tag');
    return tag;
  }),
  '.': ({ left, attr }: { left: Expr; attr: string }) => {
    const inner = compileExpression(left);
    return (env) => {
      const value = fieldsOf(inner(env), env)?.get(attr);
      if (value === undefined) throw new EvaluationError(`no attribute ${attr}`);
      return value;
    };
  },
  has: ({ left, attr }: { left: Expr; attr: string | string[] }) => {
    const inner = compileExpression(left);
    const names = typeof attr === 'string' ? [attr] : attr;
    return (env) => {
      let value: Value = inner(env);
      return names.every((name) => {
        const next = fieldsOf(value, env)?.get(name);
        if (next !== undefined) value = next;
        return next !== undefined;
      });
    };
  },
  like: ({ left, pattern }: { left: Expr; pattern: ('Wildcard' | { Literal: string })[] }) => {
    const inner = compileExpression(left);
    const glob = globOf(pattern);
    return (env) => matchesGlob(glob, asText(inner(env)));
  },
  is: ({ left, entity_type: type, in: group }: { left: Expr; entity_type: string; in?: Expr }) => {
    const inner = compileExpression(left);
    if (group === undefined) return (env) => asEntity(inner(env)).type === type;
    const groups = compileExpression(group);
    return (env) => {
      const entity = asEntity(inner(env));
      return entity.type === type && isInAny(entity, groups(env), env);
    };
  },
  'if-then-else': (parts: { if: Expr; then: Expr; else: Expr }) => {
    const [condition, yes, no] = [parts.if, parts.then, parts.else].map(compileExpression) as [
      Closure,
      Closure,
      Closure,
    ];
    return (env) => (asBoolean(condition(env)) ? yes(env) : no(env));
  },
  Set: (items: Expr[]) => {
    const closures = items.map(compileExpression);
    return constantOr(items, (env) => new CedarSet(closures.map((item) => item(env))));
  },
  Record: (fields: Record<string, Expr>) => {
    const closures = Object.entries(fields).map(([name, field]) => [name, compileExpression(field)] as const);
    return (env) => new CedarRecord(new Map(closures.map(([name, field]) => [name, field(env)])));
  },
} satisfies Record<string, (operand: never) => Closure>;

/** A set of literals is made once. */
function constantOr(items: readonly Expr[], make: Closure): Closure {
  if (!items.every((item) => 'Value' in item)) return make;
  const values = items.map((item) => literalOf((item as { Value: CedarValueJson }).Value));
  const set = new CedarSet(values);
  return () => set;
}

function compileCall(name: string, operands: Expr[]): Closure {
  if (Object.hasOwn(constructors, name)) {
    const [literal] = operands;
    const text = literal !== undefined && 'Value' in literal ? literal.Value : undefined;
    const made = typeof text === 'string' && operands.length === 1 ? constructors[name]?.(text) : undefined;
    if (made === undefined) throw new Unsupported(name);
    return () => made;
  }
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (method === undefined || operands.length !== method.arity) throw new Unsupported(name);
  const closures = operands.map(compileExpression);
  return (env) => method.call(...closures.map((operand) => operand(env)));
}

function literalOf(value: CedarValueJson): Value {
  if (typeof value === 'boolean' || typeof value === 'string') return value;
  // The JSON form passes through doubles: a longer literal has already lost digits.
  if (typeof value === 'number') return exact(value);
  if (typeof value === 'object' && value !== null && '__entity' in value) {
    const { __entity: named } = value as { __entity: { type: string; id: string } };
    return new Entity(named.type, named.id);
  }
  throw new Unsupported('literal');
}

/** An entity that a policy names by its uid may be one of the request's. */
const existing = (entity: Entity, env: Environment): Entity | undefined => env.entities.get(entity.uid);

function fieldsOf(value: Value, env: Environment): ReadonlyMap<string, Value> | undefined {
  if (value instanceof CedarRecord) return value.fields;
  if (value instanceof Entity) return existing(value, env)?.attributes;
  throw new EvaluationError('expected an entity or a record');
}

function globOf(pattern: readonly ('Wildcard' | { Literal: string })[]): Glob {
  const literals: string[] = [''];
  for (const element of pattern) {
    if (element === 'Wildcard') literals.push('');
    else literals[literals.length - 1] += element.Literal;
  }
  return literals as [string, ...string[]];
}
