import type { AuthorizationRequest } from './policy.ts';
import type { CedarCall, CedarValueJson } from './cedar.ts';
import type { Environment } from './compile.ts';
import type { Value } from './values.ts';
import type { Refusal, View } from './arguments.ts';
import type { UserRef } from '../session.ts';
import type { ArgumentOrigin } from './origins.ts';
import { CedarRecord, CedarSet, Entity, Extension, TagEntity, uidOf } from './values.ts';
import { FlowContext } from './flow.ts';
import { argumentsId, counterNames, entityTypes, resourceAttributes } from './schema.ts';
import { policyActions } from './policy.ts';

const day = 86_400_000;
const lastInstant = Date.UTC(9999, 11, 31);

/** A request in the terms of the schema, made once and completed for each view and answer to `approved`. */
export class CedarRequest {
  readonly principal: Entity;
  readonly resource: Entity;
  readonly #action: Entity;
  readonly #user: Entity;
  readonly #request: AuthorizationRequest;
  #flow: FlowContext | undefined;

  /** @throws on names that are not well-formed Unicode and on counters and times that are no safe integers */
  constructor(request: AuthorizationRequest) {
    const { principal, action, resource, user, session, now } = request;
    if (!resource.isWellFormed()) throw halfPair();
    if (!Number.isSafeInteger(now) || !counterNames.every((name) => Number.isSafeInteger(session[name]))) {
      throw new Error('a time or counter is no whole number');
    }
    if (now < 0 || now > lastInstant) throw new Error('the time is outside of the years 1970 to 9999');
    this.#request = request;
    this.principal = agents.of(principal);
    this.#action = new Entity(entityTypes.action, action);
    const attributes = new Map(Object.entries(resourceAttributes(action, resource)));
    this.resource = new Entity(`Sallyport::${policyActions[action]}`, resource, attributes);
    this.#user = users.of(user);
  }

  /** Where an argument came from, by the tag's key. */
  origin(key: string): ArgumentOrigin | undefined {
    return this.#flowContext().origins.get(key);
  }

  /** Why the call cannot be judged by where its values came from. */
  flowRefusal(): Refusal | undefined {
    return this.#flowContext().origins.refusal;
  }

  /** Made when first needed: most rules never ask. */
  #flowContext(): FlowContext {
    this.#flow ??= new FlowContext(this.#request.arguments ?? {}, this.#request.flow);
    return this.#flow;
  }

  /** @param withFlow whether some rule asks where values came from or what the session did before */
  environment(view: View, approved: boolean, withFlow: boolean): Environment {
    const { action, session, now } = this.#request;
    const context = new Map<string, Value>([
      ['approved', approved],
      ['user', this.#user],
      ['session', new CedarRecord(new Map(counterNames.map((name) => [name, session[name]])))],
      ['now', new Extension('datetime', now)],
      ['hour', hourOf(now)],
      ['weekday', weekdayOf(now)],
    ]);
    const entities = [this.principal, this.resource, this.#user];
    if (action === 'tool_call') {
      const args = new TagEntity(entityTypes.arguments, argumentsId, (path) => view.get(path)?.text);
      const numbers = new TagEntity(entityTypes.numbers, argumentsId, (path) => {
        const decimal = view.get(path)?.decimal;
        return decimal && new Extension('decimal', decimal.scaled);
      });
      context.set('args', args).set('numbers', numbers);
      entities.push(args, numbers);
      if (withFlow) {
        for (const [name, value] of this.#flowContext().values()) {
          context.set(name, value);
          if (value instanceof Entity) entities.push(value);
        }
      }
    }
    return {
      principal: this.principal,
      action: this.#action,
      resource: this.resource,
      context: new CedarRecord(context),
      entities: new Map(entities.map((entity) => [entity.uid, entity])),
    };
  }

  /** The same, as Cedar's own engine reads it. */
  cedarCall(view: View, approved: boolean): CedarCall {
    const { principal, action, user, session, now } = this.#request;
    const roles = (of: readonly string[]) => of.map((id) => ({ type: entityTypes.role, id }));
    const idOf = ({ type, id }: Entity) => ({ type, id });
    const uid = {
      args: { type: entityTypes.arguments, id: argumentsId },
      numbers: { type: entityTypes.numbers, id: argumentsId },
    };
    const context: Record<string, CedarValueJson> = {
      approved,
      user: { __entity: idOf(this.#user) },
      session: Object.fromEntries(counterNames.map((name) => [name, session[name]])),
      now: { __extn: { fn: 'datetime', arg: new Date(now).toISOString() } },
      hour: hourOf(now),
      weekday: weekdayOf(now),
    };
    const claims = Object.entries(user.claims ?? {}).map(([name, values]): [string, CedarValueJson] => [
      name,
      [...values],
    ]);
    const entities: CedarCall['entities'] = [
      { uid: idOf(this.principal), attrs: { tenant: principal.tenant }, parents: roles(principal.roles) },
      { uid: idOf(this.#user), attrs: { id: user.id }, parents: roles(user.roles), tags: Object.fromEntries(claims) },
      { uid: idOf(this.resource), attrs: resourceAttributes(action, this.resource.id), parents: [] },
    ];
    const calls = { principal: idOf(this.principal), action: idOf(this.#action), resource: idOf(this.resource) };
    if (action !== 'tool_call') return { ...calls, context, entities };
    const leaves = [...view];
    const tags = Object.fromEntries(leaves.map(([path, { text }]) => [path, text]));
    const decimals = Object.fromEntries(
      leaves.flatMap(([path, { decimal }]): [string, CedarValueJson][] =>
        decimal === undefined ? [] : [[path, { __extn: { fn: 'decimal', arg: decimal.text } }]],
      ),
    );
    const flow = this.#flowContext().inCedar();
    return {
      ...calls,
      context: { ...context, args: { __entity: uid.args }, numbers: { __entity: uid.numbers }, ...flow.context },
      entities: [
        ...entities,
        ...flow.entities,
        { uid: uid.args, attrs: {}, parents: [], tags },
        { uid: uid.numbers, attrs: {}, parents: [], tags: decimals },
      ] as CedarCall['entities'],
    };
  }
}

/** Entities of those who stay the same from call to call, made once. Keys are records that nobody changes. */
class Made<Key extends object> {
  readonly #known = new WeakMap<Key, Entity>();
  readonly #make: (key: Key) => Entity;

  constructor(make: (key: Key) => Entity) {
    this.#make = make;
  }

  of(key: Key): Entity {
    let entity = this.#known.get(key);
    if (!entity) this.#known.set(key, (entity = this.#make(key)));
    return entity;
  }
}

const agents = new Made(({ id, tenant, roles }: AuthorizationRequest['principal']) => {
  checkNames([id, tenant, ...roles]);
  return new Entity(entityTypes.agent, id, new Map([['tenant', tenant]]), rolesOf(roles));
});

const users = new Made((user: UserRef) => {
  checkNames([user.id, ...user.roles, ...Object.entries(user.claims ?? {}).flat(2)]);
  return new TagEntity(entityTypes.user, user.id, claimOf(user), new Map([['id', user.id]]), rolesOf(user.roles));
});

const rolesOf = (roles: readonly string[]) => new Set(roles.map((role) => uidOf(entityTypes.role, role)));

function checkNames(names: readonly string[]): void {
  if (!names.every((name) => name.isWellFormed())) throw halfPair();
}

const halfPair = () => new Error('a name holds half of a surrogate pair');

const claimOf =
  ({ claims = {} }: UserRef) =>
  (name: string): CedarSet | undefined => {
    const values = Object.hasOwn(claims, name) ? claims[name] : undefined;
    return values && new CedarSet(values);
  };

const hourOf = (now: number): number => Math.floor((now % day) / 3_600_000);

/** The epoch was a Thursday. Monday is 1, Sunday 7 (ISO 8601). */
const weekdayOf = (now: number): number => ((Math.floor(now / day) + 3) % 7) + 1;
