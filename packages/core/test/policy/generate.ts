import type { ArgumentProvenance } from '../../src/flow/provenance.ts';
import type { AuthorizationRequest, RequestFlow } from '../../src/policy/policy.ts';
import type { Json, JsonObject } from '../../src/events.ts';
import type { UserRef } from '../../src/session.ts';
import { policyActions } from '../../src/policy/policy.ts';
import { argumentLeaves } from '../../src/policy/origins.ts';
import { integrities } from '../../src/flow/labels.ts';
import { counterNames } from '../../src/policy/schema.ts';
import { zeroCounters } from '../../src/session.ts';

/** A small seeded generator (mulberry32): the same seed gives the same policies and requests on every machine. */
export class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** A whole number in [0, sides). */
  roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  }
  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    return items[this.roll(items.length)] as T;
  }
  /** One of the alternatives, made only when chosen. */
  make<T>(...makers: readonly (() => T)[]): T {
    return this.pick(makers)();
  }
}

const roles = ['support', 'finance', 'ops'];
const tools = ['send_email', 'orders__list', 'orders__delete', 'pay', 'r*m'];
const paths = ['to', 'amount', 'items.id', 'a~1b', '__proto__', 'note', 'flag'];
const texts = ['', 'a', 'x@acme.example', 'evil@x.com', 'é€😀', 'a*b', 'line\nbreak', '"quoted"', 'EUR', '12', 'true'];
const patterns = [
  '*',
  '*@acme.example',
  'a*',
  '*a*',
  '',
  '*\\**',
  '*é*',
  '*b',
  'line*',
  '*\\"*',
  'x*@*e',
  '*😀',
  '*a*a',
  'x@*@*e',
];
const decimals = ['0.0', '12.5', '-3.25', '100.0', '0.0001', '922337203685477.5807'];
const instants = ['2024-01-01', '2024-02-29T10:00:00Z', '1970-01-01T00:00:00.001Z', '2026-11-21T23:59:59.999Z'];
const durations = ['0ms', '1d', '-1h', '8h30m', '1d2h3m4s5ms', '-90s'];

const labels = ['phi', 'secret', 'user:ann'];
const called = [...tools, '__proto__', 'unknown'];
const claims = ['customer', 'team', '__proto__', 'none'];
const context = ['tainted', 'labels', 'called', 'read', 'provenance'];

const quoted = (text: string): string => JSON.stringify(text).replaceAll(/\\u([0-9a-f]{4})/g, '\\u{$1}');
const role = (dice: Dice) => `Sallyport::Role::"${dice.pick(roles)}"`;
const list = (dice: Dice, make: () => string) => Array.from({ length: 1 + dice.roll(3) }, make).join(', ');

/** Expressions by type, so that what comes out passes Cedar's strict validation. */
class Expressions {
  readonly #dice: Dice;
  readonly #tool: boolean;
  constructor(dice: Dice, tool: boolean) {
    this.#dice = dice;
    this.#tool = tool;
  }

  boolean(depth: number): string {
    const dice = this.#dice;
    if (depth <= 0) return this.#test(0);
    const next = () => this.boolean(depth - 1);
    return dice.make(
      () => `(${next()} && ${next()})`,
      () => `(${next()} || ${next()})`,
      () => `!(${next()})`,
      () => `(if ${next()} then ${next()} else ${next()})`,
      () => this.#test(depth),
      () => this.#test(depth),
    );
  }

  #test(depth: number): string {
    const dice = this.#dice;
    const general = [
      () => 'context.approved',
      () => `${this.long(depth)} ${dice.pick(['<', '<=', '>', '>=', '==', '!='])} ${this.long(depth)}`,
      () => `${this.text()} ${dice.pick(['==', '!='])} ${this.text()}`,
      () => `${this.text()} like "${dice.pick(patterns)}"`,
      () => `[${list(dice, () => quoted(dice.pick(texts)))}].contains(${this.text()})`,
      () =>
        `[${list(dice, () => this.text())}].${dice.pick(['containsAll', 'containsAny'])}([${list(dice, () => this.text())}])`,
      () => `[${list(dice, () => this.text())}] ${dice.pick(['==', '!='])} [${list(dice, () => this.text())}]`,
      () => `[${list(dice, () => this.long(0))}].isEmpty()`,
      () => `principal in ${role(dice)}`,
      () => `context.user in [${list(dice, () => role(dice))}]`,
      () => `context.user ${dice.pick(['==', '!='])} Sallyport::User::"${dice.pick(['ann', 'bob'])}"`,
      () => `principal == Sallyport::Agent::"${dice.pick(['one', 'two'])}"`,
      () => `(Sallyport::Agent::"${dice.pick(['one', 'ghost'])}" has tenant)`,
      () => `Sallyport::Agent::"${dice.pick(['one', 'two'])}".tenant == "acme"`,
      () => `principal is Sallyport::Agent`,
      () => `context.user is Sallyport::User in ${role(dice)}`,
      () => `context.user.id ${dice.pick(['==', '!='])} ${this.text()}`,
      () => `Sallyport::User::"${dice.pick(['ann', 'bob'])}".id like "${dice.pick(patterns)}"`,
      () => this.#claimed((claim) => `${claim}.contains(${this.text()})`),
      () =>
        this.#claimed(
          (claim) => `${claim}.${dice.pick(['containsAll', 'containsAny'])}([${list(dice, () => this.text())}])`,
        ),
      () => this.#claimed((claim) => `${claim} ${dice.pick(['==', '!='])} [${list(dice, () => this.text())}]`),
      () => this.#claimed((claim) => `${claim}.isEmpty()`),
      () => `Sallyport::User::"${dice.pick(['ann', 'bob'])}".hasTag(${quoted(dice.pick(claims))})`,
      () => `principal is Sallyport::Agent in [${list(dice, () => role(dice))}]`,
      () => `context has session.${dice.pick(counterNames)}`,
      () => `${this.instant()} ${dice.pick(['<', '<=', '>', '>=', '==', '!='])} ${this.instant()}`,
      () => `${this.duration()} ${dice.pick(['<', '<=', '>', '>='])} ${this.duration()}`,
      () => `{a: ${this.long(0)}, b: ${this.text()}} == {b: ${this.text()}, a: ${this.long(0)}}`,
      () => `{a: ${this.long(0)}}.a == ${this.long(0)}`,
    ];
    const ofTools = [
      () => this.#tagged((tag) => `${tag} like "${dice.pick(patterns)}"`),
      () => this.#tagged((tag) => `${tag} ${dice.pick(['==', '!='])} ${this.text()}`),
      () => this.#tagged((tag) => `[${list(dice, () => quoted(dice.pick(texts)))}].contains(${tag})`),
      () => this.#tagged((tag) => `${tag} ${dice.pick(['==', '!='])} context.user.id`),
      () => this.#claimed((claim) => this.#tagged((tag) => `${claim}.contains(${tag})`)),
      () => this.#claimed((claim) => this.#tagged((tag) => `${claim}.contains(${tag})`)),
      () => this.#number(),
      () => this.#number(),
      () => `context.args.hasTag(${quoted(dice.pick(paths))})`,
    ];
    const kinds = this.#tool ? [general, ofTools, this.#flowTests()] : [general];
    return `(${dice.pick(dice.pick(kinds))()})`;
  }

  /** Where values came from, what they carry, and what the session did. */
  #flowTests(): (() => string)[] {
    const dice = this.#dice;
    const path = () => quoted(dice.pick(paths) + dice.pick(['', '', '#link']));
    const tool = () => (dice.roll(3) === 0 ? 'resource.name' : quoted(dice.pick(called)));
    const compare = () => `${dice.pick(['<', '<=', '>', '>=', '==', '!='])} ${dice.roll(6)}`;
    const has = (entity: string, key: string, use: (tag: string) => string) =>
      `context.${entity}.hasTag(${key}) && ${use(`context.${entity}.getTag(${key})`)}`;
    const set = () => `context.${dice.pick(['labels', 'read'])}`;
    const name = () => quoted(dice.pick([...labels, ...called]));
    return [
      () => 'context.tainted',
      () => has('provenance', path(), (tag) => `${tag} ${dice.pick(['==', '!='])} "${dice.pick(integrities)}"`),
      () => has('provenance', path(), (tag) => `["user", "operator"].contains(${tag})`),
      () => has('integrity', path(), (tag) => `${tag} ${compare()}`),
      () => has('integrity', 'resource.name', (tag) => `${tag} ${compare()}`),
      () => has(dice.pick(['called', 'denied', 'held']), tool(), (tag) => `${tag} ${compare()}`),
      () => `${set()}.contains(${name()})`,
      () => `${set()}.${dice.pick(['containsAny', 'containsAll'])}([${list(dice, name)}])`,
      () => `${set()} == [${list(dice, name)}]`,
      () => `${set()}.isEmpty()`,
      () => `context.labels.containsAll(context.read)`,
      () => `context has ${dice.pick(context)}`,
      () => `context.called ${dice.pick(['==', '!='])} context.${dice.pick(['called', 'denied'])}`,
      () => `context.held == Sallyport::Calls::"held"`,
      () => `Sallyport::Calls::"called".hasTag(${name()})`,
      () => `Sallyport::Provenance::"call".hasTag(${path()})`,
    ];
  }

  #tagged(use: (tag: string) => string): string {
    const key = quoted(this.#dice.pick(paths));
    return `context.args.hasTag(${key}) && ${use(`context.args.getTag(${key})`)}`;
  }

  #claimed(use: (claim: string) => string): string {
    const name = this.#dice.roll(5) === 0 && this.#tool ? 'resource.name' : quoted(this.#dice.pick(claims));
    return `context.user.hasTag(${name}) && ${use(`context.user.getTag(${name})`)}`;
  }

  #number(): string {
    const dice = this.#dice;
    const key = quoted(dice.pick(paths));
    const tag = `context.numbers.getTag(${key})`;
    const literal = `decimal("${dice.pick(decimals)}")`;
    const method = dice.pick(['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual']);
    const test = dice.roll(4) === 0 ? `${tag} == ${literal}` : `${tag}.${method}(${literal})`;
    return `context.numbers.hasTag(${key}) && ${test}`;
  }

  long(depth: number): string {
    const dice = this.#dice;
    const leaf = () =>
      dice.make(
        () => `context.session.${dice.pick(counterNames)}`,
        () => String(dice.roll(200) - 20),
        () => 'context.hour',
        () => 'context.weekday',
        () => `-(context.session.${dice.pick(counterNames)})`,
        () => `${this.duration()}.${dice.pick(['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays'])}()`,
      );
    if (depth <= 0) return leaf();
    return dice.make(
      leaf,
      () => `(${this.long(depth - 1)} + ${leaf()})`,
      () => `(${this.long(depth - 1)} - ${leaf()})`,
      () => `(context.session.${dice.pick(counterNames)} * ${dice.roll(9) - 4})`,
    );
  }

  text(): string {
    const dice = this.#dice;
    const leaves = [() => quoted(dice.pick(texts)), () => 'principal.tenant', () => 'resource.name'];
    return dice.pick(leaves)();
  }

  instant(): string {
    const dice = this.#dice;
    return dice.make(
      () => 'context.now',
      () => `datetime("${dice.pick(instants)}")`,
      () => `context.now.offset(duration("${dice.pick(durations)}"))`,
      () => 'context.now.toDate()',
    );
  }

  duration(): string {
    const dice = this.#dice;
    return dice.make(
      () => `duration("${dice.pick(durations)}")`,
      () => 'context.now.toTime()',
      () => `context.now.durationSince(${dice.pick(['context.now.toDate()', `datetime("${dice.pick(instants)}")`])})`,
    );
  }
}

/** One policy as Cedar text. It may still be refused: the validator also refuses what can never apply. */
export function generatePolicy(dice: Dice): string {
  const action = dice.pick(Object.keys(policyActions) as (keyof typeof policyActions)[]);
  const tool = action === 'tool_call' || dice.roll(2) === 0;
  const type = tool ? 'Tool' : policyActions[action];
  const principal = dice.make(
    () => 'principal',
    () => `principal in ${role(dice)}`,
    () => `principal == Sallyport::Agent::"${dice.pick(['one', 'two'])}"`,
    () => `principal is Sallyport::Agent in ${role(dice)}`,
    () => 'principal is Sallyport::Agent',
  );
  const named = `Sallyport::Action::"${tool ? 'tool_call' : action}"`;
  const scope = dice.pick([`action == ${named}`, `action in [${named}]`]);
  const resource = dice.make(
    () => 'resource',
    () => `resource == Sallyport::${type}::${quoted(dice.pick(tools))}`,
    () => `resource is Sallyport::${type}`,
  );
  const expressions = new Expressions(dice, tool);
  const clauses = Array.from(
    { length: dice.roll(3) },
    () => `${dice.pick(['when', 'unless'])} { ${expressions.boolean(dice.roll(4))} }`,
  );
  if (dice.roll(3) === 0) clauses.push('when { context.approved }');
  return `${dice.roll(4) === 0 ? 'forbid' : 'permit'} (${principal}, ${scope}, ${resource})\n${clauses.join('\n')};`;
}

const scalar = (dice: Dice): Json =>
  dice.make<Json>(
    () => dice.pick(texts),
    () => dice.pick([0, 12, 12.5, -3.25, 100, 0.0001, 0.00001, 1e15, 1e-7]),
    () => dice.roll(2) === 0,
    () => null,
  );

const value = (dice: Dice, depth: number): Json =>
  depth <= 0 || dice.roll(3) > 0
    ? scalar(dice)
    : dice.make<Json>(
        () => Array.from({ length: dice.roll(4) }, () => value(dice, depth - 1)),
        () => ({ id: value(dice, depth - 1), [dice.pick(['x', 'y.z'])]: scalar(dice) }),
      );

function generateArguments(dice: Dice): JsonObject {
  const names = ['to', 'amount', 'items', 'a.b', '__proto__', 'note', 'flag'];
  const chosen = names.filter(() => dice.roll(3) > 0);
  // fromEntries defines properties, so that __proto__ is an own one, as JSON.parse makes it.
  return Object.fromEntries(chosen.map((name) => [name, value(dice, 2)]));
}

function generateFlow(dice: Dice, args: JsonObject): RequestFlow {
  const record = (path: string, of: ArgumentProvenance['role']): ArgumentProvenance[] =>
    dice.roll(4) === 0
      ? []
      : [{ path, value: '', role: of, integrity: dice.pick(integrities), labels: [], origins: [] }];
  const leaves = argumentLeaves(args);
  if ('code' in leaves) throw new Error(leaves.detail);
  const provenance = leaves.flatMap(({ path }) => [
    ...record(path, dice.pick(['target', 'content'])),
    ...(dice.roll(3) === 0 ? [...record(path, 'link'), ...record(path, 'link')] : []),
  ]);
  const counts = () => Object.fromEntries(called.filter(() => dice.roll(2) === 0).map((tool) => [tool, dice.roll(6)]));
  return {
    tainted: dice.roll(2) === 0,
    labels: labels.filter(() => dice.roll(2) === 0),
    provenance: [...provenance, ...record('arguments.nowhere', 'target')],
    trajectory: { called: counts(), denied: counts(), held: counts(), read: called.filter(() => dice.roll(3) === 0) },
  };
}

function generateUser(dice: Dice): UserRef {
  const user = { id: dice.pick(['ann', 'bob', 'x@acme.example']), roles: roles.filter(() => dice.roll(2) === 0) };
  if (dice.roll(4) === 0) return user;
  const has = ['customer', 'team', '__proto__', 'pay'].filter(() => dice.roll(3) > 0);
  const valuesOf = () => Array.from({ length: dice.roll(4) }, () => dice.pick(texts));
  return { ...user, claims: Object.fromEntries(has.map((name) => [name, valuesOf()])) };
}

export function generateRequest(dice: Dice): AuthorizationRequest {
  const action =
    dice.roll(3) > 0 ? 'tool_call' : dice.pick(Object.keys(policyActions) as (keyof typeof policyActions)[]);
  const name = dice.pick([...tools, 'unknown', 'openai/gpt-5', 'api.acme.example']);
  const args = action === 'tool_call' ? generateArguments(dice) : undefined;
  const counters = Object.fromEntries(counterNames.map((counter) => [counter, dice.roll(150)]));
  return {
    principal: {
      id: dice.pick(['one', 'two', 'three']),
      tenant: dice.pick(['acme', 'a']),
      roles: roles.filter(() => dice.roll(2) === 0),
    },
    action,
    resource: name,
    ...(args === undefined
      ? {}
      : { arguments: args, ...(dice.roll(5) === 0 ? {} : { flow: generateFlow(dice, args) }) }),
    user: generateUser(dice),
    session: { ...zeroCounters, ...counters },
    now: dice.pick([0, 1, 1_704_067_200_000, 1_709_200_800_000, 1_795_305_599_999]) + dice.roll(3) * 3_600_000,
  };
}
