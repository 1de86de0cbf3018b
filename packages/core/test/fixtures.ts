import type { AuditLog, Clock, Entry, JsonObject, Message, Session, ToolCall } from '../src/index.ts';
import { RuntimeFault, zeroCounters } from '../src/index.ts';

export const realClock: Clock = {
  now: () => Date.now(),
  micros: () => performance.now() * 1000,
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};

export const session = (change: Partial<Session> = {}): Session => ({
  id: 's-1',
  tenant: 'default',
  agent: { id: 'a-1', name: 'support', roles: ['support'] },
  user: { id: 'ann', roles: [] },
  purpose: 'tickets',
  openedAt: Date.now(),
  expiresAt: Date.now() + 60_000,
  state: 'open',
  counters: zeroCounters,
  ...change,
});

export const toolCall = (args: JsonObject = {}, change: Partial<ToolCall> = {}): ToolCall => ({
  kind: 'tool_call',
  id: `e-${Math.random()}`,
  at: Date.now(),
  callId: 'c-1',
  tool: 'send_email',
  arguments: args,
  definition: { name: 'send_email' },
  messages: [] as Message[],
  runs: 'agent',
  ...change,
});

/** A log in memory that can be broken. */
export class MemoryLog implements AuditLog {
  readonly entries: Entry[] = [];
  broken = false;

  async append(entry: Entry): Promise<void> {
    await Promise.resolve();
    this.enqueue(entry);
  }

  enqueue(entry: Entry): void {
    if (this.broken) throw new RuntimeFault('store_unavailable', { detail: 'disk full' });
    this.entries.push(entry);
  }

  subscribe(): () => void {
    return () => undefined;
  }
}
