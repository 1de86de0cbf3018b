import type { Json, JsonObject } from '@sallyport/core';
import type { EndpointBody, EndpointParameter } from './endpoint.ts';

/** An argument that cannot be sent as it is. The caller is told, nothing is sent. */
export class UnsendableArgument extends Error {
  override readonly name = 'UnsendableArgument';
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const unsendable = (argument: string, why: string): UnsendableArgument =>
  new UnsendableArgument(`The argument ${argument} cannot be sent: ${why}.`);

/** Everything but unreserved characters (RFC 3986 section 2.3) is encoded: no delimiter of any reader gets through. */
export const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

function scalar(argument: string, value: Json): string {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw unsendable(argument, 'it holds half of a surrogate pair');
    return value;
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw unsendable(argument, 'only texts, numbers and booleans have a place here');
}

/** The value, and what readers make of it that decode once more than they should. */
function readings(text: string): string[] {
  const found = [text];
  for (let last = text; found.length < 5;) {
    const decoded = last.replaceAll(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
    if (decoded === last) break;
    found.push(decoded);
    last = decoded;
  }
  return found;
}

/**
 * One segment of a path, or a part of one. What could be read as another segment, as none, or as the parent is refused:
 * servers and proxies behind this differ on when they decode.
 */
export function pathSegment({ argument }: EndpointParameter, value: Json): string {
  const texts = (Array.isArray(value) ? (value as readonly Json[]) : [value]).map((item) => scalar(argument, item));
  for (const reading of readings(texts.join(','))) {
    if (reading === '' || /^\.+$/.test(reading)) throw unsendable(argument, 'it would stand for another path');
    // oxlint-disable-next-line no-control-regex -- a server may end a path at one
    if (/[/\\\u0000-\u001f\u007f]/.test(reading)) throw unsendable(argument, 'a slash or control character is in it');
    // `;` begins parameters of a segment for some servers, which then take it off: `..;` is the parent.
    if (/^\.*;/.test(reading)) throw unsendable(argument, 'it would stand for another path');
  }
  return texts.map(encode).join(',');
}

type Written = Pick<EndpointParameter, 'argument' | 'name' | 'style' | 'explode' | 'members'>;

/** @returns `name=value` pairs, encoded */
export function queryPairs(parameter: Written, value: Json): string[] {
  const { argument, name, style, explode } = parameter;
  const key = encode(name);
  if (style === 'json') return [`${key}=${encode(jsonText(argument, value))}`];
  if (style === 'deepObject') return deepPairs(argument, name, value);
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => encode(scalar(argument, item)));
    if (explode) return items.map((item) => `${key}=${item}`);
    const separator = separators[style];
    // A comma is told from an encoded one; of these two that cannot be said.
    if (separator !== ',' && items.some((item) => item.includes(separator))) {
      throw unsendable(argument, 'an item holds what separates items');
    }
    return items.length === 0 ? [] : [`${key}=${items.join(separator)}`];
  }
  if (!isObject(value)) return [`${key}=${encode(scalar(argument, value))}`];
  const texts = entriesOf(argument, value).map(([member, item]) => [member, encode(scalar(argument, item))] as const);
  if (!explode) return texts.length === 0 ? [] : [`${key}=${texts.flat().join(separators[style])}`];
  const stranger = texts.find(([member]) => !parameter.members?.includes(member));
  if (stranger) throw unsendable(argument, 'it has a member that the API does not name');
  return texts.map(([member, text]) => `${encode(member)}=${text}`);
}

/** Members that are no null, by names that delimit nothing. */
function entriesOf(argument: string, value: JsonObject): [string, Json][] {
  const entries = Object.entries<Json>(value).filter(([, item]) => item !== null);
  for (const [member] of entries) {
    if (!/^[\w.$-]+$/.test(member) || member === '__proto__') throw unsendable(argument, 'a member has no usable name');
  }
  return entries;
}

/** `name[member][0][member]=value`, lists of values as `name[]=value`: below the first level as PHP, Rails and Stripe read it. */
function deepPairs(argument: string, name: string, value: Json): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item: Json, index) =>
      isObject(item)
        ? deepPairs(argument, `${name}[${index}]`, item)
        : [`${encode(`${name}[]`)}=${encode(scalar(argument, item))}`],
    );
  }
  if (!isObject(value)) return [`${encode(name)}=${encode(scalar(argument, value))}`];
  return entriesOf(argument, value).flatMap(([member, item]) => deepPairs(argument, `${name}[${member}]`, item));
}

const separators = { form: ',', simple: ',', spaceDelimited: '%20', pipeDelimited: '%7C' } as const;

/** A field value (RFC 9110 section 5.5) of visible ASCII: nothing that could begin another field, or that readers trim. */
export function headerValue({ argument, style }: EndpointParameter, value: Json): string {
  const text = style === 'json' ? jsonText(argument, value) : listText(argument, value);
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) || text.length > 4_096) {
    throw unsendable(argument, 'a header takes visible ASCII in one line, not empty');
  }
  return text;
}

/** Nothing in a header can tell a comma from one between items. */
function listText(argument: string, value: Json): string {
  if (!Array.isArray(value)) return scalar(argument, value);
  const items = value.map((item: Json) => scalar(argument, item));
  if (items.some((item) => item.includes(','))) throw unsendable(argument, 'an item holds what separates items');
  return items.join(',');
}

/** JSON for the API's own parser, which may be one that a member called `__proto__` harms. */
export function jsonText(argument: string, value: Json): string {
  const text = JSON.stringify(value, (key: string, item: Json) => {
    if (key === '__proto__') throw unsendable(argument, 'a member is called __proto__');
    return item;
  });
  return text;
}

/** application/x-www-form-urlencoded: each member as a parameter of its own, objects as JSON where nothing else is said. */
export function formText({ argument, members }: EndpointBody, value: Json): string {
  if (!isObject(value)) throw unsendable(argument, 'an object was expected');
  return Object.entries<Json>(value)
    .filter(([, item]) => item !== null)
    .flatMap(([member, item]) => {
      const name = scalar(argument, member);
      const style = members?.get(name);
      if (style) return queryPairs({ argument, name, ...style }, item);
      // Of `a[b]` most servers make a member of `a`, which nobody judged.
      if (/[[\]]|^__proto__$/.test(name)) throw unsendable(argument, 'a member has no usable name');
      const items = Array.isArray(item) ? (item as readonly Json[]) : [item];
      return items.flatMap((each) =>
        queryPairs({ argument, name, style: isObject(each) ? 'json' : 'form', explode: true }, each),
      );
    })
    .join('&');
}
