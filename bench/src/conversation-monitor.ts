import type { JsonObject, Message, ModelRequest, ToolCall } from '@sallyport/core';
import type { WireMessage } from './conversation-traffic.ts';
import { hash } from 'node:crypto';
import {
  Monitor,
  RecentMessages,
  SessionFlow,
  armGuards,
  loadPolicySet,
  parseConfig,
  rulesOf,
  unknownManifest,
  zeroCounters,
} from '@sallyport/core';
import {
  conversationTool,
  early,
  late,
  messagesOf,
  opening,
  permissionsYaml,
  toolDefinition,
  toolsYaml,
  turns,
} from './conversation-traffic.ts';

const conversations = 24;
const warmUp = 4;

/** Microseconds of CPU of a turn in the monitor alone, by turn: take up what is new, then decide one call. */
export async function monitorTurns(): Promise<readonly number[]> {
  const cpu = Array.from({ length: turns + 1 }, () => 0);
  for (let each = 0; each < warmUp + conversations; each++) {
    const monitored = new Monitored();
    const history: WireMessage[] = [...opening];
    const recent = new RecentMessages();
    for (let turn = 1; turn <= turns; turn++) {
      history.push(...messagesOf(turn, each));
      // Fresh strings, as they are read from the wire; what repeats is then made the same again, as the surface does.
      const wire = JSON.parse(JSON.stringify(history)) as (WireMessage & JsonObject)[];
      const messages = recent.take(session.id, toMessages(wire), wire).map(({ view }) => view);
      const micros = await monitored.turn(messages, turn);
      if (each >= warmUp) cpu[turn] = (cpu[turn] ?? 0) + micros / conversations;
    }
  }
  return cpu;
}

/** Microseconds of CPU of one decision in a session that has read 100 kB, nothing of it new. */
export async function decision100kb(): Promise<number> {
  const monitored = new Monitored();
  const history: WireMessage[] = [...opening];
  let bytes = 0;
  for (let turn = 1; bytes < 100_000; turn++) {
    const made = messagesOf(turn, 1);
    bytes += made.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
    history.push(...made);
  }
  const messages = toMessages(history);
  await monitored.turn(messages, 1);
  const rounds = 2000;
  for (let round = 0; round < rounds; round++) await monitored.decide(messages, 1 + (round % 100));
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round++) await monitored.decide(messages, 1 + (round % 100));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds;
}

const mean = (values: readonly number[], { from, to }: { readonly from: number; readonly to: number }): number =>
  values.slice(from, to + 1).reduce((sum, value) => sum + value, 0) / (to - from + 1);
export const earlyTurn = (values: readonly number[]): number => mean(values, early);
export const lateTurn = (values: readonly number[]): number => mean(values, late);

const toMessages = (wire: readonly WireMessage[]): Message[] =>
  wire.map(({ role, content, tool_call_id: callId, tool_calls: calls }) => ({
    role,
    text: content ?? '',
    ...(callId === undefined ? {} : { callId }),
    ...(calls
      ? { calls: calls.map((call) => ({ id: call.id, tool: call.function.name, arguments: call.function.arguments })) }
      : {}),
  }));

/** One session before the real monitor with its real guards; the log keeps nothing. */
class Monitored {
  readonly #monitor: Monitor;
  #events = 0;

  constructor() {
    const flow = new SessionFlow({ manifestOf, rules: rulesOf(config.flow.profile), maxBytes: config.flow.maxBytes });
    this.#monitor = new Monitor({
      guards: armGuards(config, () => policies, { flow: true }),
      audit: { append: async () => undefined, enqueue: () => undefined, subscribe: () => () => undefined },
      clock: { now: () => Date.now(), micros: () => performance.now() * 1000, after: () => () => undefined },
      newId: () => String(this.#events++),
      policyHash: () => policies.hash,
      modelCalls: 'async',
      keep: () => undefined,
      flow: {
        learn: (event) => void flow.learn(event),
        trace: (call, of) => flow.trace(call, of),
        settle: (call, _, decision) => void flow.settle(call, decision),
      },
    });
  }

  async turn(messages: readonly Message[], turn: number): Promise<number> {
    const request = this.#request(messages);
    const call = this.#call(messages, turn);
    const before = process.cpuUsage();
    await this.#monitor.decide(request, session);
    const { decision } = await this.#monitor.decide(call, session);
    const { user, system } = process.cpuUsage(before);
    if (decision.outcome !== 'allow') throw new Error(`turn ${turn}: ${JSON.stringify(decision.reasons)}`);
    return user + system;
  }

  async decide(messages: readonly Message[], turn: number): Promise<void> {
    const { decision } = await this.#monitor.decide(this.#call(messages, turn), session);
    if (decision.outcome !== 'allow') throw new Error(JSON.stringify(decision.reasons));
  }

  #request(messages: readonly Message[]): ModelRequest {
    const { parameters, ...tool } = toolDefinition;
    return {
      kind: 'model_request',
      id: String(this.#events++),
      at: Date.now(),
      model: { provider: 'bench', name: 'bench-1' },
      messages,
      tools: [{ ...tool, parameters }],
      settings: { temperature: 0.2 },
      stream: false,
      wire: { format: 'openai.chat', bytes: new Uint8Array() },
    };
  }

  #call(messages: readonly Message[], turn: number): ToolCall {
    return {
      kind: 'tool_call',
      id: String(this.#events++),
      at: Date.now(),
      callId: `call_${turn + 1}`,
      tool: conversationTool,
      arguments: { order_id: `A-${7000 + turn}` },
      definition: toolDefinition,
      messages,
      runs: 'agent',
    };
  }
}

// What rewrites the bytes that are sent, which only a surface has, is in the figures over HTTP and in those of `content`.
const config = parseConfig(`${toolsYaml}\nguards: { spotlight: { mode: off }, redact: { mode: off } }`, {
  env: {},
  readFile: () => {
    throw new Error('no files here');
  },
});
const manifestOf = (tool: string) => config.tools[tool] ?? unknownManifest;
const policies = loadPolicySet(
  { permissions: { name: 'permissions.yaml', text: permissionsYaml }, cedar: [] },
  { sha256: (text) => hash('sha256', text, 'hex') },
);
const now = Date.now();
const session = {
  id: 'bench',
  tenant: 'default',
  agent: { id: 'bench', name: 'bench', roles: ['bench'] },
  user: { id: 'bench', roles: [] },
  purpose: 'bench',
  openedAt: now,
  expiresAt: now + 3_600_000,
  state: 'open',
  counters: zeroCounters,
} as const;
