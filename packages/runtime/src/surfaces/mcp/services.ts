import type { FastifyRequest } from 'fastify';
import type { Clock, Session } from '@sallyport/core';
import type { Gateway } from '../../gateway/contract.ts';

export interface McpServices {
  readonly gateway: Gateway;
  /**
   * Who is calling; at once where that is known. Throws RuntimeFault `unauthenticated` or `forbidden`; an error that carries `scope` (RFC 6750 section 3.1,
   * space-separated) asks the client to come back with more.
   */
  authenticate(request: FastifyRequest): Session | Promise<Session>;
  readonly clock: Clock;
  readonly maxJsonDepth: number;
  /** Between two signs of life on a stream, milliseconds. */
  readonly keepAliveMs: number;
  /** `ttlMs` of lists, for 2026-07-28 clients. */
  readonly resultTtlMs: number;
  /** Web pages that may call, as `https://host`. */
  readonly allowedOrigins: readonly string[];
  /** Host names without port under which this runtime is reached, beside loopback. */
  allowedHosts(): readonly string[];
  /** RFC 9728. */
  resourceMetadataUrl(): string;
  readonly limits?: Partial<McpLimits>;
}

/** What one client, and all of them, may hold here. */
export interface McpLimits {
  /** 2025 sessions in all. */
  readonly sessions: number;
  /** 2025 sessions of one Sallyport session; beyond, the one that was used longest ago ends. */
  readonly sessionsEach: number;
  /** Until a 2025 session ends for want of use, milliseconds. */
  readonly idleMs: number;
  /** Requests under way in one 2025 session. */
  readonly requests: number;
  /** Questions to the client that are open in one 2025 session. */
  readonly questions: number;
  /** Events kept for a client whose stream broke, and their characters. */
  readonly keptEvents: number;
  readonly keptChars: number;
  /** Resources one client may watch. */
  readonly watched: number;
  /** `subscriptions/listen` streams of one Sallyport session, and in all. */
  readonly listensEach: number;
  readonly listens: number;
  /** Bytes that may wait for a reader; what is beyond is dropped (notifications) or ends the stream (events). */
  readonly waitingBytes: number;
  /** A reader that takes nothing for this long has gone, whatever its socket says. */
  readonly stalledMs: number;
}

export const defaultLimits: McpLimits = {
  sessions: 4_096,
  sessionsEach: 32,
  idleMs: 30 * 60_000,
  requests: 256,
  questions: 64,
  keptEvents: 256,
  keptChars: 262_144,
  watched: 1_000,
  listensEach: 16,
  listens: 2_048,
  waitingBytes: 1_048_576,
  stalledMs: 120_000,
};
