/**
 * What was made of a text, kept by the text: a conversation comes again whole with every turn, and reading it anew would
 * cost more each time. What was not asked for while as much again was asked for, goes.
 */
export class Remembered<Made> {
  readonly #half: number;
  /** Two generations: to note each use in a list of uses would cost more than the use. */
  #young = new Map<string, Made>();
  #old = new Map<string, Made>();
  #chars = 0;

  /** @param maxChars of all texts that are kept, in UTF-16 code units */
  constructor(maxChars = 16_777_216) {
    this.#half = maxChars / 2;
  }

  of(text: string, make: (text: string) => Made): Made {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const made = this.#old.get(text) ?? make(text);
    // A text that alone is larger than a generation would push out everything else.
    if (text.length > this.#half / 2) return made;
    this.#young.set(text, made);
    this.#chars += text.length;
    if (this.#chars > this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#chars = 0;
    }
    return made;
  }
}
