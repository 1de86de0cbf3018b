import { dirname } from 'node:path';
import { Monitor, defineGuard, requireApproval } from '@sallyport/core';
import type { Decision, JsonObject, OperatorRecord, Reason, Ruling, Session, ToolCall } from '@sallyport/core';
import { ApprovalService } from '../../src/approvals/index.ts';
import type { ApprovalServiceOptions } from '../../src/approvals/index.ts';
import { SealedBox, openMasterKey } from '../../src/flow/index.ts';
import { openHarness, type Harness } from '../identity/harness.ts';

export interface Held extends Harness {
  readonly approvals: ApprovalService;
  readonly monitor: Monitor;
  readonly faults: string[];
  /** The hash of the policies in force, and why the guard holds every call. */
  policy: string;
  reasons: [Reason, ...Reason[]];
  openSession(userId?: string): Promise<Session>;
  /** The agent proposes a call: what the monitor decides. */
  propose(session: Session, args?: JsonObject, change?: Partial<ToolCall>): Promise<Ruling<ToolCall>>;
  operator(name: string): Promise<OperatorRecord>;
  /** The runtime anew, on the same data. */
  again(): Promise<Held>;
}

/** Approvals and a monitor that holds every call, on a real store with its real log. */
export async function openHeld(change: Partial<ApprovalServiceOptions> = {}, from?: Harness): Promise<Held> {
  const h = from ?? (await openHarness());
  const { store, audit, clock, newId, sessions } = h;
  const faults: string[] = [];
  const approvals = new ApprovalService({
    store: store.approvals,
    box: new SealedBox(openMasterKey(dirname(h.file)), store.flow),
    audit,
    clock,
    newId,
    tenant: 'default',
    expiresMinutes: 60,
    approvers: 1,
    maxPending: 50,
    isOpen: async (id) => {
      const session = await sessions.get(id);
      return session !== undefined && sessions.isOpen(session);
    },
    onFault: (what, error) => faults.push(`${what}: ${String(error)}`),
    ...change,
  });
  const held: Held = {
    ...h,
    approvals,
    faults,
    policy: 'p-1',
    reasons: [{ code: 'approval_required', rule: 'permissions.yaml#support/send_email' }],
    monitor: new Monitor({
      guards: [
        {
          guard: defineGuard({
            name: 'holds',
            summary: 'Holds every call',
            stage: 'judge',
            on: ['tool_call'],
            check: () => requireApproval(...held.reasons),
          }),
          mode: 'enforce',
          timeoutMs: 1000,
        },
      ],
      audit,
      clock,
      newId,
      policyHash: () => held.policy,
      modelCalls: 'durable',
      keep: () => undefined,
      holds: approvals,
    }),
    async openSession(userId = 'ann') {
      const known = h.agents.list().find(({ name }) => name === 'support');
      const agent = known ?? (await h.agent()).agent;
      return await sessions.open({ agent, userId, purpose: 'a test' });
    },
    propose: (session, args = { to: 'bob@bank.example', amount: 100 }, changed = {}) =>
      held.monitor.decide(callOf(h, args, changed), session),
    operator: (name) => h.operators.create({ name, role: 'approver' }),
    async again() {
      approvals.close();
      const next = await openHeld(change, await h.restart());
      next.policy = held.policy;
      next.reasons = held.reasons;
      return next;
    },
    async close() {
      approvals.close();
      await h.close();
    },
  };
  return held;
}

const callOf = ({ newId, clock }: Harness, args: JsonObject, change: Partial<ToolCall>): ToolCall => ({
  kind: 'tool_call',
  id: newId(),
  at: clock.now(),
  callId: newId(),
  tool: 'send_email',
  arguments: args,
  definition: { name: 'send_email' },
  messages: [{ role: 'user', text: 'Pay Bob.' }],
  runs: 'agent',
  ...change,
});

/** The id of the approval that a decision waits for, or was let through by. */
export function approvalOf({ approval }: Decision): string {
  if (approval === undefined) throw new Error('The decision names no approval.');
  return approval;
}

/** What an approver does: reads it, and answers what they read. */
export async function answer(
  { approvals }: Held,
  id: string,
  operator: OperatorRecord,
  said: 'once' | 'value' | 'reject' = 'once',
) {
  const { binding } = await approvals.get(id);
  return await approvals.answer(id, operator, { answer: said, binding });
}
