import type { ArmedGuard } from '../guard.ts';
import type { Attempt, Read } from './attempts.ts';
import type { Decision } from '../decision.ts';
import type { FlowRule } from '../flow/provenance.ts';
import type { JsonObject, Message, ModelRequest, ToolCall, ToolDefinition } from '../events.ts';
import type { Manifest } from '../flow/manifest.ts';
import type { Session } from '../session.ts';
import { Monitor } from '../monitor.ts';
import { SessionFlow } from '../flow/session-flow.ts';

/** What is in force: the real guards, and what they rest on. */
export interface Forces {
  readonly guards: readonly ArmedGuard[];
  readonly rules: ReadonlySet<FlowRule>;
  readonly maxBytes: number;
  readonly manifestOf: (tool: string) => Manifest;
  readonly definitionOf: (tool: string) => ToolDefinition;
  readonly session: Session;
}

/**
 * One attack on the real monitor, in a session of its own. Nothing runs and nobody is asked. A read that a person would
 * have to approve counts as approved: the attacker waits for the day on which somebody does.
 */
export async function simulate(attempt: Attempt, forces: Forces): Promise<Decision> {
  const field = new Field(forces);
  field.say(attempt.request);
  for (const read of attempt.reads) await field.read(read);
  return field.propose(attempt.tool, attempt.args);
}

/** Whether strangers' text can be read through a tool at all. */
export async function isReadable(tool: string, args: JsonObject, forces: Forces): Promise<boolean> {
  const { outcome } = await new Field(forces).propose(tool, args);
  return outcome !== 'deny';
}

class Field {
  readonly #forces: Forces;
  readonly #flow: SessionFlow;
  readonly #monitor: Monitor;
  readonly #messages: Message[] = [];
  #events = 0;

  constructor(forces: Forces) {
    this.#forces = forces;
    const { guards, rules, maxBytes, manifestOf, session } = forces;
    const flow = new SessionFlow({ manifestOf: (tool) => manifestOf(tool), rules, maxBytes });
    this.#flow = flow;
    this.#monitor = new Monitor({
      guards,
      // Simulated: no entry, no effect.
      audit: { append: async () => undefined, enqueue: () => undefined, subscribe: () => () => undefined },
      clock: { now: () => session.openedAt, micros: () => 0, after: () => () => undefined },
      newId: () => this.#id(),
      policyHash: () => '',
      modelCalls: 'durable',
      keep: () => undefined,
      flow: {
        learn: (event) => void flow.learn(event),
        trace: (call, of) => flow.trace(call, of),
        settle: (call, _, decision) => void flow.settle(call, decision),
      },
    });
  }

  say(text: string): void {
    this.#messages.push({ role: 'user', text });
  }

  async read({ tool, args, text }: Read): Promise<void> {
    const callId = this.#id();
    const decision = await this.propose(tool, args, callId);
    if (decision.outcome !== 'allow') {
      this.#flow.settle(this.#call(tool, args, callId), { ...decision, outcome: 'allow', approval: 'simulated' });
    }
    this.#messages.push(
      { role: 'assistant', text: '', calls: [{ id: callId, tool, arguments: JSON.stringify(args) }] },
      { role: 'tool', text, callId },
    );
  }

  async propose(tool: string, args: JsonObject, callId = this.#id()): Promise<Decision> {
    this.#flow.learn(this.#request());
    const { decision } = await this.#monitor.decide(this.#call(tool, args, callId), this.#forces.session);
    return decision;
  }

  #id(): string {
    return `simulated-${++this.#events}`;
  }

  #call(tool: string, args: JsonObject, callId: string): ToolCall {
    const { definitionOf, session } = this.#forces;
    return {
      kind: 'tool_call',
      id: this.#id(),
      at: session.openedAt,
      callId,
      tool,
      arguments: args,
      definition: definitionOf(tool),
      messages: [...this.#messages],
      runs: 'agent',
    };
  }

  #request(): ModelRequest {
    return {
      kind: 'model_request',
      id: this.#id(),
      at: this.#forces.session.openedAt,
      model: { provider: 'simulated', name: 'hijacked' },
      messages: [...this.#messages],
      tools: [],
      settings: {},
      stream: false,
      wire: { format: 'openai.chat', bytes: new Uint8Array() },
    };
  }
}
