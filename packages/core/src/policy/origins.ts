import type { ArgumentProvenance } from '../flow/provenance.ts';
import type { Integrity } from '../flow/labels.ts';
import type { Json, JsonObject } from '../events.ts';
import { atLeast } from '../flow/labels.ts';
import { escapeKey, maxDepth, type Refusal } from './arguments.ts';

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
 * links in them. They start from the arguments, never from the records: a leaf without a record counts as untrusted, and
 * of two leaves that read the same (`{"a.b": …}` and `{"a": {"b": …}}` in a record) both get the lower.
 */
export class ArgumentOrigins {
  /** Set where the arguments are too large to be judged by where they came from. */
  readonly refusal: Refusal | undefined;
  readonly #own = new Map<string, ArgumentOrigin>();
  readonly #links = new Map<string, ArgumentOrigin>();

  /** @param provenance paths as `arguments.to[0].email`; `undefined`: nothing is known of any argument */
  constructor(args: JsonObject, provenance: readonly ArgumentProvenance[] | undefined) {
    if (provenance === undefined) return;
    const leaves = argumentLeaves(args);
    if ('code' in leaves) {
      this.refusal = leaves;
      return;
    }
    const records = new Map<string, ArgumentProvenance[]>();
    for (const record of provenance) {
      const known = records.get(record.path);
      if (known === undefined) records.set(record.path, [record]);
      else known.push(record);
    }
    for (const { path, place, value } of leaves) {
      const { own, links } = originsOfLeaf(value === undefined ? [] : (records.get(path) ?? []));
      settle(this.#own, place, own);
      settle(this.#links, place, links);
    }
  }

  /** @param key such as `to` or `body#link` */
  get(key: string): ArgumentOrigin | undefined {
    const own = this.#own.get(key);
    const links = key.endsWith(linkSuffix) ? this.#links.get(key.slice(0, -linkSuffix.length)) : undefined;
    return own === undefined || links === undefined ? (own ?? links) : lower(own, links);
  }

  keys(): readonly string[] {
    return [...new Set([...this.#own.keys(), ...[...this.#links.keys()].map((key) => key + linkSuffix)])];
  }
}

/** Whatever is around a place is never higher than the place: where nothing changes, nothing further up does. */
function settle(found: Map<string, ArgumentOrigin>, place: Place, origin: ArgumentOrigin): void {
  for (let at: Place | undefined = place; at !== undefined; at = at.around) {
    const known = found.get(at.key);
    if (known !== undefined && atLeast(origin.integrity, known.integrity)) return;
    found.set(at.key, origin);
  }
}

const lower = (a: ArgumentOrigin, b: ArgumentOrigin): ArgumentOrigin => (atLeast(b.integrity, a.integrity) ? a : b);

function originsOfLeaf(records: readonly ArgumentProvenance[]): { own: ArgumentOrigin; links: ArgumentOrigin } {
  const own = lowest(records.filter(({ role }) => role !== 'link'));
  const links = records.filter(({ role }) => role === 'link');
  // The engine stops looking after so many: what comes behind them is not known.
  if (own === undefined || links.length >= mostLinks) return { own: own ?? unknown, links: unknown };
  const least = lowest(links);
  // In a target no links are looked for, because it is judged as a whole: they are no better than it is.
  if (records.some(({ role }) => role === 'target'))
    return { own, links: least === undefined ? own : lower(own, least) };
  return { own, links: least ?? noLink };
}

const mostLinks = 50;

function lowest(records: readonly ArgumentProvenance[]): ArgumentOrigin | undefined {
  let found: ArgumentOrigin | undefined;
  for (const provenance of records) {
    const { integrity } = provenance;
    if (found === undefined || !atLeast(integrity, found.integrity)) found = { integrity, provenance };
  }
  return found;
}

/** A place as policies write it: `to.email`; of a list, its elements have the place of the list. */
export interface Place {
  readonly key: string;
  readonly around: Place | undefined;
}

/** One scalar of the arguments. */
export interface PlacedLeaf {
  /** As provenance writes it: `arguments.to[0].email`. */
  readonly path: string;
  readonly place: Place;
  /** Absent for whatever lies too deep to be looked at. */
  readonly value?: string | number | boolean;
}

/** Of all paths together: long keys within long keys would take seconds. */
const maxCharacters = 2 ** 22;

export function argumentLeaves(args: JsonObject): readonly PlacedLeaf[] | Refusal {
  const leaves: PlacedLeaf[] = [];
  let characters = 0;
  const visit = (value: Json, path: string, place: Place | undefined, depth: number): void => {
    if (value === null || characters > maxCharacters) return;
    if (Array.isArray(value) && depth <= maxDepth) {
      for (const [index, item] of (value as readonly Json[]).entries()) {
        visit(item, `${path}[${index}]`, place, depth + 1);
      }
    } else if (typeof value === 'object' && depth <= maxDepth) {
      for (const [name, item] of Object.entries(value as JsonObject)) {
        const key = place === undefined ? escapeKey(name) : `${place.key}.${escapeKey(name)}`;
        characters += key.length;
        visit(item, `${path}.${name}`, { key, around: place }, depth + 1);
      }
    } else if (place !== undefined) {
      characters += path.length;
      leaves.push({ path, place, ...(typeof value === 'object' ? {} : { value }) });
    }
  };
  visit(args, 'arguments', undefined, 0);
  if (characters <= maxCharacters) return leaves;
  const detail = 'arguments have too many or too long names to be judged by where they came from';
  return { code: 'arguments_too_large', path: 'arguments', detail };
}
