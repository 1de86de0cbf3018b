import { RuntimeFault, structuredPath } from '@sallyport/core';
import type { Json, JsonObject, ResultPart } from '@sallyport/core';

/** More texts than this in one result cannot be judged one by one. */
const maxParts = 2_000;
const maxDepth = 32;

/** Names, not texts: what stands under them is chosen from a table. */
const plainKeys: ReadonlySet<string> = new Set(['type', 'mimeType', 'role', 'priority', 'audience', 'lastModified']);
const blobKeys: ReadonlySet<string> = new Set(['data', 'blob']);

type Path = readonly (string | number)[];

/** A text of a result, with where it stands and how it is written there. */
interface Leaf {
  readonly path: Path;
  readonly text: string;
  readonly form: 'text' | 'base64' | 'json';
}

/** A result as guards read it. */
export interface ResultView {
  /** What information flow reads: structured content where that says all, else the texts. */
  readonly text: string;
  readonly parts: readonly ResultPart[];
  /** The result with these texts in the places of its own. */
  readonly rebuild: (parts: readonly ResultPart[]) => JsonObject;
}

/**
 * Every text of a result: whatever a model, or a person, may come to read. A blob that is UTF-8 is a text as well.
 *
 * @throws RuntimeFault `upstream_malformed` where there are more than can be judged
 */
export function viewResult(result: JsonObject): ResultView {
  const leaves: Leaf[] = [];
  for (const [key, value] of Object.entries(result)) {
    if (key === 'structuredContent') leaves.push({ path: [key], text: JSON.stringify(value), form: 'json' });
    else collect(value, [key], leaves);
  }
  const parts = leaves.map(({ path, text }) => ({ path: path.join('.'), text }));
  return {
    text: readText(leaves),
    parts,
    rebuild: (made) => rebuilt(result, leaves, made),
  };
}

function collect(value: Json, path: Path, leaves: Leaf[]): void {
  if (path.length > maxDepth || leaves.length > maxParts) throw tooMuch();
  const key = path.at(-1);
  if (typeof value === 'string') {
    if (value === '' || (typeof key === 'string' && plainKeys.has(key))) return;
    if (typeof key === 'string' && blobKeys.has(key)) {
      const text = textOf(value);
      if (text !== undefined) leaves.push({ path, text, form: 'base64' });
    } else leaves.push({ path, text: value, form: 'text' });
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) collect(item as Json, [...path, index], leaves);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) collect(item, [...path, name], leaves);
  }
}

const strict = new TextDecoder('utf-8', { fatal: true });

/** Of base64 that is text: a picture is none. */
function textOf(base64: string): string | undefined {
  try {
    const text = strict.decode(Buffer.from(base64, 'base64'));
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Servers repeat structured content as text, for older clients: it is read once, as the records that it is. */
function readText(leaves: readonly Leaf[]): string {
  const structured = leaves.find(({ form }) => form === 'json');
  const others = leaves.filter(({ path, form }) => form !== 'json' && path[0] !== '_meta');
  const texts = others.filter(({ text }) => structured === undefined || !isSameJson(text, structured.text));
  return [...(structured ? [structured.text] : []), ...texts.map(({ text }) => text)].join('\n');
}

function isSameJson(text: string, json: string): boolean {
  try {
    return text === json || JSON.stringify(JSON.parse(text)) === json;
  } catch {
    return false;
  }
}

function rebuilt(result: JsonObject, leaves: readonly Leaf[], parts: readonly ResultPart[]): JsonObject {
  if (parts.length !== leaves.length) throw new RuntimeFault('internal', { detail: 'a guard lost a part of a result' });
  let copy: JsonObject | undefined;
  for (const [index, { path, text: before, form }] of leaves.entries()) {
    const { text } = parts[index] as ResultPart;
    if (text === before) continue;
    copy ??= structuredClone(result);
    if (form === 'json') copy = withStructured(copy, text);
    else put(copy, path, form === 'base64' ? Buffer.from(text).toString('base64') : text);
  }
  return copy ?? result;
}

/** What is no JSON object any more was withheld as a whole. */
function withStructured(whole: JsonObject, text: string): JsonObject {
  const { [structuredPath]: withheld, ...result } = whole;
  try {
    const value = JSON.parse(text) as Json;
    if (typeof value === 'object' && value !== null) return { ...result, structuredContent: value };
  } catch {
    // Falls through: said as an error, so that no client takes it for the answer.
  }
  return withheld === undefined ? whole : { ...result, content: [{ type: 'text', text }], isError: true };
}

function put(root: JsonObject, path: Path, value: string): void {
  let node = root as Record<string | number, Json>;
  for (const key of path.slice(0, -1)) node = node[key] as Record<string | number, Json>;
  node[path.at(-1) as string | number] = value;
}

const tooMuch = (): RuntimeFault =>
  new RuntimeFault('upstream_malformed', {
    detail: `The result holds more than ${maxParts} texts, or nests deeper than ${maxDepth}: it cannot be judged.`,
  });
