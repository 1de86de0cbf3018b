/**
 * A value that must not be seen. It prints, serialises and inspects as the reference it came from; only `reveal` gives the
 * value, and only the driver that puts it on the wire calls it.
 */
export class Secret {
  readonly #value: string;
  readonly reference: string;

  constructor(value: string, reference: string) {
    this.#value = value;
    this.reference = reference;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return this.reference;
  }

  toJSON(): string {
    return this.reference;
  }
}
