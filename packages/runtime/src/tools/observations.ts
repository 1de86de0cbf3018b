import { hash as digest } from 'node:crypto';
import type { AgentEvent, Json, Message, ModelRequest, ResultsSeen, ToolCall, ToolDefinition } from '@sallyport/core';
import { canonicalDefinition, resultShape } from '@sallyport/core';

/** What is kept of traffic is bounded: an agent may offer anything, as often as it likes. */
export const bounds = {
  tools: 1_000,
  argumentsOfTool: 64,
  definitionsOfTool: 8,
  nameLength: 200,
  descriptionLength: 4_000,
  parametersLength: 65_536,
  resultsLookedAt: 20,
  resultLength: 16_384,
} as const;

/** What was seen of one tool. Names and counts, never a value. */
export interface ObservedTool {
  /** As offered last; what is too long is cut or left out, but the hash is of all of it. */
  readonly definition: ToolDefinition;
  /** Of `definition`, SHA-256 (hex) of its canonical JSON; undefined where it has none. */
  readonly hash: string | undefined;
  readonly calls: number;
  readonly lastAt: number | null;
  readonly arguments: readonly string[];
  readonly results: ResultsSeen;
}

interface Observed {
  /** To see at once that the same is offered again: by an upstream the same object, unless it is long. */
  offered: ToolDefinition | undefined;
  /** By an agent the same text, with every request. */
  written: string;
  definition: ToolDefinition;
  hash: string | undefined;
  /** Of every definition offered under this name since the last `settle`; `more` where there were too many. */
  hashes: Set<string | undefined>;
  more: boolean;
  calls: number;
  lastAt: number | null;
  arguments: Set<string>;
  records: number;
  text: number;
  echoes: number;
  fields: Set<string>;
}

/** SHA-256 (hex) of a definition in canonical JSON; undefined where it has no canonical form. */
export function hashOfDefinition(definition: ToolDefinition): string | undefined {
  const canonical = canonicalDefinition(definition);
  return canonical === undefined ? undefined : digest('sha256', canonical, 'hex');
}

/** What agents offered, called and got, by tool; the one seen longest ago is forgotten first. */
export class Observations {
  /** In the order of being seen. */
  readonly #tools = new Map<string, Observed>();
  readonly #isKept: (tool: string) => boolean;

  /** @param isKept tools that are never forgotten: what an operator confirmed must not be made new by a flood of names */
  constructor(isKept: (tool: string) => boolean) {
    this.#isKept = isKept;
  }

  get(tool: string): ObservedTool | undefined {
    const seen = this.#tools.get(tool);
    if (!seen) return undefined;
    const { definition, hash: hashed, calls, lastAt, records, text, echoes } = seen;
    const results = { records, text, echoes, fields: [...seen.fields] };
    return { definition, hash: hashed, calls, lastAt, arguments: [...seen.arguments], results };
  }

  /** Whether no definition but this one was offered under the name. */
  isOnly(tool: string, hash: string): boolean {
    const seen = this.#tools.get(tool);
    return !seen || (!seen.more && [...seen.hashes].every((each) => each === hash));
  }

  names(): string[] {
    return [...this.#tools.keys()];
  }

  definitions(): { readonly name: string; readonly description?: string }[] {
    return [...this.#tools.values()].map(({ definition }) => definition);
  }

  /** From now on the tool has one definition, the last one. */
  settle(tool: string): void {
    const seen = this.#tools.get(tool);
    if (!seen) return;
    seen.hashes = new Set([seen.hash]);
    seen.more = false;
  }

  /** A tool that is offered, whether or not anybody calls it. */
  offered(definition: ToolDefinition): void {
    this.#offered(definition);
  }

  observe(event: AgentEvent): void {
    if (event.kind === 'model_request') {
      for (const definition of event.tools) this.#offered(definition);
      this.#echoed(event);
    } else if (event.kind === 'tool_call') this.#called(event);
    else if (event.kind === 'tool_result') this.#answered(event.tool, event.text);
  }

  #offered(definition: ToolDefinition): void {
    const { name } = definition;
    if (name.length > bounds.nameLength) return;
    const before = this.#tools.get(name);
    if (before?.offered === definition) {
      this.#touch(name, before);
      return;
    }
    const written = JSON.stringify([definition.description, definition.parameters]);
    if (before?.written === written) {
      before.offered = unlessLong(definition, written);
      this.#touch(name, before);
      return;
    }
    const seen = before ?? emptyObservation(definition);
    seen.offered = unlessLong(definition, written);
    seen.written = written;
    seen.hash = hashOfDefinition(definition);
    seen.definition = cut(definition, written);
    if (seen.hashes.size < bounds.definitionsOfTool) seen.hashes.add(seen.hash);
    else if (!seen.hashes.has(seen.hash)) seen.more = true;
    this.#touch(name, seen);
    this.#forgetOldest();
  }

  #touch(name: string, seen: Observed): void {
    this.#tools.delete(name);
    this.#tools.set(name, seen);
  }

  #forgetOldest(): void {
    if (this.#tools.size <= bounds.tools) return;
    for (const name of this.#tools.keys()) {
      if (this.#isKept(name)) continue;
      this.#tools.delete(name);
      return;
    }
  }

  /** Of a tool that nobody offered nothing is noted: its name is the model's. */
  #called({ tool, at, arguments: values, definition }: ToolCall): void {
    if (definition) this.#offered(definition);
    const seen = this.#tools.get(tool);
    if (!seen) return;
    seen.calls++;
    seen.lastAt = at;
    for (const name of Object.keys(values)) {
      if (seen.arguments.size >= bounds.argumentsOfTool) break;
      // Where a tool takes any name, a name may be somebody's.
      if (/^[A-Za-z_][\w-]{0,63}$/.test(name)) seen.arguments.add(name);
    }
  }

  #answered(tool: string, text: string): void {
    const seen = this.#tools.get(tool);
    if (!seen || !isLookedAt(seen) || text.length > bounds.resultLength) return;
    const { layout, fields } = resultShape(text);
    seen[layout]++;
    for (const field of fields) if (seen.fields.size < bounds.argumentsOfTool) seen.fields.add(field);
  }

  /** The results at the end of a request are new; with the calls before them they show what came back. */
  #echoed({ messages }: ModelRequest): void {
    for (const message of messages.slice(-bounds.resultsLookedAt).toReversed()) {
      if (message.role !== 'tool') return;
      const call = callOf(message, messages);
      const seen = call && this.#tools.get(call.tool);
      if (!seen || !isLookedAt(seen) || message.text.length > bounds.resultLength) continue;
      if (textsOf(call.arguments).some((text) => message.text.includes(text))) seen.echoes++;
    }
  }
}

const isLookedAt = ({ records, text }: Observed): boolean => records + text < bounds.resultsLookedAt;

const emptyObservation = (definition: ToolDefinition): Observed => ({
  offered: undefined,
  written: '',
  definition,
  hash: undefined,
  hashes: new Set(),
  more: false,
  calls: 0,
  lastAt: null,
  arguments: new Set(),
  records: 0,
  text: 0,
  echoes: 0,
  fields: new Set(),
});

const unlessLong = (definition: ToolDefinition, written: string): ToolDefinition | undefined =>
  written.length <= bounds.parametersLength ? definition : undefined;

const cut = ({ name, description, parameters, annotations }: ToolDefinition, written: string): ToolDefinition => ({
  name,
  ...(annotations && { annotations }),
  ...(description !== undefined && { description: description.slice(0, bounds.descriptionLength) }),
  ...(parameters && written.length <= bounds.parametersLength && { parameters }),
});

function callOf({ callId }: Message, messages: readonly Message[]) {
  const asked = messages.findLast(({ calls }) => calls?.some(({ id }) => id === callId));
  return asked?.calls?.find(({ id }) => id === callId);
}

/** Texts among the arguments that are too long to come back by accident. */
function textsOf(written: string): string[] {
  if (written.length > bounds.resultLength) return [];
  const texts: string[] = [];
  const visit = (value: Json, depth: number): void => {
    if (texts.length >= bounds.argumentsOfTool || depth > 4) return;
    if (typeof value === 'string' && value.length >= 6) texts.push(value);
    else if (typeof value === 'object' && value !== null) {
      for (const item of Object.values(value)) visit(item, depth + 1);
    }
  };
  try {
    visit(JSON.parse(written) as Json, 0);
  } catch {
    // Arguments that are no JSON were denied; nothing came back.
  }
  return texts;
}
