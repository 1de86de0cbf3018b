import type { Json } from '../events.ts';

/** `customers.*.email`: members by name; `*` is every item of a list, or every member. */
export type FieldPath = readonly string[];
export const parsePath = (path: string): FieldPath => path.split('.');

/** A list or an object: what has members. */
export type Node = Extract<Json, object>;
export const isNode = (value: Json | undefined): value is Node => typeof value === 'object' && value !== null;

/** Where a path leads: a member of `parent`, within `record`, the innermost item of a list (or the whole). */
export interface Place {
  readonly parent: Node;
  readonly name: string;
  readonly value: Json;
  readonly record: Node;
}

/** Lists within lists are followed as far as this. Deeper ones are hostile: a guard that cannot read them must not let them pass. */
export const deepest = 500;
export const tooDeep = `the result is nested deeper than ${deepest} levels`;

/** Every place of a path. The items of a list need no `*` of their own: `customers.email` is each customer's. */
export function placesOf(root: Json, path: FieldPath): Place[] {
  const places: Place[] = [];
  let depth = 0;
  const descend = (node: Json, step: number, record: Node): void => {
    const name = path[step];
    if (!isNode(node) || name === undefined) return;
    if (++depth > deepest) throw new Error(tooDeep);
    if (Array.isArray(node)) {
      for (const [index, item] of (node as readonly Json[]).entries()) {
        const within = isNode(item) ? item : record;
        if (name === '*') enter(node, String(index), item, { step, record: within });
        else descend(item, step, within);
      }
    } else if (name === '*') {
      for (const [key, member] of Object.entries(node)) {
        enter(node, key, member, { step, record: isNode(member) ? member : record });
      }
    } else if (Object.hasOwn(node, name)) {
      enter(node, name, (node as Readonly<Record<string, Json>>)[name] as Json, { step, record });
    }
    depth--;
  };
  const enter = (parent: Node, name: string, value: Json, at: { step: number; record: Node }): void => {
    if (at.step === path.length - 1) places.push({ parent, name, value, record: at.record });
    else descend(value, at.step + 1, at.record);
  };
  if (isNode(root)) descend(root, 0, root);
  return places;
}

/** A scalar, and the names that lead to it from where the walk began. */
export interface Scalar {
  readonly text: string;
  readonly names: readonly string[];
  readonly parent: Node;
  readonly name: string;
}

/** Every scalar within a node, and every name that may be a value itself; not within `apart`. Deep ones cost no stack. */
export function* scalarsIn(node: Node, apart: ReadonlySet<Node>): Generator<Scalar> {
  const open: { readonly node: Node; readonly names: readonly string[] }[] = [{ node, names: [] }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { node: parent, names } = next;
    const isList = Array.isArray(parent);
    for (const [name, value] of Object.entries<Json>(parent)) {
      const inner = isList ? names : [...names.slice(-3), name];
      if (!isList && /[@\d]/.test(name)) yield { text: name, names, parent, name };
      if (isNode(value)) {
        if (!apart.has(value)) open.push({ node: value, names: inner });
      } else if (typeof value === 'string' || typeof value === 'number') {
        yield { text: String(value), names: inner, parent, name };
      }
    }
  }
}

/** The scalars at a path, as text. */
export const textsOf = (value: Json): string[] => {
  if (typeof value === 'string' || typeof value === 'number') return [String(value)];
  return isNode(value) ? [...scalarsIn(value, new Set())].map(({ text }) => text) : [];
};
