import type { AuditLog, Opinion, Scope, Session, ToolCall, Trace } from '@sallyport/core';
import { Opinions } from './opinion.ts';
import { ScopeProposals } from './scope.ts';
import { SecondModelAsk, type AskOptions } from './ask.ts';
import { extract, type Extracted, type Extraction } from './extract.ts';

export { extractSchema } from './extract-schema.ts';
export { knownLabels } from './scope.ts';
export type { Extracted, Extraction };

export interface SecondModelOptions extends AskOptions {
  readonly audit: AuditLog;
  readonly narrow: (sessionId: string, scope: Scope) => Promise<Session>;
  /** Classes of data that a scope may name; only where calls are traced. */
  readonly labels?: readonly string[];
}

/**
 * The second model: it explains held calls, may hold calls that nothing else held, may narrow a session, and reads values
 * out of untrusted text. Nothing it says permits anything.
 */
export class SecondModel {
  readonly #ask: SecondModelAsk;
  readonly #opinions: Opinions;
  /** Where `secondModel.scope` is on. */
  readonly scopes: ScopeProposals | undefined;

  /** @throws RuntimeFault `invalid_config` when no provider has the model */
  constructor(options: SecondModelOptions) {
    this.#ask = new SecondModelAsk(options);
    this.#opinions = new Opinions(this.#ask, options.clock);
    const { scope: mode } = options.config;
    this.scopes = mode === 'off' ? undefined : new ScopeProposals(this.#ask, { ...options, mode });
  }

  /** Never rejects: what went wrong is `serves: 'failed'`, with the reason. */
  opinion(call: ToolCall, session: Session, trace: Trace | undefined): Promise<Opinion> {
    return this.#opinions.of(call, session, trace);
  }

  /** @throws RuntimeFault `provider_failed`, `provider_timeout`, `provider_malformed`, `store_unavailable`, `forbidden` */
  extract(session: Session, asked: Extraction): Promise<Extracted> {
    return extract(this.#ask, session, asked);
  }
}
