import type { Vault } from '../ports.ts';
import { RuntimeFault } from '../errors.ts';
import { literalType, tokenText } from './tokens.ts';

/** What a vault keeps of one value: type, number, value. */
export type VaultPiece = readonly [type: string, number: number, value: string];

/** Tokens of one session, in memory. */
export class TokenVault implements Vault {
  readonly #tokens = new Map<string, string>();
  readonly #values = new Map<string, string>();
  readonly #given: { readonly token: string; readonly type: string; readonly value: string }[] = [];
  readonly #next = new Map<string, number>();
  readonly #maxChars: number;
  #chars = 0;

  constructor(maxChars = 8_388_608) {
    this.#maxChars = maxChars;
  }

  tokenOf(type: string, value: string): string {
    const known = this.#tokens.get(key(type, value));
    if (known !== undefined) return known;
    let number = (this.#next.get(type) ?? 0) + 1;
    // What came in looking like this token stays what it is.
    while (this.#tokens.has(key(literalType, tokenText(type, number)))) number++;
    this.restore([type, number, value]);
    return tokenText(type, number);
  }

  valueOf(token: string): string | undefined {
    return this.#values.get(token);
  }

  given(from = 0): readonly { readonly token: string; readonly type: string; readonly value: string }[] {
    return from === 0 ? this.#given : this.#given.slice(from);
  }

  get size(): number {
    return this.#given.length;
  }

  /** What is to be kept of those given out after the first `from`. */
  pieces(from: number): VaultPiece[] {
    return this.given(from).map(({ token, type, value }) => [type, Number(token.slice(type.length + 2, -1)), value]);
  }

  has(type: string, value: string): boolean {
    return this.#tokens.has(key(type, value));
  }

  /** Takes up what was kept. @throws RuntimeFault `internal` where it contradicts what is there, or is too much */
  restore([type, number, value]: VaultPiece): void {
    const token = tokenText(type, number);
    if (this.#values.has(token) || this.#tokens.has(key(type, value))) {
      throw new RuntimeFault('internal', { detail: 'A token of this session would stand for two values.' });
    }
    this.#chars += value.length;
    if (this.#chars > this.#maxChars) {
      const detail = `The values of this session exceed ${this.#maxChars} characters. End the session and open another.`;
      throw new RuntimeFault('internal', { detail });
    }
    this.#next.set(type, Math.max(number, this.#next.get(type) ?? 0));
    this.#tokens.set(key(type, value), token);
    this.#values.set(token, value);
    this.#given.push({ token, type, value });
  }

  save(): void {
    // In memory it is as durable as it gets.
  }
}

const key = (type: string, value: string): string => `${type} ${value}`;
