import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { parseJson } from '@sallyport/core';
import { SourceProblem } from '../unavailable.ts';
import type { SealedSecrets } from '../sealed.ts';

const slot = 'refresh_token';
/** `from`: SHA-256 (base64url) of the first token, as the operator gave it: another one begins anew. */
const chainSchema = z.strictObject({ from: z.string(), token: z.string() });

/**
 * The refresh token in use. A server that gives a new one takes the old one no more, and takes its second use for theft
 * (RFC 9700 section 4.14): so the new one is sealed before anything is done with what came with it.
 */
export class RefreshChain {
  readonly #name: string;
  readonly #sealed: SealedSecrets;
  /** One that could not be sealed: the only one that is worth anything. */
  #unsealed: { readonly from: string; readonly token: string } | undefined;

  constructor(name: string, sealed: SealedSecrets) {
    this.#name = name;
    this.#sealed = sealed;
  }

  /** @param first as the operator gave it */
  async current(first: string): Promise<string> {
    const from = digestOf(first);
    if (this.#unsealed && same(this.#unsealed.from, from)) await this.#seal(this.#unsealed);
    const kept = await this.#sealed.read(this.#name, slot);
    if (!kept) return first;
    const chain = chainSchema.safeParse(parseJson(kept.text, { maxDepth: 4 }));
    if (!chain.success) throw new SourceProblem('is sealed in a form that is not known. Set it again.');
    return same(chain.data.from, from) ? chain.data.token : first;
  }

  /** Durable once it resolves. */
  async follow(first: string, token: string): Promise<void> {
    await this.#seal({ from: digestOf(first), token });
  }

  async #seal(chain: { readonly from: string; readonly token: string }): Promise<void> {
    this.#unsealed = chain;
    await this.#sealed.replace(this.#name, slot, JSON.stringify(chain));
    this.#unsealed = undefined;
  }
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64url');
const same = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
