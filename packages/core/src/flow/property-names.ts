import type { Json, JsonObject } from '../events.ts';

/** How tools call their properties. Whatever is written otherwise is a value, whoever gave it. */
export const isPropertyName = (name: string): boolean => /^[\w$-]{1,64}$/.test(name);

/** An account, a phone number: nobody calls a property so. */
const manyDigits = /(?:\d\D*){5}/;

const none: ReadonlySet<string> = new Set();

/**
 * Names in a call's arguments that look like names of properties and are values: in `{ "mallory": "admin" }`, `{ "DE89…": 100 }`
 * the name is who gets it. They stand where the tool's schema takes any name, or are written as nobody calls a property.
 */
export function strangeNames(args: JsonObject, schema: JsonObject | undefined): ReadonlySet<string> {
  const { given, maps } = schema ? namesOf(schema) : noNames;
  let strange: Set<string> | undefined;
  walk(args, (name, _, under) => {
    if (given.has(name) || !(maps.has(under) || manyDigits.test(name))) return;
    strange ??= new Set();
    strange.add(name);
  });
  return strange ?? none;
}

/** Every name that a schema gives, at whatever place; and of these the names of maps, `''` for the whole. */
interface Names {
  readonly given: ReadonlySet<string>;
  readonly maps: ReadonlySet<string>;
}
const noNames: Names = { given: none, maps: none };
const known = new WeakMap<JsonObject, Names>();

function namesOf(schema: JsonObject): Names {
  const before = known.get(schema);
  if (before) return before;
  const given = new Set<string>();
  const maps = new Set<string>(isMap(schema) ? [''] : []);
  walk(schema, (name, value) => {
    if (name !== 'properties' || !isObject(value)) return;
    for (const each of Object.keys(value)) {
      given.add(each);
      if (isMap(value[each])) maps.add(each);
    }
  });
  const names = { given, maps };
  known.set(schema, names);
  return names;
}

/** A schema that says of what kind values are, and not how they are called; also as one of several, or of a list. */
function isMap(schema: Json | undefined, depth = 0): boolean {
  if (Array.isArray(schema)) return (schema as readonly Json[]).some((each) => isMap(each, depth));
  if (!isObject(schema) || depth > 4) return false;
  const { additionalProperties: others, patternProperties, anyOf, oneOf, allOf, items } = schema;
  if (patternProperties !== undefined || (isObject(others) && Object.keys(others).length > 0)) return true;
  return [anyOf, oneOf, allOf, items].some((each) => isMap(each, depth + 1));
}

/** Without recursion: schemas are strangers', and as deep as they like. `under`: the name next above, `''` at the top. */
function walk(root: JsonObject, visit: (name: string, value: Json, under: string) => void): void {
  const rest: { readonly value: Json; readonly under: string }[] = [{ value: root, under: '' }];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { value, under } = next;
    if (Array.isArray(value)) {
      for (const item of value as readonly Json[]) if (typeof item === 'object') rest.push({ value: item, under });
    } else if (isObject(value)) {
      for (const name of Object.keys(value)) {
        const item = value[name] as Json;
        visit(name, item, under);
        if (typeof item === 'object') rest.push({ value: item, under: name });
      }
    }
  }
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
