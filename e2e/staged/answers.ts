import type { AdminRouteName, ApprovalView } from '@sallyport/core/admin';
import { approvalSchema } from '@sallyport/core/admin';
import { type Answer, Refusal, find } from './asked.ts';
import { gatewayAnswers } from './gateway-answers.ts';

export const withoutDetail = (approval: ApprovalView) => approvalSchema.omit({ detail: true }).parse(approval);

/** As the runtime answers: a vote counts once for each operator, and only for what they saw. */
const vote: Answer = ({ who, params, body }, world, announce) => {
  const approval = find(world.approvals, ({ id }) => id === params['id']);
  const { answer, binding, note } = body;
  const isOpen = approval.state === 'pending' && approval.expiresAt > Date.now();
  if (!isOpen || approval.binding !== binding || approval.votes.some(({ operatorId }) => operatorId === who.id)) {
    throw new Refusal(409, 'conflict', 'It was answered, expired or changed since it was shown.');
  }
  const one = {
    operatorId: who.id,
    operator: who.name,
    answer,
    at: Date.now(),
    ...(note === undefined ? {} : { note }),
  };
  const votes = [...approval.votes, one];
  const isEnough = votes.length >= approval.votesNeeded;
  const state = answer === 'reject' ? 'rejected' : isEnough ? 'approved' : 'pending';
  const after: ApprovalView = { ...approval, votes, state };
  world.approvals = world.approvals.map((each) => (each.id === after.id ? after : each));
  announce(after);
  return after;
};

export const answers: Partial<Record<AdminRouteName, Answer>> = {
  ...gatewayAnswers,
  'overview.get': (_, world) => ({
    since: Date.now() - 3_600_000,
    until: Date.now(),
    activity: { events: 0, denied: 0, held: 0, tokensIn: 0, tokensOut: 0, costMicros: 0, denials: {}, slices: [] },
    openSessions: world.sessions.length,
    recentDenials: [],
    providers: [],
    policies: { hash: 'f'.repeat(64), loadedAt: Date.now(), problems: [] },
    baseUrl: 'http://127.0.0.1',
    models: [],
  }),
  'sessions.list': (_, { sessions }) => ({ sessions }),
  'sessions.get': ({ params }, { sessions }) => find(sessions, ({ id }) => id === params['id']),
  'sessions.flow': (_, { flow }) => {
    if (flow === undefined) throw new Refusal(404, 'not_found', 'Nothing is kept of what this session read.');
    return flow;
  },
  'entries.list': ({ query }, { entries }) => ({
    entries: entries.filter(
      (entry) => entry.phase === 'intent' && (query.outcome === undefined || entry.decision.outcome === query.outcome),
    ),
  }),
  'agents.list': () => ({ agents: [] }),
  'policies.get': () => ({
    hash: 'f'.repeat(64),
    loadedAt: Date.now(),
    problems: [],
    permissionsHash: 'a'.repeat(64),
    permissionsText: 'roles: {}\n',
    roles: {},
    sources: [],
    known: { tools: [], models: [] },
  }),
  'approvals.list': ({ query }, { approvals }) => ({
    approvals: approvals
      .filter(({ state }) => query.state === undefined || state === query.state)
      .filter((one) => query.sessionId === undefined || one.sessionId === query.sessionId)
      .toSorted((a, b) => b.requestedAt - a.requestedAt)
      .slice(0, query.limit)
      .map(withoutDetail),
  }),
  'approvals.get': ({ params }, { approvals }) => find(approvals, ({ id }) => id === params['id']),
  'approvals.answer': vote,
  'approvals.draftRule': ({ params }, { approvals }) => {
    const { tool } = find(approvals, ({ id }) => id === params['id']);
    return {
      file: 'permissions.yaml',
      text: `roles:\n  accounting:\n    tools:\n      ${tool}:\n        decision: allow\n        when: { recipient: GB29NWBK60161331926819 }\n        otherwise: ask\n`,
      explanation: `Lets accounting call ${tool} for this recipient, and asks for every other.`,
    };
  },
  'tools.list': (_, { tools }) => ({ tools }),
  'tools.confirm': ({ params, body }, world) => {
    const before = world.tools.find(({ name }) => name === params['name']);
    if (before?.from === 'config') throw new Refusal(409, 'conflict', 'The configuration speaks of this tool.');
    if (body.definition !== before?.definition) throw new Refusal(409, 'conflict', 'It has another definition by now.');
    const { proposal: _, ...kept } = before ?? { name: params['name'] ?? '' };
    const after = { ...kept, from: 'confirmed' as const, manifest: body.manifest };
    world.tools = world.tools.map((one) => (one.name === after.name ? (after as typeof one) : one));
    return after;
  },
  'tools.forget': ({ params }, world) => {
    const before = find(world.tools, ({ name }) => name === params['name']);
    const after = { ...before, from: 'unknown' as const };
    world.tools = world.tools.map((one) => (one.name === after.name ? after : one));
    return { ok: true };
  },
};
