import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import type { AgentEvent, JsonObject, Message, ModelRequest, OwnerStore, Session } from '@sallyport/core';
import {
  Monitor,
  RecentMessages,
  RedactPolicy,
  Redactor,
  TokenVault,
  armGuards,
  loadPolicySet,
  parseConfig,
  unknownManifest,
  writeRequest,
  zeroCounters,
} from '@sallyport/core';
import { Owners } from '../../packages/runtime/src/owners/index.ts';
import { early, late, turns } from './conversation-traffic.ts';
import { threadMicros } from './content-measure.ts';
import { randomly, sentencesOf, ssn } from './content-texts.ts';

const conversations = 8;
const rounds = 2;
const tool = 'get_customer';
/** Of what a content guard is: flow, policies and the log are measured elsewhere. */
const measured = new Set(['fence-learn', 'injection', 'redact', 'fence']);

/** Microseconds of the thread for a turn by the content guards in the monitor: around the tenth of a conversation, and its last. */
export interface TurnCost {
  readonly tenthUs: number;
  readonly lastUs: number;
  /** To read and write the same requests as JSON. */
  readonly jsonTenthUs: number;
  readonly jsonLastUs: number;
  /** Of the last turn, by the wall clock. */
  readonly lastUsByGuard: Readonly<Record<string, number>>;
}

/**
 * Conversations of 200 turns, each sent whole with every turn. A turn is what came in, the model request, the answer, and a
 * call that carries a token; every third brings a value that becomes one.
 */
export async function contentTurns(): Promise<TurnCost> {
  const cost = { tenth: 0, last: 0, jsonTenth: 0, jsonLast: 0 };
  const byGuard: Record<string, number> = {};
  for (let round = 0; round <= rounds; round++) {
    const sessions = await Promise.all(Array.from({ length: conversations }, (_, each) => Guarded.open(each)));
    for (let turn = 1; turn <= turns; turn++) {
      // Made before, and judged together: the thread's clock goes in steps of some milliseconds.
      const made = sessions.map((session) => session.events(turn));
      const before = process.threadCpuUsage();
      for (const [index, session] of sessions.entries())
        await session.judge(made[index] ?? [], turn, round > 0 && turn >= late.from ? byGuard : {});
      const { user, system } = process.threadCpuUsage(before);
      const isEarly = turn >= early.from && turn <= early.to;
      const isLate = turn >= late.from && turn <= late.to;
      // The first round warms up.
      if (round === 0 || !(isEarly || isLate)) continue;
      const json = threadMicros(() => made.map(asJson));
      cost[isEarly ? 'tenth' : 'last'] += user + system;
      cost[isEarly ? 'jsonTenth' : 'jsonLast'] += json;
    }
  }
  const counted = rounds * conversations * (early.to - early.from + 1);
  return {
    tenthUs: cost.tenth / counted,
    lastUs: cost.last / counted,
    jsonTenthUs: cost.jsonTenth / counted,
    jsonLastUs: cost.jsonLast / counted,
    lastUsByGuard: Object.fromEntries(Object.entries(byGuard).map(([guard, micros]) => [guard, micros / counted])),
  };
}

const asJson = (events: readonly AgentEvent[]): string[] =>
  events.flatMap((event) =>
    event.kind === 'model_request' ? [JSON.stringify(JSON.parse(new TextDecoder().decode(event.wire.bytes)))] : [],
  );

/** One session before the monitor with the real content guards. */
class Guarded {
  readonly #monitor: Monitor;
  readonly #session: Session;
  readonly #history: JsonObject[] = [{ role: 'system', content: 'You are the support agent of a small shop.' }];
  readonly #random: ReturnType<typeof randomly>;
  readonly #recent = new RecentMessages();
  #events = 0;

  private constructor(index: number, owners: Owners) {
    const vault = new TokenVault();
    const redactor = new Redactor({ policy: new RedactPolicy(config.guards.redact), hash: keyed });
    const guards = armGuards(config, () => policies, {
      manifestOf: (name) => config.tools[name] ?? unknownManifest,
      owners,
      redaction: { redactor, vaults: { of: () => vault } },
    });
    this.#random = randomly(index + 1);
    this.#session = { ...session, id: `s-${index}`, user: { id: `ann-${index}`, roles: [] } };
    this.#monitor = new Monitor({
      guards: guards.filter(({ guard }) => measured.has(guard.name)),
      audit: { append: async () => undefined, enqueue: () => undefined, subscribe: () => () => undefined },
      clock: { now: () => 0, micros: () => performance.now() * 1000, after: () => () => undefined },
      newId: () => String(this.#events++),
      policyHash: () => '',
      modelCalls: 'async',
      keep: () => undefined,
    });
  }

  static async open(index: number): Promise<Guarded> {
    const clock = { now: () => 0, after: () => () => undefined };
    const onFault = (_: string, error: unknown) => {
      throw error;
    };
    const master = createSecretKey(randomBytes(32));
    return new Guarded(index, await Owners.open({ store: forgetful, master, clock, ...config.guards.fence, onFault }));
  }

  /** What passes the monitor in this turn. */
  events(turn: number): readonly AgentEvent[] {
    const { news, arrival } = this.#newsOf(turn);
    this.#history.push(...news);
    // Fresh strings, as a surface reads them from the wire; what repeats is then made the same again, as the surface does.
    const { messages } = JSON.parse(JSON.stringify({ messages: this.#history })) as { messages: JsonObject[] };
    const sent = this.#recent.take(this.#session.id, messages.map(view), messages);
    const request: ModelRequest = {
      ...this.#stamp(),
      kind: 'model_request',
      model: { provider: 'bench', name: 'bench-1' },
      messages: sent.map(({ view: seen }) => seen),
      tools: [],
      settings: {},
      stream: false,
      wire: { format: 'openai.chat', bytes: writeRequest({ model: 'bench-1' }, sent) },
    };
    const { model } = request;
    const text = sentencesOf(2, turn);
    const call = {
      kind: 'tool_call',
      callId: `c-${turn}`,
      tool,
      arguments: { ssn: '<US_SSN_1>' },
      runs: 'agent',
    } as const;
    this.#history.push({ role: 'assistant', content: text });
    return [
      { ...this.#stamp(), ...arrival },
      request,
      { ...this.#stamp(), kind: 'model_response', model, text, calls: 1 },
      { ...this.#stamp(), ...call, messages: request.messages },
    ];
  }

  async judge(events: readonly AgentEvent[], turn: number, byGuard: Record<string, number>): Promise<void> {
    for (const event of events) {
      const { decision } = await this.#monitor.decide(event, this.#session);
      for (const { guard, micros } of decision.verdicts) byGuard[guard] = (byGuard[guard] ?? 0) + micros;
      if (decision.outcome === 'deny')
        throw new Error(`turn ${turn}, ${event.kind}: ${JSON.stringify(decision.reasons)}`);
    }
  }

  #newsOf(turn: number) {
    const said = sentencesOf(5, turn * 1_000 + this.#random(1_000));
    const value = turn % 3 === 1 ? ` SSN ${ssn(this.#random)}.` : '';
    if (turn % 2 === 1) {
      const text = `${said}${value}`;
      return { news: [{ role: 'user', content: text }], arrival: { kind: 'user_message', text } as const };
    }
    const callId = `t-${turn}`;
    const text = JSON.stringify({ id: turn, email: `ann-${turn}@mail.example`, note: `${said}${value}` });
    const calls = [{ id: callId, type: 'function', function: { name: tool, arguments: '{}' } }];
    return {
      news: [
        { role: 'assistant', content: null, tool_calls: calls },
        { role: 'tool', tool_call_id: callId, content: text },
      ],
      arrival: { kind: 'tool_result', callId, tool, text } as const,
    };
  }

  #stamp(): { id: string; at: number } {
    return { id: String(this.#events++), at: 0 };
  }
}

interface WireCall {
  readonly id: string;
  readonly function: { readonly name: string; readonly arguments: string };
}

const view = ({ role, content, tool_call_id: callId, tool_calls: calls }: JsonObject): Message => ({
  role: role as Message['role'],
  text: typeof content === 'string' ? content : '',
  ...(typeof callId === 'string' ? { callId } : {}),
  ...(Array.isArray(calls)
    ? {
        calls: (calls as unknown as WireCall[]).map(({ id, function: { name, arguments: args } }) => ({
          id,
          tool: name,
          arguments: args,
        })),
      }
    : {}),
});

const hashKey = randomBytes(32);
const keyed = (type: string, value: string): string =>
  createHmac('sha256', hashKey).update(`${type}\0${value}`).digest('hex');

/** What the disk costs is measured elsewhere. */
const forgetful: OwnerStore = {
  load: async () => undefined,
  add: async () => undefined,
  forget: async () => 0,
  expire: async () => 0,
};

const config = parseConfig(
  `tools: { ${tool}: { effect: read, results: { owner: user } } }\nguards: { spotlight: { mode: off } }`,
  {
    env: {},
    readFile: () => {
      throw new Error('no files here');
    },
  },
);
const policies = loadPolicySet({ cedar: [] }, { sha256: () => '' });
const session: Session = {
  id: '',
  tenant: 'default',
  agent: { id: 'bench', name: 'bench', roles: [] },
  user: { id: '', roles: [] },
  purpose: 'bench',
  openedAt: 0,
  expiresAt: Number.MAX_SAFE_INTEGER,
  state: 'open',
  counters: zeroCounters,
};
