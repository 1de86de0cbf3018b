import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { OperatorRecord, RecordedEntry } from '@sallyport/core';
import { approvalSchema, entrySchema, mayOperator } from '@sallyport/core/admin';
import type { AdminPermission } from '@sallyport/core/admin';
import type { ListedApproval } from '../../approvals/index.ts';
import type { SignedIn } from './gate.ts';
import type { AdminServices } from './services.ts';

const heartbeatMs = 15_000;
/** What may wait for a reader, in bytes. One that falls further behind is dropped, and reads on by `entries.list`. */
const maxWaiting = 1_048_576;
const viewsPerOperator = 20;

interface View {
  readonly operatorId: string;
  readonly again: SignedIn['again'];
  readonly response: ServerResponse;
}

/**
 * The live views: server-sent events (WHATWG HTML section 9.2), one `entry` event for each entry once it is durable, one
 * `approval` event for each new approval and each change of one.
 */
export class LiveViews {
  readonly #services: AdminServices;
  /** Oldest first. */
  readonly #views = new Set<View>();
  readonly #stop: (() => void)[];
  #cancelHeartbeat: () => void = () => undefined;

  constructor(services: AdminServices) {
    this.#services = services;
    this.#stop = [
      services.audit.subscribe((entries) => this.#show('entries.read', () => entries.map(eventText).join(''))),
      services.approvals.onChange((approval) => this.#show('approvals.read', () => approvalText(approval))),
      services.operators.onChange((operatorId) => this.#changed(operatorId)),
    ];
    this.#beat();
  }

  /** Takes the reply over. Whoever sees its head misses no entry from then on. */
  open(reply: FastifyReply, { operator, again }: SignedIn): void {
    const view: View = { operatorId: operator.id, again, response: reply.raw };
    reply.hijack();
    view.response.on('close', () => this.#views.delete(view));
    const mine = [...this.#views].filter(({ operatorId }) => operatorId === operator.id);
    if (mine.length >= viewsPerOperator && mine[0]) this.#drop(mine[0]);
    this.#views.add(view);
    reply.headers({
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
      // When the stream ends, so that a runtime that stops does not wait for the next request on it.
      connection: 'close',
    });
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) view.response.setHeader(name, value);
    }
    view.response.writeHead(200);
    view.response.write(': open\n\n');
    // They may have been signed out while the request was on its way here.
    void this.#check(view);
  }

  close(): void {
    for (const stop of this.#stop) stop();
    this.#cancelHeartbeat();
    for (const view of this.#views) {
      // An end that a reader sees as one, unless it would have to be waited for.
      if (view.response.writableLength === 0) view.response.end();
      else this.#drop(view);
    }
  }

  #show(permission: AdminPermission, write: () => string): void {
    if (this.#views.size === 0) return;
    const text = write();
    for (const view of this.#views) {
      const operator = this.#services.operators.get(view.operatorId);
      if (operator && mayOperator(operator.role, permission)) this.#write(view, text);
    }
  }

  #write(view: View, text: string): void {
    if (view.response.writableLength > maxWaiting) this.#drop(view);
    else view.response.write(text);
  }

  #changed(operatorId: string): void {
    for (const view of this.#views) {
      if (view.operatorId !== operatorId) continue;
      // At once where it shows in memory; a sign-out shows in the store.
      if (mayRead(this.#services.operators.get(operatorId))) void this.#check(view);
      else this.#drop(view);
    }
  }

  async #check(view: View): Promise<void> {
    const operator = await view.again().catch(() => undefined);
    if (!mayRead(operator)) this.#drop(view);
  }

  /** Not `end`: what waits for the reader must not reach them any more. */
  #drop(view: View): void {
    this.#views.delete(view);
    view.response.destroy();
  }

  #beat(): void {
    this.#cancelHeartbeat = this.#services.clock.after(heartbeatMs, () => {
      for (const view of this.#views) {
        this.#write(view, ': still here\n\n');
        void this.#check(view);
      }
      this.#beat();
    });
  }
}

const mayRead = (operator: OperatorRecord | undefined): boolean =>
  operator?.disabledAt === null && mayOperator(operator.role, 'entries.read');

/** What does not fit the contract is not shown: nothing undeclared leaks this way either. */
function eventText(entry: RecordedEntry): string {
  const shown = entrySchema.safeParse(entry);
  return shown.success ? `event: entry\nid: ${entry.seq}\ndata: ${JSON.stringify(shown.data)}\n\n` : '';
}

function approvalText(approval: ListedApproval): string {
  const shown = approvalSchema.omit({ detail: true }).safeParse(approval);
  return shown.success ? `event: approval\ndata: ${JSON.stringify(shown.data)}\n\n` : '';
}
