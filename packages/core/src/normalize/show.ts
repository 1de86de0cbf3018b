/** Characters that show nothing, or change how their neighbours show: controls, format characters, separators, tags. */
const invisible = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/**
 * A short form of hostile text that shows every character there is: invisible ones as `⟨U+202E⟩`, the rest cut at `limit`
 * characters. For reasons, messages and terminals.
 */
export function showText(text: string, limit = 120): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return cut.replace(invisible, showCode);
}

/** `⟨U+202E⟩` of one character. */
export const showCode = (char: string): string =>
  `⟨U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`;
