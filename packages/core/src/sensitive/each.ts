/**
 * Every match of a global pattern. `matchAll` copies the pattern at each call, which costs more than the search itself in
 * the short texts that values are.
 */
export function* each(pattern: RegExp, text: string): Generator<RegExpExecArray> {
  let at = 0;
  for (;;) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (!found) return;
    at = pattern.lastIndex === found.index ? found.index + 1 : pattern.lastIndex;
    yield found;
  }
}
