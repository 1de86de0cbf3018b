/** A policy could not be evaluated: Cedar would skip it, Sallyport denies. */
export class EvaluationError extends Error {}
/** Outside of what the closures know: Cedar's own engine must answer. */
export class Unsupported extends Error {}

/** Longs are JavaScript numbers as long as they are safe integers; beyond, `Unsupported`. */
export type Value = boolean | number | string | Entity | Extension | CedarSet | CedarRecord;

/** An entity of the request, or one that a policy names (then it has nothing but its name). */
export class Entity {
  readonly type: string;
  readonly id: string;
  readonly uid: string;
  readonly attributes: ReadonlyMap<string, Value> | undefined;
  readonly parents: ReadonlySet<string>;

  constructor(type: string, id: string, attributes?: ReadonlyMap<string, Value>, parents: ReadonlySet<string> = none) {
    this.type = type;
    this.id = id;
    this.uid = uidOf(type, id);
    this.attributes = attributes;
    this.parents = parents;
  }

  hasTag(_key: string): boolean {
    return false;
  }
  tag(_key: string): Value | undefined {
    return undefined;
  }
}

const none: ReadonlySet<string> = new Set();
/** A type holds no quote, so no other pair of type and id reads the same. Not Cedar text: the id is not escaped. */
export const uidOf = (type: string, id: string): string => `${type}::"${id}"`;

const noAttributes: ReadonlyMap<string, Value> = new Map();

/** An entity whose tags are looked up when a policy asks for them. */
export class TagEntity extends Entity {
  readonly #lookUp: (key: string) => Value | undefined;

  constructor(
    type: string,
    id: string,
    lookUp: (key: string) => Value | undefined,
    attributes = noAttributes,
    parents?: ReadonlySet<string>,
  ) {
    super(type, id, attributes, parents);
    this.#lookUp = lookUp;
  }

  override hasTag(key: string): boolean {
    return this.#lookUp(key) !== undefined;
  }
  override tag(key: string): Value | undefined {
    return this.#lookUp(key);
  }
}

/** Decimals count ten-thousandths; datetimes and durations milliseconds. */
export class Extension {
  readonly kind: 'decimal' | 'datetime' | 'duration';
  readonly amount: bigint | number;
  constructor(kind: Extension['kind'], amount: bigint | number) {
    this.kind = kind;
    this.amount = amount;
  }
}

export class CedarSet {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.items = items;
  }
  has(value: Value): boolean {
    return this.items.some((item) => equal(item, value));
  }
  hasAll(other: CedarSet): boolean {
    return other.items.every((item) => this.has(item));
  }
}

export class CedarRecord {
  readonly fields: ReadonlyMap<string, Value>;
  constructor(fields: ReadonlyMap<string, Value>) {
    this.fields = fields;
  }
}

/** Cedar's `==`: defined between all values, false between values of different types. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a instanceof Entity) return b instanceof Entity && a.uid === b.uid;
  if (a instanceof Extension) return b instanceof Extension && a.kind === b.kind && a.amount === b.amount;
  if (a instanceof CedarSet) return b instanceof CedarSet && a.hasAll(b) && b.hasAll(a);
  if (!(a instanceof CedarRecord) || !(b instanceof CedarRecord) || a.fields.size !== b.fields.size) return false;
  for (const [name, value] of a.fields) {
    const other = b.fields.get(name);
    if (other === undefined || !equal(value, other)) return false;
  }
  return true;
}

export function asBoolean(value: Value): boolean {
  if (typeof value !== 'boolean') throw new EvaluationError('expected a boolean');
  return value;
}
export function asText(value: Value): string {
  if (typeof value !== 'string') throw new EvaluationError('expected a string');
  return value;
}
export function asLong(value: Value): number {
  if (typeof value !== 'number') throw new EvaluationError('expected a number');
  return value;
}
export function asSet(value: Value): CedarSet {
  if (!(value instanceof CedarSet)) throw new EvaluationError('expected a set');
  return value;
}
export function asEntity(value: Value): Entity {
  if (!(value instanceof Entity)) throw new EvaluationError('expected an entity');
  return value;
}
export function asExtension(value: Value, kind: Extension['kind']): Extension {
  if (!(value instanceof Extension) || value.kind !== kind) throw new EvaluationError(`expected a ${kind}`);
  return value;
}

/** Cedar's Longs have 64 bits; what a double cannot hold exactly is for Cedar to compute, overflow included. */
export function exact(value: number): number {
  if (!Number.isSafeInteger(value)) throw new Unsupported('a number beyond 2^53');
  return value;
}
