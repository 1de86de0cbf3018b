import type { JsonObject } from '@sallyport/core';

/** Where a parameter goes; `body` is a member of a JSON object that is the body. */
export type ParameterPlace = 'path' | 'query' | 'header' | 'body';

/** How a list or an object is written: OpenAPI 3.1 section 4.8.12.5. `json`: as JSON text. */
export type ParameterStyle = 'simple' | 'form' | 'spaceDelimited' | 'pipeDelimited' | 'deepObject' | 'json';

export interface MemberStyle {
  readonly style: ParameterStyle;
  readonly explode: boolean;
}

export interface EndpointParameter extends MemberStyle {
  /** As the tool's argument is called. */
  readonly argument: string;
  /** As the API calls it. */
  readonly name: string;
  readonly in: ParameterPlace;
  readonly required: boolean;
  readonly schema: JsonObject;
  /** Of an object whose members become parameters of their own (`form`, explode): which may. */
  readonly members?: readonly string[];
}

/** One argument that is the whole body. */
export interface EndpointBody {
  readonly argument: string;
  readonly encoding: 'json' | 'form';
  readonly contentType: string;
  /** Of a form: how members are written that are not written as usual. */
  readonly members?: ReadonlyMap<string, MemberStyle>;
  readonly required: boolean;
  readonly schema: JsonObject;
}

export type EndpointMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One operation of an HTTP API, offered as a tool. */
export interface Endpoint {
  readonly tool: string;
  readonly method: EndpointMethod;
  /** Below the base, with `{name}` for each path parameter. */
  readonly path: string;
  readonly description: string;
  readonly parameters: readonly EndpointParameter[];
  readonly body?: EndpointBody;
  /** What the schemas refer to by `#/$defs/…`. */
  readonly definitions?: JsonObject;
  readonly outputSchema?: JsonObject;
}

/** Something that could not be made a tool, or not all of it. */
export interface Skipped {
  /** As people find it: `DELETE /pets/{id}`. */
  readonly operation: string;
  readonly why: string;
}

/** Everything an upstream of this room knows of its API. */
export interface HttpApi {
  readonly base: URL;
  readonly endpoints: readonly Endpoint[];
  readonly skipped: readonly Skipped[];
  readonly serverInfo: JsonObject;
}

/**
 * The endpoint as a Tool of MCP. Where each argument goes is told in it (`$comment`, and the address in the title), so that
 * a pinned definition pins the request as well: an argument that moved from the body to the path is another tool.
 */
export function toolOf(endpoint: Endpoint, base: URL): JsonObject {
  const { tool, method, path, parameters, body } = endpoint;
  const properties = [
    ...parameters.map((each) => [each.argument, { ...each.schema, $comment: placeOf(each) }] as const),
    ...(body ? [[body.argument, { ...body.schema, $comment: writtenAs(body) }] as const] : []),
  ];
  const required = [...parameters, ...(body ? [body] : [])].filter((each) => each.required);
  return {
    name: tool,
    // `POST` alone would read as a verb of its own.
    description: endpoint.description || `HTTP ${method} ${path}`,
    inputSchema: {
      type: 'object',
      properties: Object.fromEntries(properties),
      ...(required.length > 0 && { required: required.map(({ argument }) => argument) }),
      additionalProperties: false,
      ...(endpoint.definitions && { $defs: endpoint.definitions }),
    },
    ...(endpoint.outputSchema && { outputSchema: endpoint.outputSchema }),
    annotations: annotationsOf(method, `${method} ${base.origin}${prefixOf(base)}${path}`),
  };
}

function placeOf({ argument, name, in: place, style, explode }: EndpointParameter): string {
  return `${place}${name === argument ? '' : ` as ${name}`}${styleText({ style, explode })}`;
}

const styleText = ({ style, explode }: MemberStyle): string =>
  style === 'simple' || (style === 'form' && explode) ? '' : `, ${style}${explode ? ', explode' : ''}`;

function writtenAs({ contentType, members }: EndpointBody): string {
  const special = [...(members ?? [])].map(([name, style]) => `; ${name}${styleText(style)}`);
  return `the body, ${contentType}${special.join('')}`;
}

/** What the method promises: RFC 9110 section 9.2. Whether a POST destroys anything nobody can tell. */
function annotationsOf(method: EndpointMethod, title: string): JsonObject {
  const reads = method === 'GET' || method === 'HEAD';
  return {
    title,
    readOnlyHint: reads,
    ...((method === 'PUT' || method === 'DELETE') && { idempotentHint: true }),
    ...(method === 'DELETE' && { destructiveHint: true }),
    // It speaks to the one API that an operator named.
    openWorldHint: false,
  };
}

/** Path of the base, without a slash at its end. */
export const prefixOf = (base: URL): string => base.pathname.replace(/\/+$/, '');

/**
 * What is wrong with a path as the place of an endpoint, beside its parameters.
 *
 * @returns nothing where it stays below the base, as every URL parser reads it
 */
export function problemOfPath(path: string, base: URL): string | undefined {
  if (!path.startsWith('/')) return 'its path does not begin with /';
  const filled = prefixOf(base) + path.replaceAll(/\{[^{}/]*\}/g, 'x');
  if (/[{}?#\\]/.test(filled)) return 'its path holds braces out of place, or ? or # or a backslash';
  // As it stands in the template, `%2e` is a dot to servers that decode before they resolve.
  if (/%(?:2e|2f|5c)/i.test(filled)) return 'its path holds an encoded dot or slash';
  const url = URL.parse(base.origin + filled);
  return url?.origin === base.origin && url.pathname === filled
    ? undefined
    : 'its path is not what a URL parser makes of it: characters that need encoding, or .. in it';
}
