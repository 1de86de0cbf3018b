import type { Json, JsonObject } from '@sallyport/core';

/** The values of one argument: several where an array stands on its path. */
export interface Leaf {
  /** As policies write it: dotted, `~` and `.` inside a key escaped (RFC 6901). */
  readonly path: string;
  /** As provenance writes it: `arguments.to[0]`. */
  readonly places: readonly string[];
  readonly values: readonly (string | number | boolean)[];
}
export type Leaves = readonly Leaf[];

const longestValue = 200;
const mostLeaves = 20;

/** Short scalars only: a rule that repeats a whole e-mail is none. */
export function leavesOf(values: JsonObject): Leaves {
  const found = new Map<string, { places: string[]; values: (string | number | boolean)[]; whole: boolean }>();
  const visit = (value: Json, path: string, place: string): void => {
    if (Array.isArray(value)) return (value as Json[]).forEach((item, at) => visit(item, path, `${place}[${at}]`));
    if (value === null) return;
    if (typeof value === 'object') {
      for (const [key, item] of Object.entries(value as JsonObject)) {
        const escaped = key.replaceAll('~', '~0').replaceAll('.', '~1');
        visit(item, path === '' ? escaped : `${path}.${escaped}`, `${place}.${key}`);
      }
      return;
    }
    const leaf = found.get(path) ?? { places: [], values: [], whole: true };
    leaf.places.push(place);
    if (typeof value === 'string' && value.length > longestValue) leaf.whole = false;
    else if (!leaf.values.includes(value)) leaf.values.push(value);
    found.set(path, leaf);
  };
  visit(values, '', 'arguments');
  return [...found]
    .filter(([, { whole }]) => whole)
    .slice(0, mostLeaves)
    .map(([path, { places, values: seen }]) => ({ path, places, values: seen }));
}
