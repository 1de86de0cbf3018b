import type { FoundToken } from './tokens.ts';
import type { Json, JsonObject, ToolCall } from '../events.ts';
import type { Reason } from '../decision.ts';
import type { RedactPolicy } from './policy.ts';
import type { Vault } from '../ports.ts';
import { applyEdits, isJsonText, literalsOf, decoded, deepestNesting } from './json-text.ts';
import { literalType } from './tokens.ts';
import { showText } from '../normalize/show.ts';

export interface Restored {
  /** A copy; the call's own where nothing was restored. */
  readonly arguments: JsonObject;
  /** By type. */
  readonly counts: ReadonlyMap<string, number>;
  /** Why the call may not be made. */
  readonly refused: readonly Reason[];
}

const rule = 'guards.redact';
const wordEnd = /[\p{L}\p{N}_\])]$/u;

/** Puts values in the place of tokens wherever the policy lets this tool have them. */
export function restoreCall(call: ToolCall, policy: RedactPolicy, vault: Vault): Restored {
  return new Restorer(call, policy, vault).restore();
}

class Restorer {
  readonly #call: ToolCall;
  readonly #policy: RedactPolicy;
  readonly #vault: Vault;
  readonly #counts = new Map<string, number>();
  readonly #refused: Reason[] = [];

  constructor(call: ToolCall, policy: RedactPolicy, vault: Vault) {
    this.#call = call;
    this.#policy = policy;
    this.#vault = vault;
  }

  restore(): Restored {
    const made = this.#object(this.#call.arguments, []);
    return { arguments: made, counts: this.#counts, refused: this.#refused };
  }

  /** Itself where nothing in it was restored. */
  #value(value: Json, path: readonly string[]): Json {
    if (typeof value === 'string') return this.#leaf(value, path);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return this.#list(value as readonly Json[], path);
    return this.#object(value as JsonObject, path);
  }

  #list(list: readonly Json[], path: readonly string[]): readonly Json[] {
    let made: Json[] | undefined;
    for (let at = 0; at < list.length; at++) {
      const item = list[at] as Json;
      const restored = this.#value(item, path);
      if (restored !== item) (made ??= [...list])[at] = restored;
    }
    return made ?? list;
  }

  #object(value: JsonObject, path: readonly string[]): JsonObject {
    let changed = false;
    const entries: [string, Json][] = [];
    for (const name of Object.keys(value)) {
      const key = this.#text(name, path, 0);
      const item = value[name] as Json;
      const restored = this.#value(item, [...path, key]);
      changed ||= key !== name || restored !== item;
      entries.push([key, restored]);
    }
    if (!changed) return value;
    if (new Set(entries.map(([key]) => key)).size < entries.length) {
      throw new Error('two names of an argument become one once their tokens are restored');
    }
    return Object.fromEntries(entries);
  }

  /** A number that came as a number, and went to the model as a token, goes back as a number where the tool wants one. */
  #leaf(text: string, path: readonly string[]): Json {
    const restored = this.#text(text, path, 0);
    if (restored === text || !wantsNumber(this.#call.definition?.parameters, path)) return restored;
    const number = Number(restored);
    return String(number) === restored && Number.isFinite(number) ? number : restored;
  }

  #text(text: string, path: readonly string[], depth: number): string {
    const found = this.#policy.grammar.find(text);
    const escaped = text.includes('\\');
    if (found.length === 0 && !escaped) return text;
    if (depth < deepestNesting && isJsonText(text)) return this.#json(text, path, depth);
    return applyEdits(
      text,
      found.flatMap((token) => {
        const value = this.#valueOf(token, text, path);
        return value === undefined ? [] : [{ start: token.start, end: token.end, text: value }];
      }),
    );
  }

  #json(json: string, path: readonly string[], depth: number): string {
    const edits = [];
    for (const literal of literalsOf(json)) {
      if (literal.kind !== 'string') continue;
      const { text } = decoded(json, literal, []);
      // What a text calls itself gives it no rights: they are the argument's.
      const restored = this.#text(text, path, depth + 1);
      if (restored !== text) edits.push({ start: literal.start, end: literal.end, text: JSON.stringify(restored) });
    }
    return applyEdits(json, edits);
  }

  #valueOf(token: FoundToken, text: string, path: readonly string[]): string | undefined {
    const { type, inUrl } = token;
    const written = text.slice(token.start, token.end);
    const loose = !/^[<&%\\]/.test(written);
    // `list[EMAIL_1]` is code.
    if (loose && wordEnd.test(text.slice(0, token.start))) return undefined;
    const value = this.#vault.valueOf(token.token);
    const place = ['arguments', ...path].join('.');
    if (value === undefined) {
      const detail = `${showText(written, 80)} stands for nothing in this session`;
      this.#refused.push({ code: 'unknown_token', rule, path: place, detail });
      return undefined;
    }
    if (!this.#policy.mayRestore(type, this.#call.tool, path)) {
      const detail = `${token.token} may not be restored here`;
      const fix = `Add {tools: [${this.#call.tool}], arguments: [${path.join('.')}], types: [${type}]} to guards.redact.restore.`;
      this.#refused.push({ code: 'token_withheld', rule, path: place, detail, fix });
      return undefined;
    }
    const counted = type === literalType ? literalType : type;
    this.#counts.set(counted, (this.#counts.get(counted) ?? 0) + 1);
    return inUrl ? encodeURIComponent(value) : value;
  }
}

/** Whether a JSON Schema asks for a number there, and for no string. */
function wantsNumber(schema: Json | undefined, path: readonly string[]): boolean {
  let at: Json | undefined = schema;
  for (let step = 0; step <= path.length; step++) {
    while (isObject(at) && at['type'] === 'array') at = at['items'];
    if (step < path.length) at = isObject(at) ? member(at['properties'], path[step] as string) : undefined;
  }
  const type = isObject(at) ? at['type'] : undefined;
  const types = Array.isArray(type) ? (type as readonly Json[]) : [type];
  return (types.includes('number') || types.includes('integer')) && !types.includes('string');
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const member = (value: Json | undefined, name: string): Json | undefined =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
