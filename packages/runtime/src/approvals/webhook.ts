import { createHmac } from 'node:crypto';
import { Pool } from 'undici';
import type { AuditLog, Clock, NewId, WebhookConfig } from '@sallyport/core';
import type { ApprovalService, ListedApproval } from './approvals.ts';
import { jsonBody, messageOf, slackBody } from './webhook-message.ts';

const maxUnderWay = 200;
const firstWaitMs = 1_000;
const longestWaitMs = 60_000;

export interface WebhookOptions {
  readonly config: WebhookConfig;
  readonly approvals: Pick<ApprovalService, 'onChange'>;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly tenant: string;
  /** Where the dashboard is reached, without a slash at the end. */
  readonly baseUrl: () => string;
  /** Hides what a chat may not hold. */
  readonly mask?: (text: string, sessionId: string) => string;
  readonly onFault: (what: string, error: unknown) => void;
}

/**
 * Tells a chat of each new approval. It may fail: then that is on record, the approval waits all the same, and nothing
 * else waits for it.
 */
export class ApprovalWebhook {
  readonly #options: WebhookOptions;
  readonly #pool: Pool;
  readonly #path: string;
  readonly #closing = new AbortController();
  readonly #stopListening: () => void;
  #underWay = 0;

  constructor(options: WebhookOptions) {
    const url = new URL(options.config.url.reveal());
    this.#options = options;
    this.#path = url.pathname + url.search;
    // Undici follows no redirect: whoever answers for the chat must not send what we say elsewhere.
    this.#pool = new Pool(url.origin, {
      connections: 4,
      pipelining: 1,
      connect: { timeout: options.config.timeoutMs },
    });
    this.#stopListening = options.approvals.onChange((approval, isNew) => {
      if (isNew) void this.#notify(approval);
    });
  }

  async close(): Promise<void> {
    this.#stopListening();
    this.#closing.abort();
    await this.#pool.destroy();
  }

  async #notify(approval: ListedApproval): Promise<void> {
    try {
      if (this.#underWay >= maxUnderWay) return await this.#failed(approval, 'too many notices are under way');
      this.#underWay++;
      const { config, baseUrl, mask = (text: string) => text } = this.#options;
      const message = messageOf(approval, baseUrl(), (text) => mask(text, approval.sessionId));
      const body = JSON.stringify(config.format === 'slack' ? slackBody(message) : jsonBody(message));
      const problem = await this.#deliver(body, approval.id).finally(() => this.#underWay--);
      if (problem !== undefined && !this.#closing.signal.aborted) await this.#failed(approval, problem);
    } catch (error) {
      this.#options.onFault('the webhook of approvals failed', error);
    }
  }

  /** Resolves to what went wrong, if anything did. */
  async #deliver(body: string, id: string): Promise<string | undefined> {
    const { retries } = this.#options.config;
    for (let attempt = 0; ; attempt++) {
      const { problem, retryAfterMs } = await this.#post(body, id);
      if (problem === undefined) return undefined;
      const attempts = `after ${attempt + 1} ${attempt === 0 ? 'attempt' : 'attempts'}`;
      if (retryAfterMs === undefined || attempt >= retries) return `${problem}, ${attempts}`;
      // Spread, so that many notices do not come back together.
      const backoff = firstWaitMs * 2 ** attempt * (0.5 + Math.random());
      await this.#pause(Math.min(Math.max(backoff, retryAfterMs), longestWaitMs));
      if (this.#closing.signal.aborted) return `${problem}, ${attempts}`;
    }
  }

  async #post(body: string, id: string): Promise<{ readonly problem?: string; readonly retryAfterMs?: number }> {
    const { timeoutMs } = this.#options.config;
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timeoutMs)]);
    try {
      const headers = {
        'content-type': 'application/json; charset=utf-8',
        'x-sallyport-delivery': id,
        ...this.#signature(body),
      };
      const answer = await this.#pool.request({ path: this.#path, method: 'POST', headers, body, signal });
      const { statusCode: status } = answer;
      await answer.body.dump();
      if (status >= 200 && status < 300) return {};
      const problem = `HTTP ${status}`;
      if (status !== 429 && status < 500) return { problem };
      return { problem, retryAfterMs: secondsOf(answer.headers['retry-after']) * 1000 };
    } catch (error) {
      // Not its message, which may name the address.
      const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
      const problem = code ?? (error instanceof Error ? error.name : 'it failed');
      return { problem, retryAfterMs: 0 };
    }
  }

  /** As Slack signs its own requests; the time is in it, so that a receiver can refuse what was recorded and sent again. */
  #signature(body: string): Record<string, string> {
    const { config, clock } = this.#options;
    if (!config.secret) return {};
    const timestamp = String(Math.floor(clock.now() / 1000));
    const mac = createHmac('sha256', config.secret.reveal()).update(`v1:${timestamp}:${body}`).digest('hex');
    return { 'x-sallyport-timestamp': timestamp, 'x-sallyport-signature': `v1=${mac}` };
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#closing;
    const { promise, resolve } = Promise.withResolvers<void>();
    const over = () => resolve();
    const cancel = this.#options.clock.after(ms, over);
    signal.addEventListener('abort', over, { once: true });
    await promise;
    cancel();
    signal.removeEventListener('abort', over);
  }

  async #failed({ id }: ListedApproval, detail: string): Promise<void> {
    const { audit, clock, newId, tenant } = this.#options;
    const entry = { phase: 'operator', id: newId(), at: clock.now(), tenant, actor: 'runtime' } as const;
    await audit.append({ ...entry, action: 'approvals.notify', subject: id, detail: `failed: ${detail}` });
  }
}

const secondsOf = (header: string | string[] | undefined): number => {
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 0;
};
