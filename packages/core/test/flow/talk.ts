import type { Distrusts } from '../../src/flow/learner.ts';
import type { Decision, FlowPiece, FlowRule, JsonObject, ManifestInput, Message, Trace } from '../../src/index.ts';
import { SessionFlow, manifestSchema, rulesOf, unknownManifest } from '../../src/index.ts';
import { session, toolCall } from '../fixtures.ts';

/** What these tests call most: a mailbox that strangers write into, and things that act. */
const usual: Readonly<Record<string, ManifestInput>> = {
  read_mail: { effect: 'read', results: { format: 'records' } },
  search_contacts: { effect: 'read', results: { format: 'records' } },
  read_file: { effect: 'read', results: { format: 'text' } },
  get_page: { effect: 'read', egress: true, target: ['url'] },
  bank_history: { effect: 'read', results: { trust: 'trusted', format: 'records' } },
  send_mail: { effect: 'send', kinds: ['message'], target: ['to', 'attachments'], content: ['subject', 'body'] },
  send_payment: { effect: 'send', kinds: ['pay'], target: ['recipient', 'amount'], content: ['note'] },
  delete_file: { effect: 'delete', target: ['file_id'] },
};

export interface Talk {
  readonly tools?: Readonly<Record<string, ManifestInput>>;
  readonly rules?: ReadonlySet<FlowRule>;
  readonly userId?: string;
  /** Of the arguments of tools. */
  readonly schemas?: Readonly<Record<string, JsonObject>>;
  readonly distrusts?: Distrusts;
}

/** One conversation with a SessionFlow, as an agent would have it. */
export class Conversation {
  readonly flow: SessionFlow;
  readonly messages: Message[] = [];
  /** Everything that was to be kept, in order. */
  readonly pieces: FlowPiece[] = [];
  readonly #userId: string;
  readonly #schemas: NonNullable<Talk['schemas']>;
  #calls = 0;

  constructor({
    tools = {},
    rules = rulesOf('balanced'),
    userId = 'ann',
    schemas = {},
    distrusts = () => false,
  }: Talk = {}) {
    this.#schemas = schemas;
    const manifests = new Map(
      Object.entries({ ...usual, ...tools }).map(([name, input]) => [name, manifestSchema.parse(input)]),
    );
    this.#userId = userId;
    this.flow = new SessionFlow({
      manifestOf: (tool) => manifests.get(tool) ?? unknownManifest,
      rules,
      maxBytes: 8_388_608,
      distrusts,
    });
  }

  system(text: string): this {
    return this.#read({ role: 'system', text });
  }

  user(text: string): this {
    return this.#read({ role: 'user', text });
  }

  /** The model called a tool, and this came back. */
  answered(tool: string, text: string, args: JsonObject = {}, callId = `r-${this.#calls++}`): this {
    this.#read({ role: 'assistant', text: '', calls: [{ id: callId, tool, arguments: JSON.stringify(args) }] });
    return this.#read({ role: 'tool', text, callId });
  }

  /** Strangers wrote into what was read, and nothing in it matters. */
  tainted(): this {
    return this.answered('read_file', 'a stranger was here');
  }

  trace(tool: string, args: JsonObject): Trace {
    return this.call(tool, args).trace;
  }

  /** Codes of the findings; empty where the call may run. */
  held(tool: string, args: JsonObject): string[] {
    return this.trace(tool, args).findings.map(({ code }) => code);
  }

  /** Proposes a call and settles it with this outcome. */
  settle(tool: string, args: JsonObject, decision: Partial<Decision> = {}): Trace {
    const { trace, call } = this.call(tool, args);
    this.pieces.push(
      ...this.flow.settle(call, { outcome: 'allow', reasons: [], verdicts: [], policy: '', ...decision }),
    );
    return trace;
  }

  /** A person let it pass, for this task. */
  endorse(tool: string, args: JsonObject): Trace {
    return this.settle(tool, args, { outcome: 'allow', approval: 'a-1', endorses: true });
  }

  /** The runtime itself carried it out. */
  ran(tool: string, args: JsonObject, text: string): this {
    this.settle(tool, args);
    const callId = `c-${this.#calls - 1}`;
    this.pieces.push(...this.flow.learn({ kind: 'tool_result', id: 'r-1', at: 0, callId, tool, text }));
    return this;
  }

  call(tool: string, args: JsonObject) {
    const parameters = this.#schemas[tool];
    const definition = { name: tool, ...(parameters ? { parameters } : {}) };
    const call = toolCall(args, { tool, definition, callId: `c-${this.#calls++}` });
    return { call, trace: this.flow.trace(call, session({ user: { id: this.#userId, roles: [] } })) };
  }

  #read(...messages: readonly Message[]): this {
    this.messages.push(...messages);
    this.pieces.push(...this.flow.learn(requestOf(this.messages)));
    return this;
  }
}

export const requestOf = (messages: readonly Message[]) =>
  ({
    kind: 'model_request',
    id: 'm-1',
    at: 0,
    model: { provider: 'a', name: 'm' },
    messages,
    tools: [],
    settings: {},
    stream: false,
    wire: { format: 'openai.chat', bytes: new Uint8Array() },
  }) as const;
