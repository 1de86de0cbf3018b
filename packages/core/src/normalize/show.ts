/** Characters that show nothing, or change how their neighbours show: controls, format characters, separators, tags. */
const invisible =
  // oxlint-disable-next-line no-misleading-character-class -- single code points are what is sought
  /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0\u034f\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu;

/**
 * A short form of hostile text that shows every character there is: invisible ones as `⟨U+202E⟩`, the rest cut at `limit`
 * characters. For reasons, messages and terminals.
 */
export function showText(text: string, limit = 120): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return cut.replace(invisible, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}
