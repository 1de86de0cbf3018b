import { distance } from 'fastest-levenshtein';
import { fold } from '../normalize/fold.ts';
import { showText } from '../normalize/show.ts';
import { visible } from '../normalize/visible.ts';
import type { DefinitionText } from './texts.ts';
import type { PinFinding } from '../pins.ts';

/** A tool that is known beside the one that is looked at. */
export interface KnownTool {
  readonly upstream: string;
  readonly name: string;
}

const shown = ({ upstream, name }: KnownTool): string => `${showText(name, 60)} of ${showText(upstream, 60)}`;

/** Other tools, read once for all that are looked at beside them: an upstream offers as many as it likes. */
export interface Neighbours {
  readonly named: ReadonlyMap<string, KnownTool>;
  readonly looks: readonly (readonly [KnownTool, Look])[];
  /** By their letters, names of the upstream itself: one, and one that differs from it in more than separators and case. */
  readonly siblings: ReadonlyMap<string, readonly string[]>;
  /** In lower case, also with the prefixes that gateways and clients put before it. */
  readonly spokenOf: ReadonlyMap<string, KnownTool>;
}

/**
 * @param others tools of other upstreams
 * @param siblings names of all tools of the upstream: of these only the look of the letters counts
 * @param own names of the upstream's reviewed tools; one that nobody reviewed may be there only to be spoken of
 */
export function neighboursOf(
  others: readonly KnownTool[],
  siblings: readonly string[],
  own: readonly string[],
): Neighbours {
  const named = new Map(others.toReversed().map((other) => [other.name, other]));
  const alike = new Map<string, string[]>();
  for (const name of siblings) {
    const { skeleton, bare } = lookOf(name);
    const known = alike.get(skeleton);
    if (!known) alike.set(skeleton, [name]);
    else if (known.length < 2 && lookOf(known[0] ?? '').bare !== bare) known.push(name);
  }
  const looks = others.map((other) => [other, lookOf(other.name)] as const);
  return { named, looks, siblings: alike, spokenOf: spokenOf(others, own) };
}

/** What is wrong with a name beside others: it is that of another upstream's tool, or passes for one. */
export function nameFindings(name: string, { named, looks, siblings }: Neighbours): readonly PinFinding[] {
  const found: PinFinding[] = [];
  const same = named.get(name);
  if (same) found.push({ code: 'shadows', at: '/name', detail: `It has the name of ${shown(same)}` });
  const seen = lookOf(name);
  if (seen.disguised) {
    const detail = `${showText(name, 80)} is written with letters that pass for others; it reads ${seen.reads}`;
    found.push({ code: 'lookalike', at: '/name', detail });
  }
  for (const [like, look] of looks) {
    const how = like.name === name ? undefined : resemblance(seen, look);
    if (how === undefined) continue;
    found.push({ code: 'lookalike', at: '/name', detail: `It ${how} ${shown(like)}` });
    break;
  }
  const twin = siblings.get(seen.skeleton)?.find((each) => lookOf(each).bare !== seen.bare);
  if (twin !== undefined) {
    found.push({ code: 'lookalike', at: '/name', detail: `It reads like ${showText(twin, 60)} of the same upstream` });
  }
  return found;
}

interface Look {
  readonly reads: string;
  readonly disguised: boolean;
  readonly words: readonly string[];
  /** Without separators and case. */
  readonly bare: string;
  /** With one letter for those that look alike. */
  readonly skeleton: string;
  /** Without the `s` of plurals. */
  readonly singular: string;
}

const looks = new Map<string, Look>();

function lookOf(name: string): Look {
  const known = looks.get(name);
  if (known) return known;
  const seen = visible(name.slice(0, 200)).text;
  const parts = seen.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2');
  const reads = fold(parts).text;
  const words = reads.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
  const bare = words.join('');
  const look = {
    reads: showText(fold(seen).text, 80),
    disguised: fold(seen).text !== seen.toLowerCase() || seen !== name.slice(0, 200),
    words,
    bare,
    skeleton: bare.replaceAll(/[0o]/g, 'o').replaceAll(/[1il]/g, 'l').replaceAll('rn', 'm').replaceAll('vv', 'w'),
    singular: words.map((word) => (word.length > 3 ? word.replace(/s$/, '') : word)).join(''),
  };
  if (looks.size >= mostLooks) looks.clear();
  looks.set(name, look);
  return look;
}
const mostLooks = 5_000;

function resemblance(a: Look, b: Look): string | undefined {
  if (a.skeleton === b.skeleton) return 'reads like';
  if (a.singular === b.singular) return 'differs only in a plural from';
  return isMistyped(a, b) ? 'is one slip away from' : undefined;
}

/** One slip in a word of five letters, two in one of eight: in shorter words that is another word (`get`, `set`). */
function isMistyped(a: Look, b: Look): boolean {
  if (Math.abs(a.bare.length - b.bare.length) > 2 || a.bare.length < 7) return false;
  if (a.words.length !== b.words.length) return a.bare.length >= 10 && distance(a.bare, b.bare) <= 1;
  const differing = a.words.flatMap((word, i) => (word === b.words[i] ? [] : [[word, b.words[i] ?? ''] as const]));
  const [only] = differing;
  if (differing.length !== 1 || !only) return false;
  const [one, other] = only;
  if (one.replaceAll(/\d/g, '') === other.replaceAll(/\d/g, '')) return false;
  const length = Math.min(one.length, other.length);
  return length >= 5 && distance(one, other) <= (length >= 8 ? 2 : 1);
}

const token = /[\p{L}\p{N}_][\p{L}\p{N}_.:/-]{0,120}/gu;

function spokenOf(others: readonly KnownTool[], own: readonly string[]): ReadonlyMap<string, KnownTool> {
  const known = new Map<string, KnownTool>();
  const ours = new Set(own.map((name) => name.toLowerCase()));
  for (const other of others) {
    if (ours.has(other.name.toLowerCase())) continue;
    known.set(other.name.toLowerCase(), other);
    for (const mark of ['__', '_', ':', '.', '/'])
      known.set(`${other.upstream}${mark}${other.name}`.toLowerCase(), other);
    known.set(`mcp_${other.upstream}_${other.name}`.toLowerCase(), other);
  }
  return known;
}

/**
 * Texts that speak of a tool of another upstream.
 *
 * @param name the tool's own: whoever has it may speak of itself
 */
export function mentionFindings(
  texts: readonly DefinitionText[],
  name: string,
  { spokenOf: known }: Neighbours,
): readonly PinFinding[] {
  if (known.size === 0) return [];
  const found: PinFinding[] = [];
  for (const { at, text, isName } of texts) {
    if (isName || at === '/name') continue;
    const other = mentioned(text, known, name.toLowerCase());
    if (other) found.push({ code: 'shadows', at, detail: `It speaks of ${shown(other)}` });
  }
  return found;
}

function mentioned(text: string, known: ReadonlyMap<string, KnownTool>, self: string): KnownTool | undefined {
  const read = fold(visible(text.slice(0, longestRead)).text).text;
  for (const { 0: word, index } of read.matchAll(token)) {
    const name = word.replace(/[.:/-]+$/, '');
    const other = known.get(name);
    // A list of choices may hold any word; whole sentences are what leads a model.
    if (!other || other.name.toLowerCase() === self || read.trim() === name) continue;
    const before = read[index - 1] ?? '';
    const after = read.slice(index + name.length, index + name.length + 6);
    if (isCompound(name) || (/["'`*]/.test(before) && /^["'`*]/.test(after)) || /^\(|^ tool/.test(after)) return other;
  }
  return undefined;
}
const longestRead = 50_000;

/** `send_email` is a name wherever it stands; `search` is a word. */
const isCompound = (name: string): boolean => /[\p{L}\p{N}][_.:/-][\p{L}\p{N}]/u.test(name);
