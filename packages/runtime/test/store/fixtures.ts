import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zeroCounters } from '@sallyport/core';
import type {
  AgentKeyRecord,
  AgentRecord,
  ApprovalRecord,
  ApprovalVote,
  Clock,
  IntentEntry,
  OperatorEntry,
  OperatorRecord,
  Outcome,
  ResultEntry,
  Session,
} from '@sallyport/core';

export const clock: Clock = {
  now: () => Date.now(),
  micros: () => performance.now() * 1000,
  after(ms, then) {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};

export const newId = (): string => randomUUID();

/** A folder of its own, gone when `using` ends. */
export function temporaryFolder(): { readonly path: string; readonly file: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'sallyport-store-'));
  const remove = () => rmSync(path, { recursive: true, force: true });
  return { path, file: join(path, 'data', 'sallyport.db'), [Symbol.dispose]: remove };
}

export const anAgent = (change: Partial<AgentRecord> = {}): AgentRecord => ({
  id: newId(),
  tenant: 'default',
  name: 'support',
  roles: ['support', 'reader'],
  namesUsers: true,
  createdAt: 1_763_690_000_123,
  disabledAt: null,
  ...change,
});

export const aKey = (agentId: string, change: Partial<AgentKeyRecord> = {}): AgentKeyRecord => ({
  id: newId(),
  agentId,
  name: 'production',
  hash: newId(),
  hint: 'sp_agent_ab',
  createdAt: 1_763_690_000_123,
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
  ...change,
});

export const anOperator = (change: Partial<OperatorRecord> = {}): OperatorRecord => ({
  id: newId(),
  name: 'Ada',
  role: 'owner',
  createdAt: 1_763_690_000_123,
  disabledAt: null,
  ...change,
});

export const aSession = (change: Partial<Session> = {}): Session => ({
  id: newId(),
  tenant: 'default',
  agent: { id: 'agent-1', name: 'support', roles: ['support'] },
  user: { id: 'user-1', roles: ['customer'] },
  purpose: 'answer a ticket',
  openedAt: 1_763_690_000_000,
  expiresAt: 1_763_690_900_000,
  state: 'open',
  counters: zeroCounters,
  ...change,
});

const head = () =>
  ({
    id: newId(),
    at: 1_763_690_000_000,
    tenant: 'default',
    sessionId: 'session-1',
    agentId: 'agent-1',
    userId: 'user-1',
    eventId: newId(),
    kind: 'tool_call',
    subject: 'send_email',
  }) as const;

export const anIntent = (change: Partial<IntentEntry> = {}, outcome: Outcome = 'allow'): IntentEntry => ({
  ...head(),
  phase: 'intent',
  owesResult: outcome === 'allow' || outcome === 'transform',
  decision: {
    outcome,
    reasons: outcome === 'deny' ? [{ code: 'no_permission', path: 'arguments.to' }] : [],
    verdicts: [],
    policy: 'f'.repeat(64),
  },
  ...change,
});

export const aResult = (change: Partial<ResultEntry> = {}): ResultEntry => ({
  ...head(),
  phase: 'result',
  result: { outcome: 'ok', latencyMs: 12.5, tokensIn: 10, tokensOut: 20, costMicros: 30 },
  ...change,
});

export const anApproval = (sessionId: string, change: Partial<ApprovalRecord> = {}): ApprovalRecord => ({
  id: newId(),
  tenant: 'default',
  sessionId,
  agentId: 'agent-1',
  agent: 'support',
  userId: 'user-1',
  eventId: newId(),
  tool: 'send_email',
  binding: newId(),
  state: 'pending',
  requestedAt: 1_763_690_000_000,
  expiresAt: 1_763_690_900_000,
  votesNeeded: 1,
  votes: [],
  usedBy: null,
  ...change,
});

export const aVote = (change: Partial<ApprovalVote> = {}): ApprovalVote => ({
  operatorId: newId(),
  operator: 'Ada',
  answer: 'once',
  at: 1_763_690_000_500,
  ...change,
});

/** The intent of a call that this approval lets pass. */
export const aUse = ({ id, sessionId }: ApprovalRecord, change: Partial<IntentEntry> = {}): IntentEntry => {
  const intent = anIntent({ sessionId });
  return { ...intent, decision: { ...intent.decision, approval: id }, ...change };
};

export const anOperatorEntry = (change: Partial<OperatorEntry> = {}): OperatorEntry => ({
  id: newId(),
  at: 1_763_690_000_000,
  tenant: 'default',
  phase: 'operator',
  actor: 'runtime',
  action: 'policies.reload',
  subject: 'permissions.yaml',
  ...change,
});
