import type { Author, Redacted, Redactor } from './redactor.ts';
import type { Finding, RedactedMessage } from './recalled.ts';
import type { Edit as TextEdit } from './json-text.ts';
import type { Edit, Place, WireMessage } from '../guards/wire.ts';
import type { Json, JsonObject, Message, ModelRequest, ToolDefinition } from '../events.ts';
import type { Vault } from '../ports.ts';
import type { Where } from './policy.ts';
import { applyEdits } from './json-text.ts';
import {
  append,
  jsonAt,
  movedTo,
  relativeTo,
  rewritten,
  textAt,
  textual,
  wireMembers,
  wireMessages,
} from '../guards/wire.ts';

export interface RedactedRequest {
  readonly event: ModelRequest;
  readonly replaced: readonly Finding[];
  readonly blocked: readonly Finding[];
}

/** Told once a request holds tokens, last in the system prompt; no model copies well what it does not know. */
const note =
  '\n\nWhat stands in angle brackets as a type and a number, such as <TYPE_1>, stands for a value that was taken out. Use it as you would use the value: copy it exactly, brackets and number included, wherever the value belongs. Never make one up.';

/** Members of a message that only the provider reads: changed, it would refuse them. */
const opaque: ReadonlySet<string> = new Set(['extra_content']);
/** Members of a request that are judged elsewhere, or are no text of anybody's. */
const handled: ReadonlySet<string> = new Set(['messages', 'tools', 'model', 'stream', 'stream_options']);

/** Redacts all of a request, views and bytes alike: what it says, what it said before, its tools and its settings. */
export function redactRequest(event: ModelRequest, redactor: Redactor, vault: Vault): RedactedRequest {
  return new Request(event, redactor, vault).redact();
}

class Request {
  readonly #event: ModelRequest;
  readonly #redactor: Redactor;
  readonly #vault: Vault;
  #edits: Edit[] = [];
  #replaced: Finding[] = [];
  #blocked: Finding[] = [];

  constructor(event: ModelRequest, redactor: Redactor, vault: Vault) {
    this.#event = event;
    this.#redactor = redactor;
    this.#vault = vault;
  }

  redact(): RedactedRequest {
    const places = wireMessages(this.#event);
    const toolOf = new Map<string, string>();
    const messages = this.#event.messages.map((message, at) => {
      // The nearest call of an id: providers number theirs anew in every answer.
      for (const { id, tool } of message.calls ?? []) toolOf.set(id, tool);
      const tool = message.role === 'tool' ? (toolOf.get(message.callId ?? '') ?? 'unknown') : undefined;
      return this.#recalled(message, places[at] as WireMessage, at, tool);
    });
    const members = this.#members();
    if (this.#vault.size > 0 && this.#blocked.length === 0) this.#explain(messages, places);
    const changed = this.#edits.length > 0;
    const event = changed ? { ...rewritten(this.#event, messages, this.#edits), ...members } : this.#event;
    return { event, replaced: this.#replaced, blocked: this.#blocked };
  }

  /** As it became when it was read before, or as it becomes now. */
  #recalled(message: Message, place: WireMessage, at: number, tool: string | undefined): Message {
    const about = { json: place.json, vault: this.#vault, tool };
    const made = this.#redactor.messages.of(message, about, () => this.#alone(message, place, tool));
    this.#edits.push(...movedTo(place, made.edits));
    const here = ({ path, counts }: Finding): Finding => ({ path: `messages[${at}]${path}`, counts });
    this.#replaced.push(...made.replaced.map(here));
    this.#blocked.push(...made.blocked.map(here));
    return made.message;
  }

  /** What becomes of one message, with nothing said of where it stands. */
  #alone(message: Message, place: WireMessage, tool: string | undefined): RedactedMessage {
    const outer = { edits: this.#edits, replaced: this.#replaced, blocked: this.#blocked };
    [this.#edits, this.#replaced, this.#blocked] = [[], [], []];
    try {
      const made = this.#message(message, place, '', tool);
      const edits = relativeTo(place, this.#edits);
      return { message: made, edits, replaced: this.#replaced, blocked: this.#blocked };
    } finally {
      [this.#edits, this.#replaced, this.#blocked] = [outer.edits, outer.replaced, outer.blocked];
    }
  }

  #message(message: Message, place: WireMessage, path: string, tool: string | undefined): Message {
    const where: Where = tool === undefined ? { direction: 'request' } : { direction: 'result', tool };
    const author = authorOf(message);
    const content = this.#redactAt(path, message.text, where, author);
    if (content.edits.length > 0) this.#edits.push(this.#contentEdit(place, content));
    const calls = message.calls && this.#calls(message.calls, place, path);
    // Calls where no reader expects them go out all the same.
    const stray = place.calls && !message.calls ? ([['tool_calls', place.calls]] as const) : [];
    for (const [name, other] of [...place.others, ...stray]) {
      if (opaque.has(name)) continue;
      const json = this.#jsonAt(`${path}.${name}`, name, other, where, author);
      if (json !== undefined) this.#edits.push({ ...other, text: json });
    }
    if (content.edits.length === 0 && calls === message.calls) return message;
    return { ...message, text: content.text, ...(calls ? { calls } : {}) };
  }

  #calls(calls: NonNullable<Message['calls']>, place: WireMessage, path: string): NonNullable<Message['calls']> {
    let changed = false;
    const made = calls.map((call, at) => {
      const where = { direction: 'call', tool: call.tool } as const;
      const { text, edits } = this.#redactAt(`${path}.calls[${at}]`, call.arguments, where, 'model');
      changed ||= edits.length > 0;
      return edits.length > 0 ? { ...call, arguments: text } : call;
    });
    if (!changed) return calls;
    if (!place.calls) throw new Error('a call is missing from the bytes');
    const onWire = jsonAt(this.#event, place.calls) as readonly JsonObject[];
    const list = onWire.map((call, at) => withArguments(call, made[at]?.arguments ?? ''));
    this.#edits.push({ ...place.calls, text: JSON.stringify(list) });
    return made;
  }

  #contentEdit({ content }: WireMessage, { text, edits }: Redacted): Edit {
    if (!content) throw new Error('a text is missing from the bytes');
    const value = jsonAt(this.#event, content);
    if (typeof value === 'string') return { ...content, text: JSON.stringify(text) };
    return { ...content, text: JSON.stringify(editedParts(value as readonly JsonObject[], edits)) };
  }

  /** Tools and settings: their bytes are JSON, and so are redacted as such. */
  #members(): Partial<Pick<ModelRequest, 'tools' | 'settings'>> {
    const places = wireMembers(this.#event.wire.bytes);
    const where = { direction: 'request' } as const;
    const changes: { tools?: readonly ToolDefinition[]; settings?: JsonObject } = {};
    const tools = places.get('tools');
    const redactedTools = tools && this.#jsonAt('tools', 'tools', tools, where, 'stranger');
    if (tools && redactedTools !== undefined) {
      this.#edits.push({ ...tools, text: redactedTools });
      changes.tools = toolViews(this.#event.tools, JSON.parse(redactedTools) as readonly JsonObject[]);
    }
    for (const [name, place] of places) {
      if (handled.has(name)) continue;
      const json = this.#jsonAt(`settings.${name}`, name, place, where, 'stranger');
      if (json === undefined) continue;
      this.#edits.push({ ...place, text: json });
      changes.settings = { ...(changes.settings ?? this.#event.settings), [name]: JSON.parse(json) as Json };
    }
    return changes;
  }

  /** A member's JSON once it is redacted; nothing where nothing changed. */
  #jsonAt(path: string, name: string, place: Place, where: Where, author: Author): string | undefined {
    const json = textAt(this.#event, place);
    // No string in it.
    if (!json.includes('"')) return undefined;
    const head = `{${JSON.stringify(name)}:`;
    const { edits } = this.#redactAt(path, `${head}${json}}`, where, author);
    if (edits.length === 0) return undefined;
    // The name itself stays what it is.
    const inside = edits.filter(({ start }) => start >= head.length);
    return inside.length === 0 ? undefined : applyEdits(`${head}${json}}`, inside).slice(head.length, -1);
  }

  #redactAt(path: string, text: string, where: Where, author: Author): Redacted {
    const redacted = this.#redactor.redact(text, where, this.#vault, author);
    if (redacted.blocked.size > 0) this.#blocked.push({ path, counts: redacted.blocked });
    if (redacted.counts.size > 0) this.#replaced.push({ path, counts: redacted.counts });
    return redacted;
  }

  #explain(messages: Message[], places: readonly WireMessage[]): void {
    const at = messages.findIndex(({ role }) => role === 'system');
    const [system, place] = [messages[at], places[at]];
    if (!system || !place) {
      const start = places[0]?.start ?? 0;
      const text = note.trimStart();
      messages.unshift({ role: 'system', text });
      this.#edits.push({ start, end: start, text: `${JSON.stringify({ role: 'system', content: text })},` });
      return;
    }
    messages[at] = { ...system, text: system.text + note };
    const { content } = place;
    const edited = this.#edits.findIndex(({ start }) => start === content?.start);
    const edit = this.#edits[edited];
    this.#edits[edit ? edited : this.#edits.length] = edit
      ? { start: edit.start, end: edit.end, text: withNote(JSON.parse(edit.text) as string | readonly Json[]) }
      : append(this.#event, place, note);
  }
}

const withNote = (content: string | readonly Json[]): string =>
  JSON.stringify(typeof content === 'string' ? content + note : [...content, { type: 'text', text: note }]);

const authorOf = ({ role, byRuntime }: Message): Author => {
  if (byRuntime || role === 'assistant') return 'model';
  return role === 'user' ? 'user' : 'stranger';
};

function withArguments(call: JsonObject, text: string): JsonObject {
  const { custom, function: called } = call;
  if (custom !== undefined) {
    return { ...call, custom: { ...(custom as JsonObject), input: (JSON.parse(text) as JsonObject)['input'] as Json } };
  }
  return { ...call, function: { ...(called as JsonObject), arguments: text } };
}

/** The text of a message may be cut into parts anywhere: what is put in stands where it begins. */
function editedParts(parts: readonly JsonObject[], edits: readonly TextEdit[]): JsonObject[] {
  let offset = 0;
  return parts.map((part) => {
    const name = part['type'] === 'refusal' ? 'refusal' : 'text';
    const text = part[name];
    if (!textual.has(part['type']) || typeof text !== 'string') return part;
    const [from, until] = [offset, offset + text.length];
    offset = until;
    const own = edits.flatMap((edit): TextEdit[] => {
      if (edit.end <= from || edit.start >= until) return [];
      const [start, end] = [Math.max(edit.start, from) - from, Math.min(edit.end, until) - from];
      return [{ start, end, text: edit.start >= from ? edit.text : '' }];
    });
    return own.length === 0 ? part : { ...part, [name]: applyEdits(text, own) };
  });
}

/** Names stay as they were read. */
function toolViews(tools: readonly ToolDefinition[], onWire: readonly JsonObject[]): ToolDefinition[] {
  return tools.map((tool, at) => {
    const wire = onWire[at] ?? {};
    const { description, parameters } = (wire['function'] ?? wire['custom'] ?? {}) as JsonObject;
    return {
      name: tool.name,
      ...(typeof description === 'string' ? { description } : {}),
      ...(typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters)
        ? { parameters: parameters as JsonObject }
        : {}),
    };
  });
}
