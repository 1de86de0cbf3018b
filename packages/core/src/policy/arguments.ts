import type { Decimal } from './decimal.ts';
import type { Json, JsonObject } from '../events.ts';
import { decimalOf } from './decimal.ts';
import { showText } from '../normalize/show.ts';

/** One scalar of the arguments, as policies see it. */
export interface Leaf {
  /** Texts as they are; numbers and booleans as JSON writes them. */
  readonly text: string;
  readonly decimal?: Decimal | undefined;
}

/** One choice of array elements: the leaves by dotted path. */
export type View = ReadonlyMap<string, Leaf>;

/** The arguments cannot be judged. `path` is dotted, from the arguments on. */
export interface Refusal {
  readonly code: 'invalid_arguments' | 'arguments_too_large';
  readonly path: string;
  readonly detail: string;
}

const maxViews = 1024;
/** Of all views together: 1,024 copies of a large object would take seconds. */
const maxLeaves = 2 ** 18;
export const maxDepth = 64;

export const escapeKey = (key: string): string =>
  key.includes('~') || key.includes('.') ? key.replaceAll('~', '~0').replaceAll('.', '~1') : key;

/** The keys of a dotted path; undefined when it is not one that arguments can have. Escapes as in RFC 6901. */
export function pathSegments(path: string): readonly string[] | undefined {
  if (/~(?![01])/.test(path)) return undefined;
  return path.split('.').map((segment) => segment.replaceAll('~1', '.').replaceAll('~0', '~'));
}

/** The paths that policies mention, as a tree: nothing else of the arguments is looked at. */
export interface Mention {
  /** The whole path when a policy mentions it, else undefined. */
  path: string | undefined;
  readonly keys: Map<string, Mention>;
}

/** @param paths dotted paths, or `all` when a policy computes one */
export function mentionTree(paths: Iterable<string>): Mention {
  const root: Mention = { path: undefined, keys: new Map() };
  for (const path of paths) {
    let node = root;
    for (const key of pathSegments(path) ?? []) {
      const next = node.keys.get(key) ?? { path: undefined, keys: new Map() };
      node.keys.set(key, next);
      node = next;
    }
    if (node !== root) node.path = path;
  }
  return root;
}

const nothing: View = new Map();
const justNothing: readonly View[] = [nothing];

class RefusalSignal extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.refusal = refusal;
  }
}

/**
 * The views of the arguments: one for each choice of array elements, so that a policy on `to` judges every recipient.
 * An empty array gives its path no leaf, as a missing argument does; so does null. A text or key that is not
 * well-formed Unicode, or a number beyond 2^53, is refused: the next reader would read another value than was judged.
 *
 * @param mention what to look at; `undefined` for everything
 */
export function viewsOf(root: JsonObject, mention: Mention | undefined): readonly View[] | Refusal {
  try {
    return expand(root, mention, '', 0);
  } catch (signal) {
    if (signal instanceof RefusalSignal) return signal.refusal;
    throw signal;
  }
}

function expand(value: Json, mention: Mention | undefined, path: string, depth: number): readonly View[] {
  if (depth > maxDepth) refuse('arguments_too_large', path, `is nested deeper than ${maxDepth}`);
  if (Array.isArray(value)) return expandArray(value as readonly Json[], mention, path, depth);
  if (typeof value === 'object' && value !== null) return expandObject(value as JsonObject, mention, path, depth);
  if (mention !== undefined && mention.path === undefined) return justNothing;
  const leaf = leafOf(value, path);
  return leaf === undefined ? justNothing : [new Map([[path, leaf]])];
}

function expandArray(items: readonly Json[], mention: Mention | undefined, path: string, depth: number) {
  if (items.length === 0) return justNothing;
  const union = new Map<string, View>();
  for (const item of items) {
    for (const view of expand(item, mention, path, depth + 1)) {
      union.set(viewKey(view), view);
      if (union.size > maxViews) tooMany(path);
    }
  }
  return [...union.values()];
}

function expandObject(object: JsonObject, mention: Mention | undefined, path: string, depth: number) {
  // What has one view only is put together first, so that an object of many plain fields costs one pass.
  const plain = new Map<string, Leaf>();
  let product: readonly View[] = justNothing;
  for (const key of mention === undefined ? Object.keys(object) : mention.keys.keys()) {
    if (!Object.hasOwn(object, key)) continue;
    if (!key.isWellFormed()) refuse('invalid_arguments', path, 'has a key with half of a surrogate pair');
    const inner = path === '' && depth === 0 ? escapeKey(key) : `${path}.${escapeKey(key)}`;
    const views = expand(object[key] as Json, mention?.keys.get(key), inner, depth + 1);
    const [first = nothing] = views;
    if (views.length === 1) for (const [place, leaf] of first) plain.set(place, leaf);
    else {
      const leaves = plain.size + (product[0]?.size ?? 0) + first.size;
      const size = product.length * views.length;
      if (size > maxViews || size * leaves > maxLeaves) tooMany(inner);
      product = product.flatMap((left) => views.map((right) => join(left, right)));
    }
  }
  if (plain.size === 0) return product;
  if (plain.size * product.length > maxLeaves) tooMany(path);
  return product === justNothing ? [plain] : product.map((view) => join(plain, view));
}

const join = (left: View, right: View): View => new Map([...left, ...right]);
/** `1` and `"1"` have the same text but only one has a decimal, so both must stay in a union of views. */
const viewKey = (view: View): string =>
  JSON.stringify([...view].map(([path, { text, decimal }]) => [path, text, decimal !== undefined]));

function leafOf(value: string | number | boolean | null, path: string): Leaf | undefined {
  if (value === null) return undefined;
  if (typeof value === 'string') {
    if (!value.isWellFormed())
      refuse('invalid_arguments', path, 'holds half of a surrogate pair, which no reader can read');
    return { text: value };
  }
  if (typeof value === 'boolean') return { text: String(value) };
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    refuse('invalid_arguments', path, 'is a number that readers disagree on; it must be sent as a text');
  }
  return { text: String(value === 0 ? 0 : value), decimal: decimalOf(value) };
}

function tooMany(path: string): never {
  return refuse('arguments_too_large', path, `holds more combinations of values than can be judged (${maxViews})`);
}

function refuse(code: Refusal['code'], path: string, detail: string): never {
  const place = showText(`arguments.${path}`);
  throw new RefusalSignal({ code, path: place, detail: `${place} ${detail}` });
}
