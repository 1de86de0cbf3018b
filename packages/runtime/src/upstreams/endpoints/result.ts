import type { Json, JsonObject } from '@sallyport/core';
import type { Answer } from './exchange.ts';
import { STATUS_CODES } from 'node:http';
import { asFault, parseJson, RuntimeFault, showText } from '@sallyport/core';
import { isObject } from './values.ts';

export interface ResultOptions {
  readonly upstream: string;
  /** Of the request, without what credentials added to it. */
  readonly url: URL;
  /** Whether the tool promised structured content. */
  readonly structured: boolean;
  /** Takes credentials out of what the API echoes. */
  readonly mask: (text: string) => string;
}

const longestError = 8_192;
const deepestJson = 64;

/**
 * The answer as a CallToolResult of MCP: JSON as structured content, and as the text it came as.
 *
 * @throws RuntimeFault `upstream_malformed` where the body is not what its type says
 */
export function resultOf(answer: Answer, options: ResultOptions): JsonObject {
  const { status, body } = answer;
  if (status < 200 || status > 299) return failure(answer, options);
  if (body.length === 0) {
    const content = [textContent(`Done: the API answered ${status}, without content.`)];
    return options.structured ? { content, structuredContent: {} } : { content };
  }
  const type = typeOf(answer.contentType);
  const text = textOf(answer, type);
  // Clients refuse a result without what its tool promised.
  const promised = options.structured ? { structuredContent: {} } : {};
  if (text === undefined) return { content: [binaryContent(answer, type, options)], ...promised };
  const masked = options.mask(text);
  if (!isJson(type)) return { content: [textContent(masked)], ...promised };
  const value = parsed(masked, options.upstream);
  return { content: [textContent(masked)], structuredContent: isObject(value) ? value : { result: value } };
}

/** What was wrong with the arguments, for whoever made them. Nothing was sent. */
export const refusal = (message: string): JsonObject => ({ content: [textContent(message)], isError: true });

function failure(answer: Answer, { mask }: ResultOptions): JsonObject {
  const { status, location } = answer;
  const head = `The API answered ${status} ${STATUS_CODES[status] ?? ''}`.trim();
  const to = location === undefined ? '' : ` It redirects to ${showText(mask(location), 300)}, which is not followed.`;
  const text = mask(textOf(answer, typeOf(answer.contentType)) ?? '');
  // Masked first: a cut through a credential would leave a part that nothing recognises.
  const cut = text.length > longestError ? `${text.slice(0, longestError).toWellFormed()}…` : text;
  return { content: [textContent(`${head}.${to}${cut === '' ? '' : `\n${cut}`}`)], isError: true };
}

const textContent = (text: string): JsonObject => ({ type: 'text', text });

function binaryContent({ body }: Answer, type: string, { url, mask }: ResultOptions): JsonObject {
  const data = body.toString('base64');
  // With a part cut out they would be other bytes.
  if ([data, type].some((each) => mask(each) !== each)) {
    return textContent('The answer holds a credential, so its bytes are left out.');
  }
  if (/^image\/(?!svg)/.test(type)) return { type: 'image', data, mimeType: type };
  if (type.startsWith('audio/')) return { type: 'audio', data, mimeType: type };
  return { type: 'resource', resource: { uri: url.origin + url.pathname, mimeType: type, blob: data } };
}

/** The media type alone, in lower case; what is none counts as bytes. */
function typeOf(contentType: string): string {
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  return /^[a-z0-9!#$&^_.+-]{1,80}\/[a-z0-9!#$&^_.+-]{1,120}$/.test(type) ? type : 'application/octet-stream';
}

const isJson = (type: string): boolean => /^(?:application|text)\/(?:[\w.-]+\+)?json$/.test(type);
const isText = (type: string): boolean =>
  /^text\/|\+(?:xml|yaml)$|^application\/(?:xml|yaml|x-yaml|javascript|x-ndjson|x-www-form-urlencoded|graphql)$/.test(
    type,
  );

function textOf({ body, contentType }: Answer, type: string): string | undefined {
  const unnamed = contentType.trim() === '';
  if (!isJson(type) && !isText(type) && !unnamed) return undefined;
  const charset = isJson(type) ? 'utf-8' : (/charset\s*=\s*"?([\w-]+)/i.exec(contentType)?.[1] ?? 'utf-8');
  try {
    const text = new TextDecoder(charset, { fatal: true }).decode(body);
    return unnamed && text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

function parsed(text: string, upstream: string): Json {
  try {
    return parseJson(text, { maxDepth: deepestJson });
  } catch (error) {
    const why = asFault(error).detail ?? 'it cannot be read';
    const detail = `Upstream ${upstream}: its answer says that it is JSON and is not. ${why}`;
    throw new RuntimeFault('upstream_malformed', { detail, cause: error });
  }
}
