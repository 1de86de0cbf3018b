import type { Json, JsonObject } from '@sallyport/core';
import type {
  Endpoint,
  EndpointBody,
  EndpointMethod,
  EndpointParameter,
  MemberStyle,
  Skipped,
} from '../endpoints/endpoint.ts';
import type { OpenApiVersion } from './validate.ts';
import { showText } from '@sallyport/core';
import { problemOfPath, toolOf } from '../endpoints/endpoint.ts';
import { isObject } from '../endpoints/values.ts';
import { argumentName, explodes, parametersOf, styles } from './parameters.ts';
import { listOf, membersOf, NotOffered, References, textOf } from './references.ts';
import { SchemaWriter } from './schemas.ts';
import { serverUrl } from './server.ts';

export interface OperationsOptions {
  readonly root: JsonObject;
  readonly version: OpenApiVersion;
  readonly base: URL;
  /** Headers that have a value already, in lower case. */
  readonly taken: ReadonlySet<string>;
  /** Whether a tool of this name is offered at all. */
  readonly offers: (tool: string) => boolean;
}

const methods: Readonly<Record<string, EndpointMethod>> = {
  get: 'GET',
  head: 'HEAD',
  post: 'POST',
  put: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
};
const otherMethods: ReadonlySet<string> = new Set(['options', 'trace', 'query']);

const mostTools = 1_000;
const mostSkipped = 1_000;
const longestDescription = 4_000;
/** Of a tool's arguments, as JSON: a model reads all of it, and the arguments guard checks no more. */
const longestInput = 65_536;
const longestOutput = 32_768;

/** The operations of a document as endpoints, and what could not be made one. */
export function operationsOf(options: OperationsOptions): { endpoints: Endpoint[]; skipped: Skipped[] } {
  const references = new References(options.root);
  const skipped: Skipped[] = [];
  const skip = (operation: string, why: string) => {
    if (skipped.length < mostSkipped) skipped.push({ operation: showText(operation, 200), why });
  };
  const found = [...operationsIn(options.root, references, skip)];
  const names = namesOf(found);
  const keys = keysOf(options.root, references);
  const endpoints: Endpoint[] = [];
  for (const [index, each] of found.entries()) {
    const tool = names[index];
    const label = `${each.method} ${each.path}`;
    if (tool === undefined) skip(label, 'another operation has its name; give it an operationId of its own');
    else if (!options.offers(tool)) continue;
    else if (endpoints.length >= mostTools) skip(label, `${mostTools} tools are offered already; choose by \`tools\``);
    else {
      try {
        endpoints.push(endpointOf(tool, each, { ...options, references, keys, leaveOut: (why) => skip(label, why) }));
      } catch (error) {
        if (!(error instanceof NotOffered)) throw error;
        skip(label, error.message);
      }
    }
  }
  return { endpoints, skipped };
}

interface Found {
  readonly method: EndpointMethod;
  readonly path: string;
  /** The path item, for what all its operations share. */
  readonly item: JsonObject;
  readonly operation: JsonObject;
}

function* operationsIn(
  root: JsonObject,
  references: References,
  skip: (operation: string, why: string) => void,
): Generator<Found> {
  for (const [path, given] of membersOf(root['paths'])) {
    if (path.startsWith('x-')) continue;
    try {
      const item = references.follow(given);
      for (const [word, operation] of membersOf(item)) {
        const method = Object.hasOwn(methods, word) ? methods[word] : undefined;
        if (method && isObject(operation)) yield { method, path, item, operation };
        else if (otherMethods.has(word)) skip(`${word.toUpperCase()} ${path}`, 'no tool can have this method');
        else if (word === 'additionalOperations') skip(path, 'its additionalOperations have methods no tool can have');
      }
    } catch (error) {
      if (!(error instanceof NotOffered)) throw error;
      skip(path, error.message);
    }
  }
}

/** Of operations that would share a name each is named after its method and path, in whatever order they stand. */
function namesOf(found: readonly Found[]): (string | undefined)[] {
  const generated = ({ method, path }: Found) => toolName(`${method.toLowerCase()} ${path.replaceAll(/[{}]/g, '')}`);
  const first = found.map((each) => toolName(textOf(each.operation, 'operationId') ?? '') || generated(each));
  const count = countOf(first);
  const names = found.map((each, index) => ((count.get(first[index] ?? '') ?? 0) > 1 ? generated(each) : first[index]));
  const again = countOf(names);
  return names.map((name) => (name !== undefined && name !== '' && again.get(name) === 1 ? name : undefined));
}

const toolName = (text: string): string =>
  text
    .replaceAll(/[^A-Za-z0-9_-]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
    .slice(0, 64);

function countOf<T>(values: readonly T[]): Map<T, number> {
  const count = new Map<T, number>();
  for (const value of values) count.set(value, (count.get(value) ?? 0) + 1);
  return count;
}

interface EndpointContext extends OperationsOptions {
  readonly references: References;
  readonly keys: ReadonlySet<string>;
  readonly leaveOut: (why: string) => void;
}

/** @throws NotOffered */
function endpointOf(tool: string, found: Found, context: EndpointContext): Endpoint {
  const { base, root } = context;
  const problem = problemOfPath(found.path, base);
  if (problem !== undefined) throw new NotOffered(problem);
  const [server] = listOf(found.operation['servers'] ?? found.item['servers']);
  if (server !== undefined && serverUrl(server) !== serverUrl(listOf(root['servers'])[0])) {
    throw new NotOffered('it has servers of its own, and only the one of the upstream is called');
  }
  const fits = (endpoint: Endpoint) => JSON.stringify(toolOf(endpoint, base)['inputSchema']).length <= longestInput;
  const whole = writeEndpoint(tool, found, context, false);
  if (fits(whole)) return whole;
  const brief = writeEndpoint(tool, found, { ...context, leaveOut: () => undefined }, true);
  if (!fits(brief)) throw new NotOffered('its schema is too large');
  context.leaveOut('its schema is too large; the descriptions of its arguments are left out');
  return brief;
}

function writeEndpoint(
  tool: string,
  { method, path, item, operation }: Found,
  context: EndpointContext,
  isBrief: boolean,
): Endpoint {
  const { references, version } = context;
  const writer = new SchemaWriter(references, version, 'arguments', isBrief);
  const parameters = parametersOf(item, operation, { ...context, writer });
  checkPlaceholders(path, parameters);
  const body = bodyOf(method, operation, parameters, writer, context);
  const output = outputOf(operation, context);
  const description = [textOf(operation, 'summary'), textOf(operation, 'description')].filter(Boolean).join('\n\n');
  return {
    tool,
    method,
    path,
    description: description.slice(0, longestDescription).toWellFormed(),
    parameters,
    ...(body && { body }),
    ...(writer.definitions && { definitions: writer.definitions }),
    ...(output && { outputSchema: output }),
  };
}

function checkPlaceholders(path: string, parameters: readonly EndpointParameter[]): void {
  const named = new Set([...path.matchAll(/\{([^{}/]*)\}/g)].map(([, name]) => name));
  const placed = new Set(parameters.filter((each) => each.in === 'path').map(({ name }) => name));
  const missing = [...named].find((name) => !placed.has(name ?? ''));
  if (missing !== undefined) throw new NotOffered(`its path parameter ${showText(missing, 60)} is not described`);
  const idle = [...placed].find((name) => !named.has(name));
  if (idle !== undefined) throw new NotOffered(`its parameter ${showText(idle, 60)} does not occur in its path`);
}

/** @throws NotOffered where it needs one that cannot be sent */
function bodyOf(
  method: EndpointMethod,
  operation: JsonObject,
  parameters: readonly EndpointParameter[],
  writer: SchemaWriter,
  { references, leaveOut }: EndpointContext,
): EndpointBody | undefined {
  if (operation['requestBody'] === undefined) return undefined;
  const given = references.follow(operation['requestBody']);
  const required = given['required'] === true;
  const offered = membersOf(given['content']);
  const media = (pattern: RegExp) => offered.find(([type]) => pattern.test(type));
  const json =
    media(/^application\/json\s*(?:;|$)/i) ??
    // Of the ways to write a patch, the one whose body is what is to be.
    media(/^application\/merge-patch\+json\s*(?:;|$)/i) ??
    media(/^application\/[\w.-]+\+json\s*(?:;|$)/i);
  const form = media(/^application\/x-www-form-urlencoded\s*(?:;|$)/i);
  const chosen = json ?? form ?? media(/^(?:\*|application)\/\*$/);
  const why = problemOfBody(method, offered, chosen);
  if (why !== undefined || !chosen) {
    if (required) throw new NotOffered(why ?? 'its body cannot be sent');
    leaveOut(`${why ?? 'its body cannot be sent'}; it is left out`);
    return undefined;
  }
  const taken = new Set(parameters.map(({ argument }) => argument));
  const content = isObject(chosen[1]) ? chosen[1] : {};
  return {
    argument: taken.has('body') ? argumentName('request body') : 'body',
    encoding: chosen === form ? 'form' : 'json',
    contentType: chosen === json || chosen === form ? bareType(chosen[0]) : 'application/json',
    required,
    schema: writer.described(writer.write(content['schema'] ?? {}), textOf(given, 'description')),
    ...(chosen === form && { members: stylesOf(content, references) }),
  };
}

/** A media type without its parameters. */
const bareType = (type: string): string => (type.split(';')[0] ?? '').trim().toLowerCase();

/** How the members of a form are written, where the document says (OpenAPI 3.1 section 4.8.15); names with brackets are its own. */
function stylesOf({ schema, encoding }: JsonObject, references: References): ReadonlyMap<string, MemberStyle> {
  const named = isObject(schema) ? membersOf(references.follow(schema)['properties']) : [];
  const found = new Map<string, MemberStyle>(
    named.flatMap(([name]) => (/[[\]]/.test(name) ? [[name, { style: 'form', explode: true }]] : [])),
  );
  for (const [member, given] of membersOf(encoding)) {
    if (!isObject(given)) continue;
    const style = styles.query.find((each) => each === textOf(given, 'style'));
    if (style !== undefined) found.set(member, { style, explode: explodes(style, given) });
    else if (/^application\/json\b/i.test(textOf(given, 'contentType') ?? ''))
      found.set(member, { style: 'json', explode: false });
  }
  return found;
}

function problemOfBody(
  method: EndpointMethod,
  offered: readonly [string, Json][],
  chosen: unknown,
): string | undefined {
  if (method === 'GET' || method === 'HEAD') return `a ${method} has no body`;
  if (chosen !== undefined) return undefined;
  const given = offered.map(([type]) => showText(type, 60)).join(', ') || 'none';
  return offered.some(([type]) => /^multipart\//i.test(type))
    ? `its body is ${given}: files are not sent for agents`
    : `its body is ${given}, and only JSON and forms can be sent`;
}

/** Of the first answer that is a success and a JSON object; what is too large is left out. */
function outputOf(operation: JsonObject, { references, version }: EndpointContext): JsonObject | undefined {
  try {
    const [, given] = membersOf(operation['responses'])
      .filter(([status]) => /^2(?:\d\d|XX)$/i.test(status))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .at(0) ?? ['', undefined];
    if (given === undefined) return undefined;
    const content = membersOf(references.follow(given)['content']);
    const media = content.find(([type]) => /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type))?.[1];
    if (!isObject(media) || !isObject(media['schema'])) return undefined;
    const schema = references.follow(media['schema']);
    const isObjectSchema = schema['type'] === 'object' || isObject(schema['properties']);
    if (!isObjectSchema) return undefined;
    const writer = new SchemaWriter(references, version, 'answer');
    const written = writer.write(schema);
    const output = { ...written, type: 'object', ...(writer.definitions && { $defs: writer.definitions }) };
    return JSON.stringify(output).length > longestOutput ? undefined : output;
  } catch (error) {
    if (error instanceof NotOffered) return undefined;
    throw error;
  }
}

/** Where the document's security schemes keep their keys. */
function keysOf(root: JsonObject, references: References): ReadonlySet<string> {
  const components = root['components'];
  const schemes = isObject(components) ? membersOf(components['securitySchemes']) : [];
  return new Set(
    schemes.flatMap(([, given]) => {
      try {
        const scheme = references.follow(given);
        if (textOf(scheme, 'type') !== 'apiKey') return [];
        return [`${textOf(scheme, 'in') ?? ''} ${textOf(scheme, 'name') ?? ''}`.toLowerCase()];
      } catch (error) {
        if (error instanceof NotOffered) return [];
        throw error;
      }
    }),
  );
}

/** Title and version, for people. */
export function serverInfoOf(root: JsonObject, name: string): JsonObject {
  const info = isObject(root['info']) ? root['info'] : {};
  return {
    name: showText(textOf(info, 'title') ?? name, 100),
    version: showText(textOf(info, 'version') ?? '', 40),
  };
}
