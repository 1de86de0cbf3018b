/** Everything that a reader cannot see or that reorders what he sees: controls, formats, odd spaces, unassigned, private. */
// eslint-disable-next-line no-control-regex
const invisible = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

const codePoint = (char: string): string => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;

/** Cedar string escapes; what is not visible is written as its code point, so that a reviewer sees it. */
function escape(text: string, special: RegExp): string {
  let out = '';
  for (const char of text) {
    if (char === '\n') out += '\\n';
    else if (special.test(char)) out += `\\${char}`;
    else out += invisible.test(char) ? codePoint(char) : char;
  }
  return out;
}

/**
 * A Cedar string literal. The text must be well-formed Unicode: Cedar has no way to write half of a surrogate pair.
 *
 * @see https://docs.cedarpolicy.com/policies/syntax-grammar.html
 */
export const cedarString = (text: string): string => `"${escape(text, /["\\]/)}"`;

/** The literal part of a `like` pattern, without quotes. */
export const cedarPatternLiteral = (text: string): string => escape(text, /["\\*]/);
