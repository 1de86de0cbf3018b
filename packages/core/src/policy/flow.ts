import type { ArgumentOrigin } from './origins.ts';
import type { CedarCall, CedarValueJson } from './cedar.ts';
import type { JsonObject } from '../events.ts';
import type { RequestFlow } from './policy.ts';
import type { Value } from './values.ts';
import { CedarSet, TagEntity } from './values.ts';
import { argumentsId, entityTypes } from './schema.ts';
import { integrities } from '../flow/labels.ts';
import { ArgumentOrigins } from './origins.ts';

const counted = ['called', 'denied', 'held'] as const;

/** Parts of the context whose tags are no arguments. */
export const flowEntityNames = ['provenance', 'integrity', ...counted] as const;
/** Everything by which a rule can ask about the flow. */
export const flowNames = [
  ...flowEntityNames,
  'tainted',
  'labels',
  'read',
  entityTypes.provenance,
  entityTypes.integrity,
  entityTypes.calls,
] as const;

/** A session in which nothing has been read or done. For questions asked by people; never for a call under way. */
export const freshFlow: RequestFlow = {
  tainted: false,
  labels: [],
  provenance: [],
  trajectory: { called: {}, denied: {}, held: {}, read: [] },
};

/** The flow of one call in the terms of the schema. */
export class FlowContext {
  readonly origins: ArgumentOrigins;
  readonly #flow: Names | undefined;
  #values: ReadonlyMap<string, Value> | undefined;

  /** @throws on counts that are no safe integers */
  constructor(args: JsonObject, flow: RequestFlow | undefined) {
    this.origins = new ArgumentOrigins(args, flow?.provenance);
    this.#flow = flow && namesOf(flow);
  }

  /**
   * Of a call that was not traced nothing is known: it counts as tainted, no argument has an origin, and the rest is not
   * there, so that a rule which asks for it fails and denies.
   */
  values(): ReadonlyMap<string, Value> {
    this.#values ??= this.#makeValues();
    return this.#values;
  }

  #makeValues(): ReadonlyMap<string, Value> {
    const { origins } = this;
    const values = new Map<string, Value>([
      ['tainted', this.#flow?.tainted ?? true],
      ['provenance', new TagEntity(entityTypes.provenance, argumentsId, (key) => origins.get(key)?.integrity)],
      ['integrity', new TagEntity(entityTypes.integrity, argumentsId, (key) => rankOf(origins.get(key)))],
    ]);
    if (this.#flow === undefined) return values;
    const { labels, read, counts } = this.#flow;
    values.set('labels', new CedarSet(labels)).set('read', new CedarSet(read));
    for (const name of counted) {
      values.set(name, new TagEntity(entityTypes.calls, name, (tool) => counts[name].get(tool)));
    }
    return values;
  }

  /** The same, as Cedar's own engine reads it. */
  inCedar(): Pick<CedarCall, 'context' | 'entities'> {
    const { origins } = this;
    const keys = origins.keys().filter((key) => key.isWellFormed());
    const integrity = (key: string) => origins.get(key)?.integrity ?? 'untrusted';
    const rank = (key: string) => rankOf(origins.get(key)) ?? 0;
    const made = [
      entityOf(
        'provenance',
        entityTypes.provenance,
        argumentsId,
        keys.map((key) => [key, integrity(key)]),
      ),
      entityOf(
        'integrity',
        entityTypes.integrity,
        argumentsId,
        keys.map((key) => [key, rank(key)]),
      ),
    ];
    const context: Record<string, CedarValueJson> = { tainted: this.#flow?.tainted ?? true };
    if (this.#flow !== undefined) {
      const { labels, read, counts } = this.#flow;
      Object.assign(context, { labels, read });
      for (const name of counted) made.push(entityOf(name, entityTypes.calls, name, [...counts[name]]));
    }
    for (const { name, entity } of made) context[name] = { __entity: entity.uid };
    return { context, entities: made.map(({ entity }) => entity) };
  }
}

const rankOf = (origin: ArgumentOrigin | undefined): number | undefined =>
  origin && integrities.indexOf(origin.integrity);

const entityOf = (name: string, type: string, id: string, tags: readonly (readonly [string, CedarValueJson])[]) => ({
  name,
  entity: { uid: { type, id }, attrs: {}, parents: [], tags: Object.fromEntries(tags) },
});

interface Names {
  readonly tainted: boolean;
  readonly labels: string[];
  readonly read: string[];
  readonly counts: Readonly<Record<(typeof counted)[number], ReadonlyMap<string, number>>>;
}

/** Names of tools come from models. One that is no well-formed Unicode can stand in no policy: it must not stop the others. */
function namesOf({ tainted, labels, trajectory }: RequestFlow): Names {
  const wellFormed = (names: readonly string[]) => [...new Set(names)].filter((name) => name.isWellFormed());
  const countsOf = (counts: Readonly<Record<string, number>>): ReadonlyMap<string, number> => {
    const entries = Object.entries(counts).filter(([name]) => name.isWellFormed());
    if (!entries.every(([, count]) => Number.isSafeInteger(count)))
      throw new Error('a count of calls is no whole number');
    return new Map(entries);
  };
  return {
    tainted,
    labels: wellFormed(labels),
    read: wellFormed(trajectory.read),
    counts: {
      called: countsOf(trajectory.called),
      denied: countsOf(trajectory.denied),
      held: countsOf(trajectory.held),
    },
  };
}
