/**
 * # Terminology
 *
 * - agent: a registered program. user: the person it acts for. operator: a person who runs Sallyport. tenant: an organisation.
 * - session: one agent working for one user on one purpose.
 * - event: one thing that passes the checkpoint. Its kinds are the closed table `eventKinds`.
 * - guard: looks at an event and returns a verdict. The monitor merges verdicts into a decision.
 * - sink: a tool (or egress) with an effect outside the session.
 * - entry: one record of the audit log.
 *
 * These words, and no synonyms, are used in code, API, CLI, docs and UI.
 */

import type { UpstreamTarget } from './upstreams.ts';

/** Any value that JSON (RFC 8259) can carry. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export const eventKinds = [
  'user_message',
  'model_request',
  'model_response',
  'tool_call',
  'tool_result',
  'egress_request',
  'code_execution',
] as const;
export type EventKind = (typeof eventKinds)[number];

interface EventBase {
  /** Unique; an intent and its result share it. */
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/** A model as the operator configured it: `openai/gpt-5` is provider `openai`, name `gpt-5`. */
export interface ModelRef {
  readonly provider: string;
  readonly name: string;
}

export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments, as the agent or an upstream sent it: untrusted. */
  readonly parameters?: JsonObject;
  /** What an upstream says of its own tool, such as `readOnlyHint`: a claim, never a fact. */
  readonly annotations?: JsonObject;
}

export const messageRoles = ['system', 'user', 'assistant', 'tool'] as const;
export type MessageRole = (typeof messageRoles)[number];

/** One message of a model request, whatever the wire format. `text` joins the text parts. */
export interface Message {
  readonly role: MessageRole;
  readonly text: string;
  /** Of a `tool` message: the call it answers. */
  readonly callId?: string;
  /** Of a `tool` message: what the runtime said in the tool's place, a denial. Never read off the wire. */
  readonly byRuntime?: true;
  /** Of an `assistant` message: the calls it proposed, arguments as JSON text. */
  readonly calls?: readonly { readonly id: string; readonly tool: string; readonly arguments: string }[];
}

export interface UserMessage extends EventBase {
  readonly kind: 'user_message';
  readonly text: string;
}

/** What goes to a provider. `wire.bytes` is exactly what is sent; guards judge the parsed views of the same bytes. */
export interface ModelRequest extends EventBase {
  readonly kind: 'model_request';
  readonly model: ModelRef;
  readonly messages: readonly Message[];
  readonly tools: readonly ToolDefinition[];
  /** Every other parameter of the request, by the vendor's name. */
  readonly settings: JsonObject;
  readonly stream: boolean;
  readonly wire: { readonly format: WireFormat; readonly bytes: Uint8Array };
}

export const wireFormats = ['openai.chat'] as const;
export type WireFormat = (typeof wireFormats)[number];

/** A model's answer. The calls it proposes are events of their own. */
export interface ModelResponse extends EventBase {
  readonly kind: 'model_response';
  readonly model: ModelRef;
  readonly text: string;
  readonly calls: number;
}

export interface ToolCall extends EventBase {
  readonly kind: 'tool_call';
  readonly callId: string;
  readonly tool: string;
  readonly arguments: JsonObject;
  /** As offered to the model; absent when the model invented the tool. */
  readonly definition?: ToolDefinition;
  /** What the model had read when it proposed this call: for naming where a value came from. */
  readonly messages: readonly Message[];
  /** Who carries it out: the agent, to whom the proposal is released, or the runtime, which then records the result. */
  readonly runs: 'agent' | 'runtime';
  /** Of a call that the runtime carries out: by which upstream. */
  readonly target?: UpstreamTarget;
}

/** A text of a result, and where in it: `content.0.text`, `structuredContent` (as JSON text). */
export interface ResultPart {
  readonly path: string;
  readonly text: string;
}

export interface ToolResult extends EventBase {
  readonly kind: 'tool_result';
  readonly callId: string;
  readonly tool: string;
  /** As information flow reads it; where there is structured content, that. */
  readonly text: string;
  /** Of a result that the runtime hands out: its texts, each as it is delivered. Guards rewrite these; without them nothing is handed out. */
  readonly parts?: readonly ResultPart[];
}

export interface EgressRequest extends EventBase {
  readonly kind: 'egress_request';
  readonly method: string;
  readonly url: string;
}

export interface CodeExecution extends EventBase {
  readonly kind: 'code_execution';
  readonly language: string;
  readonly code: string;
}

export type AgentEvent =
  UserMessage | ModelRequest | ModelResponse | ToolCall | ToolResult | EgressRequest | CodeExecution;
export type EventOf<K extends EventKind> = Extract<AgentEvent, { kind: K }>;

/** What an event is about, for lists and the log: the tool, the model, the host; empty for messages. */
export function subjectOf(event: AgentEvent): string {
  switch (event.kind) {
    case 'model_request':
    case 'model_response':
      return `${event.model.provider}/${event.model.name}`;
    case 'tool_call':
    case 'tool_result':
      return event.tool;
    case 'egress_request':
      return event.url;
    case 'code_execution':
      return event.language;
    case 'user_message':
      return '';
  }
}

/** Whether the runtime itself carries the event out, and so owes the log a result. */
export const owesResult = (event: AgentEvent): boolean =>
  event.kind === 'model_request' ||
  event.kind === 'egress_request' ||
  event.kind === 'code_execution' ||
  (event.kind === 'tool_call' && event.runs === 'runtime');
