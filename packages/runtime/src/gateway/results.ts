import { RuntimeFault, parseJson, structuredPath } from '@sallyport/core';
import type { Json, JsonObject, ResultPart } from '@sallyport/core';

/** More texts than this in one result cannot be judged one by one. */
const maxParts = 2_000;
const maxDepth = 32;

/** Names, not texts: what stands under them is chosen from a table. Whatever does not look so is a text like any other. */
const plainKeys: ReadonlySet<string> = new Set(['type', 'mimeType', 'role', 'priority', 'audience', 'lastModified']);
const plainValue = /^(?:[\w-]{1,24}|[\w.+-]{1,60}\/[\w.+-]{1,60}(?:; ?charset=[\w-]{1,20})?|[\d:.TZ+-]{1,40})$/;
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
  for (const key of Object.keys(result)) {
    const value = result[key] as Json;
    if (key === 'structuredContent') leaves.push({ path: [key], text: JSON.stringify(value), form: 'json' });
    // Of 2026-07-28, with every result: a word of the protocol. With any other word it is a text like all others.
    else if (key !== 'resultType' || value !== 'complete') collect(value, [key], leaves);
  }
  return {
    text: readText(leaves),
    parts: leaves.map(({ path, text }) => ({ path: path.join('.'), text })),
    rebuild: (made) => rebuilt(result, leaves, made),
  };
}

/** @param path of the value; it is changed on the way, and is the same again when this returns */
function collect(value: Json, path: (string | number)[], leaves: Leaf[]): void {
  if (path.length > maxDepth || leaves.length > maxParts) throw tooMuch();
  if (typeof value === 'string') collectText(value, path, leaves);
  else if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) inside(value[index] as Json, index, path, leaves);
  } else if (typeof value === 'object' && value !== null) {
    const members = value as JsonObject;
    for (const name of Object.keys(members)) {
      const item = members[name] as Json;
      if (isBlob(item, name, members)) collectBlob(item, [...path, name], leaves);
      else inside(item, name, path, leaves);
    }
  }
}

function inside(value: Json, key: string | number, path: (string | number)[], leaves: Leaf[]): void {
  path.push(key);
  collect(value, path, leaves);
  path.pop();
}

function collectText(value: string, path: Path, leaves: Leaf[]): void {
  const key = path.at(-1);
  if (value === '' || (typeof key === 'string' && plainKeys.has(key) && plainValue.test(value))) return;
  leaves.push({ path: [...path], text: value, form: 'text' });
}

/** Of a resource, a picture or a sound. The `data` of a log message or an error is whatever its writer likes. */
const isBlob = (value: Json, name: string, { mimeType, uri }: JsonObject): value is string =>
  typeof value === 'string' &&
  blobKeys.has(name) &&
  (typeof mimeType === 'string' || typeof uri === 'string') &&
  isBase64(value.trimEnd());

function isBase64(value: string): boolean {
  const end = value.indexOf('=');
  const length = end === -1 ? value.length : end;
  return length > 0 && !/[^A-Za-z0-9+/_\r\n-]/.test(value.slice(0, length)) && /^={0,2}$/.test(value.slice(length));
}

function collectBlob(value: string, path: Path, leaves: Leaf[]): void {
  const text = textOf(value);
  if (text !== undefined) leaves.push({ path, text, form: 'base64' });
}

/** Of base64 that is text: a picture is none, and a text with a few odd bytes in it is one to whoever reads it. */
function textOf(base64: string): string | undefined {
  const bytes = Buffer.from(base64, 'base64');
  const text = bytes.toString();
  let left = bytes.length / 5;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if ((code < 0x09 || code === replacement) && --left < 0) return undefined;
  }
  return text;
}
const replacement = 0xfffd;

/** Servers repeat structured content as text, for older clients: it is read once, as the records that it is. */
function readText(leaves: readonly Leaf[]): string {
  const structured = leaves.find(({ form }) => form === 'json')?.text;
  const texts = structured === undefined ? [] : [structured];
  for (const { path, text, form } of leaves) {
    if (form === 'json' || path[0] === '_meta') continue;
    if (structured === undefined || !isSameJson(text, structured)) texts.push(text);
  }
  return texts.join('\n');
}

/** @param json as `JSON.stringify` writes it */
function isSameJson(text: string, json: string): boolean {
  if (text === json) return true;
  if (!beginsAlike(text, json)) return false;
  try {
    // A member that stands in it twice is read by a model twice.
    return JSON.stringify(parseJson(text, { maxDepth })) === json;
  } catch {
    return false;
  }
}

/** Nearly every other text is seen to be one without the error that parsing it would end in, which costs more than all else here. */
const beginsAlike = (text: string, json: string): boolean =>
  !/^[[{]/.test(json) || text.trimStart().startsWith(json.charAt(0));

function rebuilt(result: JsonObject, leaves: readonly Leaf[], parts: readonly ResultPart[]): JsonObject {
  if (parts.length !== leaves.length) throw new RuntimeFault('internal', { detail: 'a guard lost a part of a result' });
  let copy: JsonObject | undefined;
  for (let index = 0; index < leaves.length; index++) {
    const { path, text: before, form } = leaves[index] as Leaf;
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
