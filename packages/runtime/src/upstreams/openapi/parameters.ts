import type { Json, JsonObject } from '@sallyport/core';
import type { EndpointParameter, ParameterStyle } from '../endpoints/endpoint.ts';
import type { References } from './references.ts';
import type { SchemaWriter } from './schemas.ts';
import { showText } from '@sallyport/core';
import { isHeaderName, isReservedHeader } from '../endpoints/headers.ts';
import { isObject } from '../endpoints/values.ts';
import { listOf, membersOf, NotOffered, textOf } from './references.ts';

export interface ParameterContext {
  readonly references: References;
  readonly writer: SchemaWriter;
  /** Headers that have a value already, in lower case. */
  readonly taken: ReadonlySet<string>;
  /** Headers and query parameters that the document's security schemes say are keys, as `header x-key`. */
  readonly keys: ReadonlySet<string>;
  /** Takes up what is left out of an operation that is offered all the same. */
  readonly leaveOut: (why: string) => void;
}

export const styles: Readonly<Record<'path' | 'query' | 'header', readonly ParameterStyle[]>> = {
  path: ['simple'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
};

/** Whether a list or an object becomes several parameters: by default in `form`, and always in `deepObject`. */
export const explodes = (style: ParameterStyle, { explode }: JsonObject): boolean =>
  style === 'deepObject' || (typeof explode === 'boolean' ? explode : style === 'form');

/**
 * The parameters of one operation; those of its path first, where it does not have them itself.
 *
 * @throws NotOffered where one that is required cannot be sent
 */
export function parametersOf(
  path: JsonObject,
  operation: JsonObject,
  context: ParameterContext,
): readonly EndpointParameter[] {
  const byPlace = new Map<string, JsonObject>();
  for (const given of [...listOf(path['parameters']), ...listOf(operation['parameters'])]) {
    const parameter = context.references.follow(given);
    const place = `${textOf(parameter, 'in') ?? ''} ${textOf(parameter, 'name') ?? ''}`;
    // Header names are the same in either case: of two that are, one would be judged and the other sent.
    byPlace.set(place.startsWith('header ') ? place.toLowerCase() : place, parameter);
  }
  const found: EndpointParameter[] = [];
  for (const [place, parameter] of byPlace) {
    const why = problemOf(place, parameter, context) ?? add(found, parameter, context);
    if (why === undefined || isIgnored(place)) continue;
    const what = `the parameter ${showText(textOf(parameter, 'name') ?? '', 60)} ${why}`;
    if (parameter['required'] === true) throw new NotOffered(what);
    context.leaveOut(`${what}; it is left out`);
  }
  return found;
}

/** These three say nothing in a document: OpenAPI 3.1 section 4.8.12.2. */
const isIgnored = (place: string): boolean => /^header (?:accept|content-type|authorization)$/i.test(place);

function problemOf(place: string, parameter: JsonObject, { taken, keys }: ParameterContext): string | undefined {
  const name = textOf(parameter, 'name') ?? '';
  const where = textOf(parameter, 'in') ?? '';
  if (name === '' || name.length > 200) return 'has no usable name';
  if (name === '__proto__' || argumentName(name) === '__proto__') return 'has a name that no object may have';
  if (where === 'cookie') return 'is a cookie, and cookies are not sent';
  if (!Object.hasOwn(styles, where)) return `goes to ${showText(where, 40)}, which is not supported`;
  if (keys.has(place.toLowerCase())) return 'is a key; keys are attached by `credential`';
  if (where === 'header' && (!isHeaderName(name) || isReservedHeader(name, taken))) {
    return 'is a header that no argument may set';
  }
  return undefined;
}

/** @returns what is wrong with it */
function add(found: EndpointParameter[], parameter: JsonObject, context: ParameterContext): string | undefined {
  const name = textOf(parameter, 'name') ?? '';
  const place = textOf(parameter, 'in') as 'path' | 'query' | 'header';
  const how = styleOf(parameter, place);
  if (how === undefined) return 'is written in a style that is not supported';
  const given = how.style === 'json' ? contentSchema(parameter) : parameter['schema'];
  const members = place === 'query' && how.style === 'form' && how.explode ? membersAlone(given, context) : undefined;
  const schema = context.writer.described(context.writer.write(given), textOf(parameter, 'description'));
  const taken = new Set(found.map(({ argument }) => argument));
  const argument = [argumentName(name), `${place}_${argumentName(name)}`].find((each) => !taken.has(each));
  if (argument === undefined) return 'has a name that others have as well';
  // A member that becomes a parameter of its own must not pass for another one.
  const clashes = found.some(
    (each) => each.in === 'query' && (each.members?.includes(name) || members?.includes(each.name)),
  );
  if (place === 'query' && clashes) return 'shares a name with a member of another parameter';
  found.push({
    argument,
    name,
    in: place,
    required: place === 'path' || parameter['required'] === true,
    schema,
    ...how,
    ...(members && { members }),
  });
  return undefined;
}

function styleOf(
  parameter: JsonObject,
  place: 'path' | 'query' | 'header',
): Pick<EndpointParameter, 'style' | 'explode'> | undefined {
  if (contentSchema(parameter) !== undefined) return place === 'path' ? undefined : { style: 'json', explode: false };
  if (isObject(parameter['content'])) return undefined;
  const style = textOf(parameter, 'style') ?? (place === 'query' ? 'form' : 'simple');
  const known = styles[place].find((each) => each === style);
  return known && { style: known, explode: place === 'query' && explodes(known, parameter) };
}

function contentSchema(parameter: JsonObject): Json | undefined {
  const [only, ...more] = membersOf(parameter['content']);
  if (!only || more.length > 0 || !/^application\/json\b/i.test(only[0]) || !isObject(only[1])) return undefined;
  return only[1]['schema'] ?? {};
}

function membersAlone(schema: Json | undefined, { references }: ParameterContext): readonly string[] {
  if (!isObject(schema)) return [];
  return membersOf(references.follow(schema)['properties']).map(([name]) => name);
}

/** What models and policies can say. */
export const argumentName = (name: string): string =>
  name
    .replaceAll(/[^A-Za-z0-9_-]+/g, '_')
    .replaceAll(/^_+(?=[^_])|(?<=[^_])_+$/g, '')
    .slice(0, 64) || 'value';
