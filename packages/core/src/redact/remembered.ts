/** What was made of a text, for as long as there is room: used last goes last. Bounded in characters of the texts. */
export class Remembered<Made> {
  readonly #made = new Map<string, Made>();
  readonly #maxChars: number;
  #chars = 0;

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  get(text: string): Made | undefined {
    const made = this.#made.get(text);
    if (made === undefined) return undefined;
    this.#made.delete(text);
    this.#made.set(text, made);
    return made;
  }

  set(text: string, made: Made): void {
    if (!this.#made.delete(text)) this.#chars += costOf(text);
    this.#made.set(text, made);
    for (const oldest of this.#made.keys()) {
      if (this.#chars <= this.#maxChars) return;
      this.#made.delete(oldest);
      this.#chars -= costOf(oldest);
    }
  }
}

/** An entry costs something even where its text is short. */
const costOf = (text: string): number => text.length + 100;
