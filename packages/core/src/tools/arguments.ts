import type { Effect } from '../flow/manifest.ts';
import type { Json, JsonObject } from '../events.ts';
import { isOneOf, wordsOf } from './words.ts';

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));

/** What an argument is about, told by the last word of its name; of `note_path` that is the path. */
const contentNames = set(
  'subject body title headline description message text content contents comment note summary caption memo remark ' +
    'reason greeting signature html markdown detail bio about preface footer',
);
/** Whatever else its name says: who, where, or with which right. */
const targetWords = set(
  'id ids uuid guid password passphrase secret token key credential otp pin recipient to cc bcc email mail address url ' +
    'uri link href host hostname domain site webhook endpoint path file filename dir directory folder destination source ' +
    'account iban bic swift routing card amount price quantity user username owner member participant attendee assignee ' +
    'channel chat repo repository branch org organization team group role permission scope visibility phone number sql ' +
    'query command script code attachment date time start end day',
);
const addressNames = set('url uri href link webpage website endpoint webhook host hostname domain site');
/** Words of a description which say that a text chooses something after all. */
const describedTarget =
  /\b(?:e-?mail address(?:es)?|urls?|uris?|iban|(?:file|folder|directory) path|path (?:of|to)|account numbers?|phone numbers?|recipients?|user ?names?|(?:unique )?identifiers?|the ids?)\b/i;
const addressFormats = set('uri url uri-reference iri iri-reference hostname idn-hostname ipv4 ipv6');
const targetFormats = set('email idn-email uuid date date-time time duration binary byte password');

/** Arguments that are run, whatever verb the tool goes by. */
const codeNames = set('sql command cmd script shell bash javascript python statement cypher graphql mutation');
/** Beside an address these make a fetch a way to send. */
const bodyNames = set('body data payload form headers method verb json file attachment');
const audienceNames = set('participant attendee invitee guest recipient cc bcc subscriber');
const placeNames = set('location place venue');
const eventWords = set('event calendar meeting appointment');
const codeOfOneUse =
  /^(?:otp|one_?time_?(?:code|password|passcode)|verification_?code|(?:mfa|2fa|totp|sms|auth)_?code)$/i;

/** One place of the arguments at which a value may stand, as manifests name it. */
export interface ArgumentFound {
  readonly path: string;
  readonly role: 'target' | 'content';
  readonly because: string;
  readonly isAddress: boolean;
}

export interface ArgumentsFound {
  readonly all: readonly ArgumentFound[];
  /** Whether the definition says which arguments there are. */
  readonly known: boolean;
}

const maxArguments = 200;
/** Looked at, found or not: references let a short definition stand for a huge one. */
const maxVisits = 2_000;
const maxDepth = 4;

/**
 * Every argument with its role. What is not plainly a text that somebody writes is a target; of a tool that executes,
 * everything is.
 *
 * @param seen arguments that calls had, where the definition names none
 */
export function findArguments(
  tool: string,
  effect: Effect,
  parameters: JsonObject | undefined,
  seen: readonly string[],
): ArgumentsFound {
  const found: ArgumentFound[] = [];
  let visits = 0;
  const inEvents = wordsOf(tool).some((word) => isOneOf(word, eventWords));
  const visit = (schema: JsonObject, path: string, depth: number): void => {
    for (const [name, given] of Object.entries(propertiesOf(schema))) {
      if (found.length >= maxArguments || visits++ >= maxVisits) return;
      // Such a name cannot be said in a path.
      if (name === '' || /[.*]/.test(name)) continue;
      const place = path === '' ? name : `${path}.${name}`;
      const inner = isObject(given) ? resolved(given, parameters) : {};
      const items = isObject(inner['items']) ? resolved(inner['items'], parameters) : undefined;
      const [below, at] = items ? [items, `${place}.*`] : [inner, place];
      if (depth < maxDepth && isClosed(below)) visit(below, at, depth + 1);
      else found.push({ path: place, ...roleOf(name, inner, { effect, inEvents }) });
    }
  };
  if (parameters) visit(resolved(parameters, parameters), '', 0);
  const named = new Set(found.map(({ path }) => path.split('.')[0]));
  for (const name of seen) {
    if (!named.has(name) && !/[.*]/.test(name) && name !== '') {
      found.push({
        path: name,
        ...roleOf(name, {}, { effect, inEvents }),
        role: 'target',
        because: 'it is not declared',
      });
    }
  }
  return { all: found, known: parameters !== undefined };
}

type Role = Pick<ArgumentFound, 'role' | 'because' | 'isAddress'>;

function roleOf(name: string, schema: JsonObject, tool: { effect: Effect; inEvents: boolean }): Role {
  const words = wordsOf(name);
  const last = words.at(-1) ?? '';
  const description = typeof schema['description'] === 'string' ? schema['description'] : '';
  const formats = formatsOf(schema);
  const isAddress =
    isOneOf(last, addressNames) ||
    words.includes('url') ||
    formats.some((format) => addressFormats.has(format)) ||
    /\burls?\b/i.test(description);
  const target = (because: string): Role => ({ role: 'target', because, isAddress });
  if (isAddress) return target('it is an address');
  const format = formats.find((each) => targetFormats.has(each));
  if (format !== undefined) return target(`its format is ${format}`);
  if (tool.effect === 'execute') return target('everything that an executing tool is given may choose what happens');
  // What the agent looks up is only as good as its question.
  if (tool.effect === 'read') return target('it chooses what is read');
  if (isOneOf(last, contentNames) || (tool.inEvents && placeNames.has(last))) {
    if (!isText(schema)) return target('it is no text');
    if (describedTarget.test(description)) return target('its description says that it chooses something');
    const bound = words.slice(0, -1).find((word) => secretWords.has(word));
    if (bound !== undefined) return target(`its name says "${bound}"`);
    return { role: 'content', because: 'it is text that is written for people', isAddress };
  }
  const word = words.findLast((each) => isOneOf(each, targetWords));
  return target(word === undefined ? 'it is not known to be text' : `its name says "${word}"`);
}

const secretWords = set('password passphrase secret token credential otp');

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const propertiesOf = (schema: JsonObject): JsonObject => (isObject(schema['properties']) ? schema['properties'] : {});
/** An object whose members are declared, so that each can be named. */
const isClosed = (schema: JsonObject): boolean => Object.keys(propertiesOf(schema)).length > 0;

const branches = (schema: JsonObject): JsonObject[] =>
  ['anyOf', 'oneOf', 'allOf'].flatMap((key) => {
    const value = schema[key];
    return Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : [];
  });

const longestChain = 4;

/** Follows references inside the definition and the only branch that is not null, a few steps: it may refer to itself. */
function resolved(schema: JsonObject, root: JsonObject | undefined, steps = longestChain): JsonObject {
  if (steps === 0) return schema;
  const referred = typeof schema['$ref'] === 'string' ? lookUp(schema['$ref'], root) : undefined;
  if (referred) return { ...resolved(referred, root, steps - 1), ...schema, $ref: null };
  const [branch, ...others] = branches(schema).filter(({ type }) => type !== 'null');
  return branch && others.length === 0 ? { ...resolved(branch, root, steps - 1), ...schema } : schema;
}

function lookUp(reference: string, root: JsonObject | undefined): JsonObject | undefined {
  if (!reference.startsWith('#/')) return undefined;
  let at: Json | undefined = root;
  for (const step of reference.slice(2).split('/')) at = isObject(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  return isObject(at) ? at : undefined;
}

const formatsOf = (schema: JsonObject): string[] =>
  [schema, ...branches(schema), isObject(schema['items']) ? schema['items'] : {}].flatMap(({ format }) =>
    typeof format === 'string' ? [format] : [],
  );

/** A text, or a list of texts. One of a fixed set of words is a choice and no text. */
function isText(schema: JsonObject): boolean {
  if (schema['enum'] !== undefined || schema['const'] !== undefined) return false;
  const { type, items } = schema;
  if (type === 'array') return isObject(items) && isText(items);
  if (type === undefined) {
    const real = branches(schema).filter((branch) => branch['type'] !== 'null');
    return real.length > 0 && real.every(isText);
  }
  const types = Array.isArray(type) ? (type as readonly Json[]) : [type];
  return types.every((each) => each === 'string' || each === 'null');
}

export const isCodeOfOneUse = (path: string): boolean => codeOfOneUse.test(path);
export const takesCode = ({ all }: ArgumentsFound): string | undefined =>
  all.find(({ path }) => isOneOf(wordsOf(path).at(-1) ?? '', codeNames))?.path;
/** Of a tool that takes an address: the argument that goes there. */
export const goesAlong = ({ all }: ArgumentsFound): string | undefined =>
  all.some(({ isAddress }) => isAddress) ? all.find(({ path }) => bodyNames.has(path.toLowerCase()))?.path : undefined;
/** People who are told of what a tool does. */
export const namesPeople = ({ all }: ArgumentsFound): string | undefined =>
  all.find(({ path }) => wordsOf(path).some((word) => isOneOf(word, audienceNames)))?.path;
