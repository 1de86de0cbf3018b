import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { JsonObject } from '@sallyport/core';
import type { McpLimits, McpServices } from './services.ts';
import { singleLined } from '../events.ts';

export interface StreamServices extends Pick<McpServices, 'authenticate' | 'clock' | 'keepAliveMs'> {
  readonly limits: McpLimits;
}

/** A response as server-sent events (WHATWG HTML section 9.2), each a JSON-RPC message. Takes the reply over. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #services: StreamServices;
  readonly #beat: (() => void) | undefined;
  #cancelBeat: () => void = () => undefined;
  #begun = false;

  /** @param beat with every sign of life: whether the reader may still read is to be asked again */
  constructor(reply: FastifyReply, services: StreamServices, beat?: () => void) {
    reply.hijack();
    this.#response = reply.raw;
    this.#services = services;
    this.#beat = beat;
    this.#response.setTimeout(services.limits.stalledMs, () => this.#response.destroy());
    this.#response.once('close', () => this.#cancelBeat());
    this.#response.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    this.#beatLater();
  }

  /** False where a reader is too far behind to be given more. */
  get keepsUp(): boolean {
    return this.#response.writableLength <= this.#services.limits.waitingBytes;
  }

  get isOpen(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded;
  }

  send(message: JsonObject): void {
    this.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
  }

  /** Whole lines of the stream. */
  write(lines: string): void {
    if (!this.isOpen) return;
    this.#begun = true;
    this.#response.write(singleLined(lines));
  }

  /** Sends the head of the response, unless it has gone out with an event. */
  begin(): void {
    if (this.isOpen && !this.#begun) this.#response.flushHeaders();
    this.#begun = true;
  }

  onClose(then: () => void): void {
    if (this.#response.destroyed) then();
    else this.#response.once('close', then);
  }

  end(): void {
    this.#cancelBeat();
    if (this.isOpen) this.#response.end();
  }

  /** Not `end`: what waits for the reader does not reach them any more. */
  drop(): void {
    this.#cancelBeat();
    this.#response.destroy();
  }

  /** A silent connection would be taken for a dead one; comments are no events to any reader. */
  #beatLater(): void {
    const { clock, keepAliveMs } = this.#services;
    this.#cancelBeat = clock.after(keepAliveMs, () => {
      if (!this.isOpen) return;
      if (this.keepsUp) this.write(': still here\n\n');
      this.#beat?.();
      this.#beatLater();
    });
  }
}
