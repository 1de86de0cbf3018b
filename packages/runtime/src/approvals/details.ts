import type { ApprovalDetail, ApprovalRecord, ApprovalStore, Decision, ToolCall, Trace } from '@sallyport/core';
import { RuntimeFault } from '@sallyport/core';
import type { SealedBox } from '../flow/index.ts';

const shownRequests = 5;
const longestRequest = 4_000;

/** What the approver will see of a call. */
export function detailOf(call: ToolCall, { reasons, provenance }: Decision, trace: Trace | undefined): ApprovalDetail {
  return {
    arguments: call.arguments,
    provenance: trace?.provenance ?? provenance ?? [],
    excerpts: trace?.excerpts() ?? [],
    requests: trace?.requests() ?? requestsIn(call),
    reasons,
  };
}

/** Without a trace: what the user said, as far as the model request carried it. */
const requestsIn = ({ messages }: ToolCall): string[] =>
  messages
    .filter(({ role }) => role === 'user')
    .slice(-shownRequests)
    .map(({ text }) => text.slice(0, longestRequest));

/** Details are hostile text and personal data: sealed before they reach the store, gone with their session. */
export class Details {
  readonly #store: ApprovalStore;
  readonly #box: Pick<SealedBox, 'seal' | 'open'>;

  constructor(store: ApprovalStore, box: Pick<SealedBox, 'seal' | 'open'>) {
    this.#store = store;
    this.#box = box;
  }

  seal({ id, sessionId }: ApprovalRecord, detail: ApprovalDetail): Promise<Uint8Array> {
    return this.#box.seal(sessionId, placeOf(id), Buffer.from(JSON.stringify(detail)));
  }

  /** Undefined once it was destroyed. */
  async of({ id, sessionId }: ApprovalRecord): Promise<ApprovalDetail | undefined> {
    const sealed = await this.#store.detail(id);
    if (!sealed) return undefined;
    try {
      const bytes = await this.#box.open(sessionId, placeOf(id), sealed);
      // Sealed by us: nobody else can have written it.
      return JSON.parse(Buffer.from(bytes).toString('utf8')) as ApprovalDetail;
    } catch (error) {
      if (error instanceof RuntimeFault && error.code === 'not_found') return undefined;
      throw error;
    }
  }

  /** False when it was destroyed meanwhile. */
  async replace(approval: ApprovalRecord, detail: ApprovalDetail): Promise<boolean> {
    return await this.#store.amend(approval.id, await this.seal(approval, detail));
  }
}

const placeOf = (id: string): string => `approval ${id}`;
