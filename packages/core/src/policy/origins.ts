import type { ArgumentProvenance } from '../flow/provenance.ts';
import type { Integrity } from '../flow/labels.ts';
import type { Json, JsonObject } from '../events.ts';
import { atLeast } from '../flow/labels.ts';
import { escapeKey, maxDepth } from './arguments.ts';

/** Where an argument came from: of a list or an object, the least believable leaf of it. */
export interface ArgumentOrigin {
  readonly integrity: Integrity;
  /** What was recorded of it; absent where the leaf has no record, or where a text holds no link. */
  readonly provenance?: ArgumentProvenance | undefined;
}

/** Follows the path of a text in which links, addresses and accounts are looked for. */
export const linkSuffix = '#link';

const unknown: ArgumentOrigin = { integrity: 'untrusted' };
const noLink: ArgumentOrigin = { integrity: 'operator' };

/**
 * The origins of the arguments, keyed as `context.args` is, objects and lists included, and the same with `#link` for the
 * links in them. It starts from the arguments, never from the records: a leaf without a record counts as untrusted, and of
 * two leaves that read the same (`{"a.b": …}` and `{"a": {"b": …}}` in a record) both get the lower.
 *
 * @param provenance paths as `arguments.to[0].email`
 */
export function originsOf(
  args: JsonObject,
  provenance: readonly ArgumentProvenance[],
): ReadonlyMap<string, ArgumentOrigin> {
  const records = new Map<string, ArgumentProvenance[]>();
  for (const record of provenance) {
    const known = records.get(record.path);
    if (known === undefined) records.set(record.path, [record]);
    else known.push(record);
  }
  const found = new Map<string, ArgumentOrigin>();
  const lower = (key: string, origin: ArgumentOrigin) => {
    const known = found.get(key);
    if (known === undefined || !atLeast(origin.integrity, known.integrity)) found.set(key, origin);
  };
  for (const { path, keys, value } of argumentLeaves(args)) {
    const { own, links } = originsOfLeaf(value === undefined ? [] : (records.get(path) ?? []));
    for (const key of keys) {
      lower(key, own);
      lower(key + linkSuffix, links);
    }
  }
  return found;
}

/** One scalar of the arguments with its places. */
export interface PlacedLeaf {
  /** As provenance writes it: `arguments.to[0].email`. */
  readonly path: string;
  /** As policies write it, of the value and of everything around it: `to`, `to.email`. */
  readonly keys: readonly string[];
  /** Absent for whatever lies too deep to be looked at. */
  readonly value?: string | number | boolean;
}

export function argumentLeaves(args: JsonObject): readonly PlacedLeaf[] {
  const leaves: PlacedLeaf[] = [];
  const visit = (value: Json, path: string, keys: readonly string[], depth: number): void => {
    if (value === null) return;
    if (depth > maxDepth) leaves.push({ path, keys });
    else if (Array.isArray(value)) {
      for (const [index, item] of (value as readonly Json[]).entries()) {
        visit(item, `${path}[${index}]`, keys, depth + 1);
      }
    } else if (typeof value === 'object') {
      for (const [name, item] of Object.entries(value as JsonObject)) {
        const around = keys.at(-1);
        const key = around === undefined ? escapeKey(name) : `${around}.${escapeKey(name)}`;
        visit(item, `${path}.${name}`, [...keys, key], depth + 1);
      }
    } else leaves.push({ path, keys, value });
  };
  visit(args, 'arguments', [], 0);
  return leaves;
}

function originsOfLeaf(records: readonly ArgumentProvenance[]): { own: ArgumentOrigin; links: ArgumentOrigin } {
  const own = lowest(records.filter(({ role }) => role !== 'link'));
  if (own === undefined) return { own: unknown, links: unknown };
  return { own, links: lowest(records.filter(({ role }) => role === 'link')) ?? noLink };
}

function lowest(records: readonly ArgumentProvenance[]): ArgumentOrigin | undefined {
  let found: ArgumentOrigin | undefined;
  for (const provenance of records) {
    const { integrity } = provenance;
    if (found === undefined || !atLeast(integrity, found.integrity)) found = { integrity, provenance };
  }
  return found;
}
