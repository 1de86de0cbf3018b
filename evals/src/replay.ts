import {
  Monitor,
  argumentsGuard,
  parseConfig,
  SessionFlow,
  flowGuard,
  rulesOf,
  unknownManifest,
  zeroCounters,
  type Decision,
  type FlowStates,
  type JsonObject,
  type Manifest,
  type Message,
  type Session,
  type Hold,
  type ToolDefinition,
} from '@sallyport/core';

export type Profile = Parameters<typeof rulesOf>[0];

/** What is known of a suite's tools. */
export interface Suite {
  readonly manifests: ReadonlyMap<string, Manifest>;
  readonly definitions: ReadonlyMap<string, ToolDefinition>;
}

/** One recorded conversation before the real monitor: a flow of its own, the flow guard, and a person who says what is asked. */
export class Replay {
  readonly #flow: SessionFlow;
  readonly #definitions: ReadonlyMap<string, ToolDefinition>;
  readonly #monitor: Monitor;
  readonly #session: Session;
  readonly #messages: Message[] = [];
  #events = 0;
  /** What the person answers: yes for this value and task, or nothing at all. */
  approves = true;
  /** Microseconds of CPU in decisions, and how many there were. */
  micros = 0;
  decisions = 0;

  constructor({ manifests, definitions }: Suite, profile: Profile) {
    this.#definitions = definitions;
    this.#flow = new SessionFlow({
      manifestOf: (tool) => manifests.get(tool) ?? unknownManifest,
      rules: rulesOf(profile),
      maxBytes: 8_388_608,
    });
    this.#session = session();
    const flow: FlowStates = {
      learn: (event) => {
        this.#flow.learn(event);
      },
      trace: (call, of) => this.#flow.trace(call, of),
      settle: (call, _, decision) => {
        this.#flow.settle(call, decision);
      },
    };
    this.#monitor = new Monitor({
      guards: [
        { guard: flowGuard(), mode: 'enforce', timeoutMs: 1000 },
        {
          guard: argumentsGuard(parseConfig('', { env: {}, readFile: () => '' }).guards.arguments),
          mode: 'enforce',
          timeoutMs: 1000,
        },
      ],
      audit: { append: async () => undefined, enqueue: () => undefined, subscribe: () => () => undefined },
      clock: { now: () => 1, micros: () => process.cpuUsage().user, after: () => () => undefined },
      newId: () => String(this.#events++),
      policyHash: () => '',
      modelCalls: 'durable',
      keep: () => undefined,
      flow,
      holds: {
        resolve: async (): Promise<Hold> =>
          this.approves
            ? { state: 'approved', id: 'a', endorses: true }
            : { state: 'pending', id: 'a', expiresAt: Number.MAX_SAFE_INTEGER },
      },
    });
  }

  read(...messages: readonly Message[]): void {
    this.#messages.push(...messages);
  }

  /** What the monitor decides on a call that the model proposes now. */
  async decide(callId: string, tool: string, args: JsonObject): Promise<Decision> {
    const stamp = { id: String(this.#events++), at: 1 };
    await this.#monitor.decide(
      {
        ...stamp,
        kind: 'model_request',
        model: { provider: 'recorded', name: 'model' },
        messages: this.#messages,
        tools: [],
        settings: {},
        stream: false,
        wire: { format: 'openai.chat', bytes: new Uint8Array() },
      },
      this.#session,
    );
    const before = process.cpuUsage();
    const call = {
      ...stamp,
      kind: 'tool_call',
      callId,
      tool,
      arguments: args,
      messages: this.#messages,
      runs: 'agent',
      ...(this.#definitions.has(tool) ? { definition: this.#definitions.get(tool) as ToolDefinition } : {}),
    } as const;
    const { decision } = await this.#monitor.decide(call, this.#session);
    const { user, system } = process.cpuUsage(before);
    this.micros += user + system;
    this.decisions++;
    return decision;
  }
}

/** Whether the call could not run as it stood: a person was needed, or the tool's own schema refused it. */
export const isHeld = ({ outcome, approval }: Decision): boolean => approval !== undefined || outcome !== 'allow';

/** A malformed call: nobody is asked, the model is told and corrects it, as the tool itself would have done. */
export const isMalformed = ({ outcome, reasons }: Decision): boolean =>
  outcome === 'deny' && reasons.some(({ code }) => code === 'invalid_arguments' || code === 'unknown_tool');

const session = (): Session => ({
  id: 's',
  tenant: 't',
  agent: { id: 'a', name: 'a', roles: [] },
  user: { id: 'u', roles: [] },
  purpose: '',
  openedAt: 0,
  expiresAt: Number.MAX_SAFE_INTEGER,
  state: 'open',
  counters: zeroCounters,
});
