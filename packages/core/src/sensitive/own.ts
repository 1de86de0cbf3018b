import { RE2JS } from 're2js';
import { RuntimeFault } from '../errors.ts';
import { each } from './each.ts';
import { sensitiveTypes, type Finder, type SensitiveMatch } from './types.ts';

/** A type of the operator's: a pattern (RE2 syntax), a list of words or phrases, or both. */
export interface OwnType {
  /** As in tokens and policies: `PROJECT`, `CUSTOMER_NO`. */
  readonly name: string;
  readonly pattern?: string;
  readonly words?: readonly string[];
}

const goodName = /^[A-Z][A-Z0-9_]{0,39}$/;
const longestPattern = 1_000;
/** An own pattern is the operator's, the text is not: matches that are longer than any value are no values. */
const longestMatch = 1_000;
const word = /[\p{L}\p{N}\p{M}]+/gu;
const longestPhrase = 12;

/**
 * A finder of the operator's types. Patterns run in RE2, whose time is linear in the text whatever the pattern; words match
 * whole, in any case, over any white space and punctuation between them.
 *
 * @throws RuntimeFault `invalid_config` for a name, pattern or list that cannot be used
 */
export function ownFinder(types: readonly OwnType[]): Finder {
  const seen = new Set<string>();
  types.forEach(({ name }, index) => {
    const path = `types.${index}.name`;
    if (!goodName.test(name)) {
      fault(
        path,
        `${JSON.stringify(name.slice(0, 60))} is no name of a type: write capitals, digits and _, such as CUSTOMER_NO.`,
      );
    }
    if (Object.hasOwn(sensitiveTypes, name)) fault(path, `${name} is a built-in type: choose another name.`);
    if (seen.has(name)) fault(path, `${name} is there twice: put both patterns in one, joined by |.`);
    seen.add(name);
  });
  const patterns = types.flatMap(({ name, pattern }, index) =>
    pattern === undefined ? [] : [{ name, pattern: compiled(pattern, `types.${index}.pattern`) }],
  );
  const phrases = phrasesOf(types);
  return (text) => [
    ...patterns.flatMap(({ name, pattern }) => byPattern(text, name, pattern)),
    ...byWords(text, phrases),
  ];
}

function fault(path: string, detail: string): never {
  throw new RuntimeFault('invalid_config', { path, detail: `${path}: ${detail}` });
}

function compiled(pattern: string, path: string): RE2JS {
  if (pattern.length > longestPattern) fault(path, `Longer than ${longestPattern} characters: use words for a list.`);
  let regex: RE2JS;
  try {
    regex = RE2JS.compile(pattern);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unreadable';
    return fault(path, `RE2 cannot read it (${why}). RE2 has no look-around and no back-references.`);
  }
  if (regex.matcher('').matches()) fault(path, 'It matches nothing at all as well: ask for at least one character.');
  return regex;
}

function byPattern(text: string, type: string, pattern: RE2JS): SensitiveMatch[] {
  const matches: SensitiveMatch[] = [];
  const matcher = pattern.matcher(text);
  while (matcher.find()) {
    const start = matcher.start();
    const end = matcher.end();
    if (end > start && end - start <= longestMatch)
      matches.push({ type, start, end, rule: 'own-pattern', certainty: 'format' });
  }
  return matches;
}

interface Phrases {
  /** By the words joined with spaces. */
  readonly types: ReadonlyMap<string, string>;
  /** For a first word: how many words the longest phrase has. */
  readonly longest: ReadonlyMap<string, number>;
}

function phrasesOf(types: readonly OwnType[]): Phrases {
  const known = new Map<string, string>();
  const longest = new Map<string, number>();
  types.forEach(({ name, pattern, words }, index) => {
    const path = `types.${index}`;
    if (pattern === undefined && !words?.length)
      fault(path, `${name} has neither pattern nor words: give one of them.`);
    for (const [at, phrase] of (words ?? []).entries()) {
      const parts = wordsIn(phrase).map(({ text }) => text);
      if (parts.length === 0 || parts.length > longestPhrase) {
        fault(
          `${path}.words.${at}`,
          `${JSON.stringify(phrase.slice(0, 60))} must have 1 to ${longestPhrase} words of letters or digits.`,
        );
      }
      known.set(parts.join(' '), name);
      const [head = ''] = parts;
      longest.set(head, Math.max(longest.get(head) ?? 0, parts.length));
    }
  });
  return { types: known, longest };
}

const wordsIn = (text: string): { text: string; start: number; end: number }[] =>
  [...each(word, text)].map(({ 0: found, index }) => ({
    text: found.toLowerCase(),
    start: index,
    end: index + found.length,
  }));

function byWords(text: string, { types, longest }: Phrases): SensitiveMatch[] {
  if (types.size === 0) return [];
  const matches: SensitiveMatch[] = [];
  const words = wordsIn(text);
  for (let i = 0; i < words.length; i++) {
    const head = words[i] as (typeof words)[number];
    for (let count = Math.min(longest.get(head.text) ?? 0, words.length - i); count > 0; count--) {
      const last = words[i + count - 1] as typeof head;
      const type = types.get(
        words
          .slice(i, i + count)
          .map((one) => one.text)
          .join(' '),
      );
      if (type === undefined || last.end - head.start > longestMatch) continue;
      matches.push({ type, start: head.start, end: last.end, rule: 'own-words', certainty: 'format' });
      i += count - 1;
      break;
    }
  }
  return matches;
}
