import type { Json, JsonObject } from '../events.ts';
import type { Manifest } from './manifest.ts';

/** One scalar of a call's arguments. */
export interface Leaf {
  /** `arguments.attachments[0].file_id`. */
  readonly path: string;
  /** The same with `*` for every index and no prefix: `attachments.*.file_id`, as manifests say it. */
  readonly pattern: string;
  /** The last name that is no index. */
  readonly key: string;
  readonly value: string | number | boolean;
  readonly role: 'target' | 'content';
}

/** Every scalar; null chooses nothing. Names of properties are the tool's, unless it takes any. */
export function leavesOf(args: JsonObject, manifest: Manifest): Leaf[] {
  const leaves: Leaf[] = [];
  const visit = (value: Json, path: string, pattern: string, key: string): void => {
    if (value === null) return;
    if (typeof value !== 'object') {
      leaves.push({ path, pattern, key, value, role: isForm(pattern, value) ? 'content' : roleOf(pattern, manifest) });
      return;
    }
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) visit(item, `${path}[${index}]`, `${pattern}.*`, key);
      return;
    }
    for (const [name, item] of Object.entries(value)) {
      // `{ "ann@x.example": "editor" }`: a name that no schema gives is a value like any other.
      if (!/^[\w$-]{1,64}$/.test(name))
        leaves.push({ path, pattern, key, value: name, role: roleOf(pattern, manifest) });
      visit(item, `${path}.${name}`, pattern === '' ? name : `${pattern}.${name}`, name);
    }
  };
  visit(args, 'arguments', '', '');
  return leaves;
}

/** What a nested item is, such as `{ type: file, … }`, hits nothing by itself; `{ type: anyone }` does. */
const isForm = (pattern: string, value: Leaf['value']): boolean =>
  /\.(?:type|kind|format|mime_?type|content_?type)$/i.test(pattern) &&
  /^(?:file|folder|document|attachment|link|text|html|plain|markdown|json|csv|pdf|image|video|audio|event|message|(?:text|image|audio|video|application)\/[\w.+-]{1,60})$/i.test(
    String(value),
  );

/** What is not said to be content is a target: a forgotten argument is judged, not trusted. */
function roleOf(pattern: string, { target, content }: Manifest): 'target' | 'content' {
  if (target?.some((path) => covers(path, pattern))) return 'target';
  if (content.some((path) => covers(path, pattern))) return 'content';
  return 'target';
}

/** `to` covers `to`, `to.*` and `to.*.address`. */
export const covers = (path: string, pattern: string): boolean => pattern === path || pattern.startsWith(`${path}.`);
