import { cedarPatternLiteral } from './text.ts';

/**
 * A pattern as a list of literals: `*` stands between each two, and matches any characters, none included.
 * One literal alone is an exact name.
 */
export type Glob = readonly [string, ...string[]];

export const isExact = (glob: Glob): boolean => glob.length === 1;
export const isEverything = (glob: Glob): boolean => glob.length > 1 && glob.every((literal) => literal === '');

/**
 * Reads a pattern of the permission matrix. `*` is any characters, `\*` a star, `\\` a backslash.
 *
 * @returns the glob, or what is wrong with the pattern
 */
export function parseGlob(pattern: string): Glob | { problem: string } {
  if (!pattern.isWellFormed()) return { problem: 'holds half of a surrogate pair' };
  const literals = [''];
  let last = 0;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i);
    if (char === '*') {
      if (last > 0 && literals[last] === '' && pattern.charAt(i - 1) === '*') continue;
      literals.push('');
      last++;
      continue;
    }
    if (char === '\\') {
      const next = pattern.charAt(++i);
      if (next !== '*' && next !== '\\') return { problem: 'a backslash must be followed by * or \\' };
      literals[last] += next;
    } else literals[last] += char;
  }
  return literals as [string, ...string[]];
}

/** The inverse of `parseGlob`. */
export const globText = (glob: Glob): string => glob.map((literal) => literal.replaceAll(/[\\*]/g, '\\$&')).join('*');

/** The pattern as Cedar writes it, quotes included. */
export const cedarPattern = (glob: Glob): string => `"${glob.map(cedarPatternLiteral).join('*')}"`;

/**
 * Whether the whole text matches; linear in the text's length for each literal, without backtracking: the leftmost
 * place for each literal leaves the most room for the rest.
 */
export function matchesGlob(glob: Glob, text: string): boolean {
  const first = glob[0];
  if (glob.length === 1) return text === first;
  const final = glob[glob.length - 1] ?? '';
  if (text.length < first.length + final.length || !text.startsWith(first) || !text.endsWith(final)) return false;
  let from = first.length;
  const end = text.length - final.length;
  for (let i = 1; i < glob.length - 1; i++) {
    const literal = glob[i] ?? '';
    const at = text.indexOf(literal, from);
    if (at === -1 || at + literal.length > end) return false;
    from = at + literal.length;
  }
  return true;
}

/** Whether `wide` matches every text that `narrow` matches. */
export function covers(wide: Glob, narrow: Glob): boolean {
  // U+FFFF is a noncharacter, in no literal: it stands for narrow's star, which then only a star of wide's can match.
  return matchesGlob(wide, narrow.join('\uffff'));
}

/** Whether some text matches both. Exact names are globs without a star. */
export function overlap(a: Glob, b: Glob): boolean {
  if (isExact(a)) return matchesGlob(b, a[0]);
  if (isExact(b)) return matchesGlob(a, b[0]);
  const starts = [a[0], b[0]] as const;
  const ends = [a[a.length - 1] ?? '', b[b.length - 1] ?? ''] as const;
  // What lies between the outer literals can always be joined, one after the other.
  return (
    (starts[0].startsWith(starts[1]) || starts[1].startsWith(starts[0])) &&
    (ends[0].endsWith(ends[1]) || ends[1].endsWith(ends[0]))
  );
}
