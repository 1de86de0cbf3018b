import { RuntimeFault } from '@sallyport/core';
import type { JsonObject, Session } from '@sallyport/core';
import type { Incoming } from './messages.ts';

/** What a transport must know of a message to carry it: for whom, about which tool, with what beside it. */
export interface About {
  readonly session?: Session;
  /** As the upstream knows it. */
  readonly tool?: string;
  /** Signed statement for whom a call is made. */
  readonly userContext?: string;
  /** `Mcp-Param-*` of 2026-07-28. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The stream of one request: what comes on it belongs to that request. */
export interface StreamReceiver {
  message(message: Incoming): void;
  /** The stream is over, and there was no answer. */
  fault(fault: RuntimeFault): void;
}

export interface Channel {
  /** What comes outside of a request's own stream. */
  message(message: Incoming): void;
  /** Once: the connection is lost, and nothing more will come. */
  lost(fault: RuntimeFault): void;
}

/** Carries messages to one upstream and back. It knows nothing of calls; whoever uses it does. */
export interface Transport {
  /** Whether every request has a stream of its own. Where it has none, all messages come by the channel. */
  readonly streams: boolean;
  /**
   * Resolves once messages can be sent.
   *
   * @param about for whom the connection is
   */
  open(channel: Channel, signal: AbortSignal, about: About): Promise<void>;
  /** Sends a request; returns how to close its stream. */
  request(message: JsonObject, about: About, receiver: StreamReceiver): () => void;
  /** Sends a notification or an answer. */
  send(message: JsonObject, about: About): Promise<void>;
  /** The revision was agreed upon. */
  speak(protocol: string): void;
  /** Listens to what the upstream says outside of requests, where that takes a stream of its own (2025). */
  listen?(): void;
  close(): Promise<void>;
}

/** Of a 2025 server over HTTP: it no longer knows the session, and did nothing. */
export class SessionGone extends RuntimeFault {
  constructor(upstream: string) {
    super('upstream_failed', {
      detail: `Upstream ${upstream} no longer knows the session and ran nothing: make the call again.`,
    });
  }
}

/** HTTP said that there is no such thing, and no error of the protocol was in it: another revision, or no MCP server. */
export class NotUnderstood extends RuntimeFault {
  constructor(upstream: string, status: number) {
    super('upstream_failed', {
      detail: `Upstream ${upstream} answered HTTP ${status}: is its url that of an MCP server?`,
    });
  }
}
