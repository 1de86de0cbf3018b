import type { ArgumentOrigin } from './origins.ts';
import type { Glob } from './glob.ts';
import type { Leaf } from './arguments.ts';
import type { TestValue } from './cells.ts';
import type { UserRef } from '../session.ts';
import { decimalOf } from './decimal.ts';
import { cedarPattern, globText, isEverything, isExact, matchesGlob, parseGlob } from './glob.ts';
import { cedarString } from './text.ts';
import { demandsOrigin, linksTest, originTest } from './origin-tests.ts';
import { demandsUser, userTest } from './user-tests.ts';
import { pathSegments } from './arguments.ts';

type Scalar = string | number | boolean;

/** What is known of a call's arguments: their values, where they came from, and for whom the call is made. */
export interface ArgumentFacts {
  leaf(path: string): Leaf | undefined;
  /** By the key of its tag, such as `to` or `body#link`. */
  origin(key: string): ArgumentOrigin | undefined;
  readonly user: UserRef;
}

/** One demand on one argument: as Cedar text for the policies, and as functions for naming what failed. */
export interface ArgumentTest {
  /** Dotted path, as in `context.args`. */
  readonly path: string;
  /** Cedar conditions; all must hold. */
  readonly cedar: readonly string[];
  holds(facts: ArgumentFacts): boolean;
  /** Of a value that does not hold: what it is and what it should have been, to follow the argument's name. */
  explain(facts: ArgumentFacts): {
    readonly value?: string | undefined;
    readonly detail: string;
    /** Where another cell is not what helps. */
    readonly fix?: string;
  };
}
type Problem = { readonly problem: string };

/** @returns the demands, all of which must hold, or what is wrong with them */
export function readTest(path: string, value: TestValue): readonly ArgumentTest[] | Problem {
  if (pathSegments(path) === undefined) return { problem: 'write ~0 for ~ and ~1 for a dot inside a key' };
  const key = cedarString(path);
  const tag = `context.args.getTag(${key})`;
  const present = `context.args.hasTag(${key})`;
  if (typeof value === 'string') return allOf([readPattern(path, value, present, tag)]);
  if (typeof value !== 'object') return allOf([readChoice(path, [value], present, tag)]);
  const read: (ArgumentTest | Problem)[] = [];
  if ('in' in value) read.push(readChoice(path, value.in, present, tag));
  else {
    if (value.matches !== undefined) read.push(readPattern(path, value.matches, present, tag));
    if (value.min !== undefined || value.max !== undefined) read.push(readRange(path, value, key));
  }
  if (demandsUser(value.user)) read.push(userTest(path, value.user));
  if (demandsOrigin(value.from)) read.push(originTest(path, value.from));
  if (demandsOrigin(value.links)) read.push(linksTest(path, value.links));
  return read.length === 0
    ? { problem: 'names nothing to test: min, max, matches, in, from, links or user' }
    : allOf(read);
}

function allOf(read: readonly (ArgumentTest | Problem)[]): readonly ArgumentTest[] | Problem {
  const tests: ArgumentTest[] = [];
  for (const one of read) {
    if ('problem' in one) return one;
    tests.push(one);
  }
  return tests;
}

/** A demand on the argument's value alone. */
interface ValueTest {
  readonly path: string;
  readonly cedar: readonly string[];
  /** `must match *@acme.example`. */
  readonly demand: (leaf: Leaf | undefined) => string;
  readonly holds: (leaf: Leaf | undefined) => boolean;
}

function ofValue({ path, cedar, demand, holds }: ValueTest): ArgumentTest {
  return {
    path,
    cedar,
    holds: (facts) => holds(facts.leaf(path)),
    explain(facts) {
      const leaf = facts.leaf(path);
      if (leaf === undefined) return { detail: `is missing or no plain value; it ${demand(leaf)}` };
      return { value: leaf.text, detail: demand(leaf) };
    },
  };
}

function readPattern(path: string, pattern: string, present: string, tag: string): ArgumentTest | Problem {
  const glob = parseGlob(pattern);
  if ('problem' in glob) return glob;
  const open = openHost(pattern);
  if (open !== undefined) return { problem: open };
  if (isExact(glob)) return readChoice(path, [glob[0]], present, tag);
  const excluded = isEverything(glob) ? [] : smuggling(glob);
  const smuggled = (text: string) => excluded.find(({ globs }) => globs.some((one) => matchesGlob(one, text)));
  return ofValue({
    path,
    demand: (leaf) => {
      const found = leaf !== undefined && matchesGlob(glob, leaf.text) ? smuggled(leaf.text) : undefined;
      return found === undefined
        ? `must match ${globText(glob)}`
        : `matches ${globText(glob)} but must hold ${found.words}`;
    },
    cedar: [
      present,
      ...(isEverything(glob) ? [] : [`${tag} like ${cedarPattern(glob)}`]),
      ...excluded.flatMap(({ globs }) => globs.map((one) => `!(${tag} like ${cedarPattern(one)})`)),
    ],
    holds: (leaf) => leaf !== undefined && matchesGlob(glob, leaf.text) && smuggled(leaf.text) === undefined,
  });
}

interface Exclusion {
  readonly globs: readonly Glob[];
  readonly words: string;
}
const anywhere = (literal: string): Glob => ['', literal, ''];

/**
 * What a star must not swallow, because the tool would read one value as several or as another: a second recipient
 * (`evil@x, ok@acme.example` matches `*@acme.example`), a way out of a folder, a header after a line break, a host
 * that only appears in a path.
 */
function smuggling(glob: Glob): Exclusion[] {
  const pattern = glob.join('*');
  const found: Exclusion[] = [{ globs: ['\n', '\r'].map(anywhere), words: 'no line breaks' }];
  const isUrl = pattern.includes('://');
  if (pattern.includes('@') && !isUrl) {
    const one: Glob[] = [' ', '\t', ',', ';', '<', '"'].filter((char) => !pattern.includes(char)).map(anywhere);
    if (pattern.split('@').length === 2) one.unshift(['', '@', '@', '']);
    found.push({ globs: one, words: 'one address only' });
  }
  const ways = /[/\\]/.test(pattern) ? ['..', '\\', '%2e', '%2E', '%2f', '%2F', '%5c', '%5C'] : ['../', '..\\'];
  const out = ways.filter((way) => !pattern.includes(way)).map(anywhere);
  found.push({ globs: out, words: 'no way out of the path' });
  if (isUrl) {
    const inHost = hostStars(glob);
    if (inHost.length > 0) found.push({ globs: inHost, words: 'the host in its place' });
  }
  return found;
}

/** For each star within a URL's host: the pattern in which that star swallowed the end of the host. */
function hostStars(glob: Glob): Glob[] {
  const found: Glob[] = [];
  for (let star = 1; star < glob.length; star++) {
    const before = glob.slice(0, star).join('*');
    const scheme = before.indexOf('://');
    if (scheme === -1 || before.slice(scheme + 3).includes('/')) continue;
    const after = glob.slice(star);
    if (after.join('') === '') continue;
    for (const end of ['/', '?', '#', '@', '\\']) {
      found.push([...glob.slice(0, star), end, ...after] as unknown as Glob);
    }
  }
  return found;
}

/** `https://api.acme.example*` also matches `https://api.acme.example.evil.com`. */
function openHost(pattern: string): string | undefined {
  const host = /:\/\/([^/]*)$/.exec(pattern)?.[1];
  if (host === undefined || host === '*' || !host.endsWith('*')) return undefined;
  return `also matches other hosts: write ${pattern.slice(0, -1)}/*`;
}

function readChoice(path: string, values: readonly Scalar[], present: string, tag: string): ArgumentTest | Problem {
  const odd = values.find((value) => typeof value === 'number' && !isCarried(value));
  if (odd !== undefined) return { problem: `${odd} is a number that readers disagree on: write it as a text` };
  const texts = values.map(String);
  if (!texts.every((text) => text.isWellFormed())) return { problem: 'holds half of a surrogate pair' };
  const quoted = texts.map(cedarString);
  const [only] = quoted;
  const set = new Set(texts);
  return ofValue({
    path,
    demand: () => (texts.length === 1 ? `must be ${quoted.join('')}` : `must be one of ${quoted.join(', ')}`),
    cedar: [present, quoted.length === 1 ? `${tag} == ${only}` : `[${quoted.join(', ')}].contains(${tag})`],
    holds: (leaf) => leaf !== undefined && set.has(leaf.text),
  });
}

const isCarried = (value: number): boolean => Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER;

function readRange(
  path: string,
  { min, max }: { readonly min?: number | undefined; readonly max?: number | undefined },
  key: string,
): ArgumentTest | Problem {
  const low = min === undefined ? undefined : decimalOf(min);
  const high = max === undefined ? undefined : decimalOf(max);
  if ((min !== undefined && low === undefined) || (max !== undefined && high === undefined)) {
    return { problem: 'min and max must have at most 4 decimals and lie within ±922337203685477' };
  }
  const tag = `context.numbers.getTag(${key})`;
  const cedar = [`context.numbers.hasTag(${key})`];
  const words: string[] = [];
  if (low !== undefined) {
    cedar.push(`${tag}.greaterThanOrEqual(decimal("${low.text}"))`);
    words.push(`at least ${min}`);
  }
  if (high !== undefined) {
    cedar.push(`${tag}.lessThanOrEqual(decimal("${high.text}"))`);
    words.push(`at most ${max}`);
  }
  return ofValue({
    path,
    demand: () => `must be a number, ${words.join(' and ')}, with at most 4 decimals`,
    cedar,
    holds: (leaf) => {
      const value = leaf?.decimal?.scaled;
      return (
        value !== undefined &&
        (low === undefined || value >= low.scaled) &&
        (high === undefined || value <= high.scaled)
      );
    },
  });
}
