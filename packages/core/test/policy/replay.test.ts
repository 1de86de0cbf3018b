import { expect, test } from 'vitest';
import type { AgentEvent, JsonObject, ToolCall, ToolResult } from '../../src/events.ts';
import type { ArgumentProvenance, Trace } from '../../src/flow/provenance.ts';
import type { FlowStates } from '../../src/ports.ts';
import type { Integrity } from '../../src/flow/labels.ts';
import type { PolicySet } from '../../src/policy/policy.ts';
import type { RecordedEntry } from '../../src/entries.ts';
import type { SessionCounters } from '../../src/session.ts';
import { Monitor } from '../../src/monitor.ts';
import { countersOf } from '../../src/entries.ts';
import { manifestSchema, unknownManifest } from '../../src/flow/manifest.ts';
import { permissionsGuard } from '../../src/guards/permissions.ts';
import { replaySession, replaySummary } from '../../src/policy/replay.ts';
import { MemoryLog, realClock, session, toolCall } from '../fixtures.ts';
import { load } from './ask.ts';

const trusted = manifestSchema.parse({ results: { trust: 'trusted' } });
const manifestOf = (tool: string) => (tool === 'lookup' ? trusted : unknownManifest);

/** Counts for itself, so that replay is compared with something it did not make. */
class CountingFlow implements FlowStates {
  readonly #counts: { called: Record<string, number>; denied: Record<string, number>; held: Record<string, number> } = {
    called: {},
    denied: {},
    held: {},
  };
  readonly #read = new Set<string>();
  #tainted = false;
  integrity: Integrity = 'user';
  labels: readonly string[] = [];

  learn(event: AgentEvent): void {
    if (event.kind !== 'tool_result') return;
    this.#read.add(event.tool);
    this.#tainted ||= manifestOf(event.tool) !== trusted;
  }
  trace(call: ToolCall): Trace {
    const provenance = Object.keys(call.arguments).map((name): ArgumentProvenance => {
      return {
        path: `arguments.${name}`,
        value: '',
        role: 'target',
        integrity: this.integrity,
        labels: this.labels,
        origins: [],
      };
    });
    const { called, denied, held } = structuredClone(this.#counts);
    return {
      manifest: unknownManifest,
      tainted: this.#tainted,
      labels: this.labels,
      provenance,
      trajectory: { called, denied, held, read: [...this.#read] },
      findings: [],
      excerpts: () => [],
      requests: () => [],
    };
  }
  settle({ tool }: ToolCall, _: unknown, { outcome }: { outcome: string }): void {
    const { called, denied, held } = this.#counts;
    const counts = outcome === 'deny' ? denied : outcome === 'require_approval' ? held : called;
    counts[tool] = (counts[tool] ?? 0) + 1;
  }
}

/** A session with a real monitor; its counters move as the runtime moves them. */
function record(
  policies: PolicySet,
  keep = (event: AgentEvent) => (event.kind === 'tool_call' ? JSON.stringify(event.arguments) : undefined),
) {
  const audit = new MemoryLog();
  const flow = new CountingFlow();
  let ids = 0;
  const monitor = new Monitor({
    guards: [{ guard: permissionsGuard(() => policies), mode: 'enforce', timeoutMs: 1000 }],
    audit,
    clock: realClock,
    newId: () => `id-${ids++}`,
    policyHash: () => policies.hash,
    modelCalls: 'durable',
    keep,
    flow,
  });
  const counters = () => {
    const sum: Record<string, number> = { ...session().counters };
    for (const entry of audit.entries)
      for (const [name, by] of Object.entries(countersOf(entry))) sum[name] = (sum[name] ?? 0) + by;
    return sum as unknown as SessionCounters;
  };
  const decide = async (event: AgentEvent) =>
    (await monitor.decide(event, session({ counters: counters() }))).decision.outcome;
  return {
    flow,
    call: (tool: string, args: JsonObject = {}) => decide(toolCall(args, { tool, id: `e-${ids++}` })),
    result: (tool: string) =>
      decide({
        kind: 'tool_result',
        id: `e-${ids++}`,
        at: Date.now(),
        callId: 'c',
        tool,
        text: 'x',
      } satisfies ToolResult),
    entries: (): RecordedEntry[] => audit.entries.map((entry, index) => ({ ...entry, seq: index + 1 })),
  };
}

const onCall = (tool: string) =>
  `principal, action == Sallyport::Action::"tool_call", resource == Sallyport::Tool::"${tool}"`;
const stateful = `permit (principal, action == Sallyport::Action::"tool_call", resource);
  @id("three") forbid (${onCall('refund')}) when { context.called.hasTag("refund") && context.called.getTag("refund") >= 2 };
  @id("tainted") forbid (${onCall('note')}) when { context.tainted };
  @id("after") forbid (${onCall('send')}) when { context.read.contains("secrets") || context.labels.contains("phi") };
  @id("denied") forbid (${onCall('try')}) when { context.denied.hasTag("refund") && context.denied.getTag("refund") >= 2 } unless { context.approved };
  @id("held") forbid (${onCall('last')}) when { context.held.hasTag("try") || context.session.toolCalls > 100 };
  @id("whose") forbid (${onCall('pay')}) unless { context.integrity.hasTag("to") && context.integrity.getTag("to") >= 4 };`;

/** One of everything that the rules ask for. */
async function play(recording: ReturnType<typeof record>) {
  const { call, result, flow } = recording;
  const outcomes: string[] = [];
  const then = async (outcome: Promise<string>) => void outcomes.push(await outcome);
  await result('lookup');
  await then(call('note'));
  for (let time = 0; time < 4; time++) await then(call('refund', { amount: 10 }));
  await result('mail');
  await then(call('note'));
  await then(call('send', { to: 'x' }));
  flow.labels = ['phi'];
  await then(call('send', { to: 'x' }));
  flow.labels = [];
  await result('secrets');
  await then(call('send', { to: 'x' }));
  await then(call('try'));
  await then(call('last'));
  await then(call('pay', { to: 'x' }));
  flow.integrity = 'untrusted';
  await then(call('pay', { to: 'x' }));
  return outcomes;
}

test('under the same policies nothing differs, whatever rules ask of the session, its labels and its values', async () => {
  const policies = load({ cedar: stateful });
  const recording = record(policies);
  expect((await play(recording)).join(' ')).toBe(
    'allow allow allow deny deny deny allow deny deny require_approval deny allow deny',
  );
  const replay = replaySession(session(), recording.entries(), policies, { manifestOf });
  expect(replay.steps.filter(({ differs }) => differs)).toEqual([]);
  expect(replaySummary([replay])).toEqual({ sessions: 1, steps: 13, differ: 0, changes: {}, skipped: {}, untraced: 0 });
});

test('a changed rule shows at each step where it would have decided otherwise, and which rule that is', async () => {
  const recording = record(load({ cedar: stateful }));
  await play(recording);
  const changed = load({
    cedar: `${stateful.replace('>= 2 };', '>= 3 };')}\n@id("new") @approvers("2") forbid (${onCall('send')}) unless { context.approved };`,
  });
  const replay = replaySession(session(), recording.entries(), changed, { manifestOf });
  const found = replay.steps.filter(({ differs }) => differs);
  expect(found.map(({ subject, before, after }) => [subject, before.outcome, after.outcome, after.rules])).toEqual([
    // The trajectory is the recorded one: the third refund was denied, so two had been made at the fourth.
    ['refund', 'deny', 'allow', ['own.cedar:1']],
    ['refund', 'deny', 'allow', ['own.cedar:1']],
    ['send', 'allow', 'require_approval', [expect.stringMatching(/^own\.cedar:\d+$/)]],
  ]);
  expect(found[0]?.before.rules).toEqual(['own.cedar:2']);
  expect(replaySummary([replay]).changes).toEqual({ 'deny → allow': 2, 'allow → require_approval': 1 });
});

test('steps before the time asked for are not shown, and still count into what the session had done', async () => {
  const policies = load({ cedar: stateful });
  const recording = record(policies);
  for (let time = 0; time < 3; time++) await recording.call('refund');
  const entries = recording.entries().map((entry, index) => ({ ...entry, at: 1000 + index }));
  const { steps } = replaySession(session(), entries, policies, { since: 1002 });
  expect(steps.map(({ after }) => after.outcome)).toEqual(['deny']);
});

test('a step whose arguments were not kept, or not whole, is counted and never guessed', async () => {
  const policies = load({ cedar: stateful });
  const none = record(policies, () => undefined);
  await none.call('refund', { amount: 1 });
  const cut = record(policies, (event) =>
    event.kind === 'tool_call' ? '{"body":"aaaa… (9000 more characters)' : undefined,
  );
  await cut.call('refund', { amount: 1 });
  const replays = [none, cut].map(({ entries }) => replaySession(session(), entries(), policies));
  expect(replaySummary(replays)).toMatchObject({ steps: 0, skipped: { content_not_kept: 1, content_cut: 1 } });
});

test('without recorded provenance, values count as untrusted, and the summary says how often', async () => {
  const policies = load({ cedar: stateful });
  const recording = record(policies);
  await recording.call('pay', { to: 'x' });
  const entries = recording.entries().map((entry) => {
    if (entry.phase !== 'intent') return entry;
    const { provenance: _, ...decision } = entry.decision;
    return { ...entry, decision };
  });
  const replay = replaySession(session(), entries, policies);
  expect(replay.steps).toMatchObject([{ before: { outcome: 'allow' }, after: { outcome: 'deny' } }]);
  expect(replay.untraced).toBe(1);
});

test('what other guards said stands, and what a person approved is compared as it was before the answer', async () => {
  const asking = load({ yaml: 'roles: { support: { tools: { pay: ask } } }' });
  const recording = record(asking);
  await recording.call('pay');
  const approved = recording
    .entries()
    .map((entry) =>
      entry.phase === 'intent'
        ? { ...entry, decision: { ...entry.decision, outcome: 'allow' as const, approval: 'a-1' } }
        : entry,
    );
  const same = replaySession(session(), approved, asking).steps;
  expect(same).toMatchObject([{ recorded: 'allow', before: { outcome: 'require_approval' }, differs: false }]);
  const open = load({ yaml: 'roles: { support: { tools: { pay: allow } } }' });
  const held = recording.entries().map((entry) => {
    if (entry.phase !== 'intent') return entry;
    const flowHolds = { guard: 'flow', mode: 'enforce', outcome: 'require_approval', reasons: [], micros: 1 } as const;
    return { ...entry, decision: { ...entry.decision, verdicts: [...entry.decision.verdicts, flowHolds] } };
  });
  expect(replaySession(session(), held, open).steps).toMatchObject([
    { differs: true, after: { outcome: 'allow' }, decision: { before: 'require_approval', after: 'require_approval' } },
  ]);
});

test('models, hosts and languages are judged again by their names; what no policy judged is left out', () => {
  const policies = load({
    yaml: "roles: { support: { models: { 'openai/*': allow }, hosts: { api.acme.example: allow }, languages: { python: allow } } }",
  });
  const verdict = { guard: 'permissions', mode: 'enforce', outcome: 'allow', reasons: [], micros: 1 } as const;
  const entry = (seq: number, kind: AgentEvent['kind'], subject: string, judged = true): RecordedEntry => ({
    seq,
    id: `i${seq}`,
    at: 1,
    tenant: 'default',
    sessionId: 's-1',
    agentId: 'a-1',
    userId: 'ann',
    eventId: `e${seq}`,
    kind,
    subject,
    phase: 'intent',
    decision: { outcome: 'allow', reasons: [], verdicts: judged ? [verdict] : [], policy: '' },
    owesResult: true,
  });
  const { steps, skipped } = replaySession(
    session(),
    [
      entry(1, 'model_request', 'openai/gpt-5'),
      entry(2, 'model_request', 'evil/openai/gpt-5'),
      entry(3, 'egress_request', 'https://API.acme.example:8443/x'),
      entry(4, 'egress_request', 'nowhere'),
      entry(5, 'code_execution', 'bash'),
      entry(6, 'model_request', 'evil/x', false),
      entry(7, 'user_message', ''),
      { ...entry(8, 'model_request', 'evil/x'), sessionId: 'another' } as RecordedEntry,
    ],
    policies,
  );
  expect(steps.map(({ seq, after }) => [seq, after.outcome])).toEqual([
    [1, 'allow'],
    [2, 'deny'],
    [3, 'allow'],
    [5, 'deny'],
  ]);
  expect(skipped).toEqual([{ eventId: 'e4', subject: 'nowhere', why: 'no_host' }]);
});
