import { visible } from '../normalize/visible.ts';
import { structuredFinders, type StructuredFinder } from './finders/index.ts';
import { findNames } from './names/index.ts';
import { Scan, type ScanContext } from './scan.ts';
import { findSecrets } from './secrets/index.ts';
import { decodedLeaf, isCoded } from './structure/coded.ts';
import { leavesOf } from './structure/index.ts';
import { offsetOf, type Leaf } from './structure/leaf.ts';
import { certainties, type FieldNames, type Finder, type SensitiveMatch } from './types.ts';

export interface FindOptions {
  /** What names the text, outermost first: the tool argument or JSON key it is the value of. */
  readonly field?: FieldNames;
  /** Types to look for; all built-in and own ones by default. */
  readonly types?: ReadonlySet<string>;
  /** The operator's own types (`own.ts`). */
  readonly own?: Finder;
}

/** JSON in a string in JSON, such as a tool result of MCP, is read as deep as this. */
const deepest = 4;
const nameTypes = ['PERSON', 'ADDRESS'];
const secretTypes = ['API_KEY', 'JWT', 'PRIVATE_KEY', 'PASSWORD', 'URL_CREDENTIALS'];
/** No value of the structured types is without one of these. */
const worthReading = /[\d@]|::|[A-Fa-f]{2}[:-][A-Fa-f]{2}[:-]|[([{<] ?(?:at|AT) ?[)\]}>]/;
/** A leaf without letters has no name, one shorter than a password no secret: most cells of a table are such. */
const letters = /[A-Za-z\u0080-\uffff]{2}/;
const shortestSecret = 4;
/** "What is your card number?" names what the next message of a conversation holds, a few leaves on. */
const answerWithin = 3;
const longestQuestion = 90;
const nested = /[\n{[<]/;
/** Word processors write the hyphens of numbers otherwise. One unit for one, so that offsets stay. */
const dashInNumber = /(?<=\d)[\u2010-\u2013\u2212](?=\d)/g;
/** A whole number as software writes it that knows no others: `536228726.0`. */
const noFraction = /^(\s*\d{6,})\.0{1,6}\s*$/;

/**
 * Personal data and secrets in a text of any shape: prose, JSON, CSV, logs, HTML, SQL, and JSON inside JSON. Spans in
 * UTF-16 code units of the text as given, sorted, without overlaps. Where findings overlap the surer one stands, then the
 * longer, then the earlier. Linear in the text's length.
 */
export function findSensitive(text: string, options: FindOptions = {}): SensitiveMatch[] {
  const { types, field = [], own } = options;
  const found = read(text, field, { own, depth: 0, ...(types ? enginesFor(types) : allEngines) });
  return disjoint(types ? found.filter(({ type }) => types.has(type)) : found, text.length);
}

/** What is run, by the types that are looked for. */
interface Engines {
  readonly names: Finder | undefined;
  readonly secrets: Finder | undefined;
  readonly structured: readonly StructuredFinder[];
}

const allEngines: Engines = { names: findNames, secrets: findSecrets, structured: structuredFinders };
const engines = new WeakMap<ReadonlySet<string>, Engines>();

function enginesFor(types: ReadonlySet<string>): Engines {
  let made = engines.get(types);
  if (!made) {
    const wanted = (type: string): boolean => types.has(type);
    made = {
      names: nameTypes.some(wanted) ? findNames : undefined,
      secrets: secretTypes.some(wanted) ? findSecrets : undefined,
      structured: structuredFinders.filter((finder) => finder.types.some(wanted)),
    };
    engines.set(types, made);
  }
  return made;
}

interface Reading extends Engines {
  readonly own: Finder | undefined;
  readonly depth: number;
}

function read(written: string, field: FieldNames, reading: Reading): SensitiveMatch[] {
  const seen = visible(written);
  const text = seen.text.replace(dashInNumber, '-');
  // Secrets are told by the text round them as well, such as an assignment or the lines of a key: they see it uncut.
  const found = reading.secrets?.(text, field) ?? [];
  let asked: { readonly what: string; readonly until: number } | undefined;
  for (const [i, leaf] of leavesOf(text, field).entries()) {
    const context = {
      alone: reading.depth === 0 && leaf.text.length === text.length,
      asked: asked && i <= asked.until ? asked.what : undefined,
    };
    for (const { start, end, ...match } of readLeaf(leaf, field, reading, context)) {
      found.push({ ...match, start: offsetOf(leaf, start, 'start'), end: offsetOf(leaf, end, 'end') });
    }
    const what = questionAtEnd(leaf.text);
    if (what !== undefined) asked = { what, until: i + answerWithin };
  }
  if (seen.text === written) return found;
  return found.map((match) => ({
    ...match,
    start: seen.toOriginal(match.start),
    end: seen.toOriginal(match.end, 'end'),
  }));
}

function questionAtEnd(text: string): string | undefined {
  if (!text.includes('?')) return undefined;
  const said = text.slice(-longestQuestion).trimEnd();
  if (!said.endsWith('?')) return undefined;
  return said.slice(said.lastIndexOf('\n') + 1, -1);
}

function readLeaf(leaf: Leaf, outer: FieldNames, reading: Reading, context: ScanContext): SensitiveMatch[] {
  const { field } = leaf;
  const text = leaf.text.replace(noFraction, '$1');
  const own = field !== outer;
  const anew = leaf.edits.length > 0 || (own && text.length > 40 && nested.test(text));
  if (anew && reading.depth < deepest) return read(text, field, { ...reading, depth: reading.depth + 1 });
  if (isCoded(text) && reading.depth < deepest) {
    const said = decodedLeaf(leaf);
    if (said.edits.length > 0) {
      return read(said.text, field, { ...reading, depth: reading.depth + 1 }).map((match) => ({
        ...match,
        start: offsetOf(said, match.start, 'start'),
        end: offsetOf(said, match.end, 'end'),
      }));
    }
  }
  const found: SensitiveMatch[] = reading.own?.(text, field) ?? [];
  if (reading.names && letters.test(text)) found.push(...reading.names(text, field));
  if (own && reading.secrets && text.length >= shortestSecret) found.push(...reading.secrets(text, field));
  if (reading.structured.length > 0 && worthReading.test(text)) {
    const scan = new Scan(text, field, context);
    for (const { find } of reading.structured) find(scan);
    found.push(...scan.matches);
  }
  return found;
}

const rank = new Map(certainties.map((certainty, index) => [certainty, index]));
const rankOf = ({ certainty }: SensitiveMatch): number => rank.get(certainty) ?? certainties.length;

/** Keeps the surest of those that overlap. Each finding costs its own length, and all but keys of secrets are short. */
function disjoint(found: readonly SensitiveMatch[], length: number): SensitiveMatch[] {
  if (found.length === 0) return [];
  const best = found.toSorted(
    (a, b) => rankOf(a) - rankOf(b) || b.end - b.start - (a.end - a.start) || a.start - b.start,
  );
  const covered = new Uint8Array(length);
  const free = ({ start, end }: SensitiveMatch) => end > start && covered.subarray(start, end).indexOf(1) === -1;
  const kept: SensitiveMatch[] = [];
  for (const match of best) {
    if (!free(match)) continue;
    covered.fill(1, match.start, match.end);
    kept.push(match);
  }
  return kept.toSorted((a, b) => a.start - b.start);
}
