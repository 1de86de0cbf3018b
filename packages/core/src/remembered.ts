/**
 * What was made of a text, kept by the text: a conversation comes again whole with every turn, and reading it anew would
 * cost more each time. Used longest ago goes first.
 */
export class Remembered<Made> {
  readonly #maxChars: number;
  readonly #made = new Map<string, Made>();
  #chars = 0;

  /** @param maxChars of all texts that are kept, in UTF-16 code units */
  constructor(maxChars = 16_777_216) {
    this.#maxChars = maxChars;
  }

  of(text: string, make: (text: string) => Made): Made {
    const known = this.#made.get(text);
    if (known !== undefined) {
      this.#made.delete(text);
      this.#made.set(text, known);
      return known;
    }
    const made = make(text);
    if (text.length > this.#maxChars / 4) return made;
    this.#made.set(text, made);
    this.#chars += text.length;
    for (const oldest of this.#made.keys()) {
      if (this.#chars <= this.#maxChars) break;
      this.#made.delete(oldest);
      this.#chars -= oldest.length;
    }
    return made;
  }
}
