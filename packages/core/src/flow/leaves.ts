import type { Json, JsonObject } from '../events.ts';
import type { Manifest } from './manifest.ts';
import { fold } from './text.ts';
import { isPropertyName } from './property-names.ts';
import { partsOf, type Part } from './parts.ts';

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
  /** The value, folded. */
  readonly text: string;
  /** See `partsOf`. */
  readonly parts: readonly Part[] | undefined;
}

/**
 * Every scalar; null chooses nothing. Names of properties are the tool's, unless it takes any.
 *
 * @param strange see `strangeNames`
 */
export function leavesOf(args: JsonObject, manifest: Manifest, strange?: ReadonlySet<string>): Leaf[] {
  const leaves: Leaf[] = [];
  const add = (value: Leaf['value'], path: string, pattern: string, key: string, role: Leaf['role']): void => {
    const text = fold(String(value));
    leaves.push({ path, pattern, key, value, role, text, parts: partsOf({ value, key, text }) });
  };
  const visit = (value: Json, path: string, pattern: string, key: string): void => {
    if (value === null) return;
    if (typeof value !== 'object') {
      add(value, path, pattern, key, isForm(pattern, value) ? 'content' : roleOf(pattern, manifest));
    } else if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++)
        visit(value[index] as Json, `${path}[${index}]`, `${pattern}.*`, key);
    } else {
      const object = value as JsonObject;
      for (const name of Object.keys(object)) {
        // `{ "ann@x.example": "editor" }`: a name that no schema gives is a value like any other.
        if (!isPropertyName(name) || strange?.has(name)) add(name, path, pattern, key, roleOf(pattern, manifest));
        visit(object[name] as Json, `${path}.${name}`, pattern === '' ? name : `${pattern}.${name}`, name);
      }
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
