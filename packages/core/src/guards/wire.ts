import type { Json, JsonObject, Message, ModelRequest } from '../events.ts';
import { Remembered } from '../remembered.ts';

/*
 * Changes single messages of a request's bytes and leaves every other byte as it was: reading and writing the whole
 * conversation anew for every guard would cost more than the guards themselves. The bytes are JSON that this checkpoint
 * wrote, so they are valid and no member stands twice.
 */

export interface Place {
  readonly start: number;
  readonly end: number;
}

export interface Edit extends Place {
  readonly text: string;
  /** The text in UTF-8, where an edit is made again and again. */
  readonly encoded?: Uint8Array;
}

/** One message of the bytes: the places of its content and calls, and of what else it has, by name. */
export interface WireMessage extends Place {
  readonly role: string;
  /** All of it. */
  readonly json: string;
  readonly content: Place | undefined;
  readonly calls: Place | undefined;
  readonly others: ReadonlyMap<string, Place>;
}

type Bytes = Uint8Array;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** A message that whoever wrote the bytes has put there. */
export interface WrittenMessage extends Place {
  readonly role: string;
  /** Its JSON. */
  readonly text: string;
}

/** Messages in bytes of this checkpoint's own making, so that nobody looks for them again. */
const indexed = new WeakMap<Bytes, readonly MessageAt[]>();

/** Says where in these bytes each message stands, for whoever wrote them and so knows. */
export const indexWire = (bytes: Uint8Array, messages: readonly WrittenMessage[]): void =>
  void indexed.set(
    bytes,
    messages.map(({ start, end, role, text }) => new MessageAt(start, end, role, () => text)),
  );

/** The place of every message in `wire.bytes`. @throws Error where they are not what the views show */
export function wireMessages({ wire: { bytes }, messages }: ModelRequest): readonly WireMessage[] {
  let found = indexed.get(bytes);
  if (!found) {
    found = findMessages(bytes);
    indexed.set(bytes, found);
  }
  // Whoever edits by the views must not hit another message of the bytes.
  const same = found.length === messages.length && found.every(({ role }, at) => viewRole(role) === messages[at]?.role);
  if (!same) throw new Error('the bytes hold other messages than the views');
  return found;
}

function findMessages(bytes: Bytes): MessageAt[] {
  const list = wireMembers(bytes).get('messages');
  if (!list || bytes[list.start] !== code.openList) throw new Error('the request has no list of messages');
  return Array.from(items(bytes, list.start), ({ start, end }) => readMessage(bytes, start, end));
}

function readMessage(bytes: Bytes, start: number, end: number): MessageAt {
  const own = bytes.subarray(start, end);
  const role = members(own, 0).get('role');
  const text = role ? decoder.decode(own.subarray(role.start + 1, role.end - 1)) : '';
  return new MessageAt(start, end, text, () => decoder.decode(own));
}

interface Shape {
  readonly members: ReadonlyMap<string, Place>;
  /** Of those that are not read by name. */
  readonly others: readonly string[];
}

/** Where a message's members stand, from its own beginning, by its JSON: a conversation comes again with every turn. */
const shapes = new Remembered<Shape>(8_388_608);
const shapeOf = (text: string): Shape => {
  const found = members(encoder.encode(text), 0);
  return { members: found, others: [...found.keys()].filter((name) => !known.has(name)) };
};

class MessageAt implements WireMessage {
  readonly start: number;
  readonly end: number;
  readonly role: string;
  readonly #text: () => string;
  #shape: Shape | undefined;

  constructor(start: number, end: number, role: string, text: () => string, shape?: Shape) {
    this.start = start;
    this.end = end;
    this.role = role;
    this.#text = text;
    this.#shape = shape;
  }

  /** The same message elsewhere. */
  movedBy(shift: number): MessageAt {
    return new MessageAt(this.start + shift, this.end + shift, this.role, this.#text, this.#shape);
  }

  get json(): string {
    return this.#text();
  }
  get content(): Place | undefined {
    return this.#place('content');
  }
  get calls(): Place | undefined {
    return this.#place('tool_calls');
  }
  get others(): ReadonlyMap<string, Place> {
    const { others } = this.#read();
    return others.length === 0 ? none : new Map(others.map((name) => [name, this.#place(name) as Place]));
  }

  #read(): Shape {
    this.#shape ??= shapes.of(this.#text(), shapeOf);
    return this.#shape;
  }

  #place(name: string): Place | undefined {
    const place = this.#read().members.get(name);
    return place && { start: this.start + place.start, end: this.start + place.end };
  }
}

const none: ReadonlyMap<string, Place> = new Map();
const known: ReadonlySet<string> = new Set(['role', 'content', 'tool_calls', 'tool_call_id']);

/** The event with these messages, and its bytes with these edits, which must not overlap. */
export function rewritten(event: ModelRequest, messages: readonly Message[], edits: readonly Edit[]): ModelRequest {
  const { bytes } = event.wire;
  const parts: Bytes[] = [];
  let from = 0;
  const sorted = edits
    .toSorted((a, b) => a.start - b.start)
    .map(({ start, end, text, encoded = encoder.encode(text) }) => ({ start, end, encoded }));
  for (const { start, end, encoded } of sorted) {
    parts.push(bytes.subarray(from, start), encoded);
    from = end;
  }
  parts.push(bytes.subarray(from));
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  // One more or one less is looked for anew.
  const before = messages.length === event.messages.length ? indexed.get(bytes) : undefined;
  if (before) indexed.set(out, moved(before, sorted, out));
  return { ...event, messages, wire: { ...event.wire, bytes: out } };
}

interface Encoded extends Place {
  readonly encoded: Bytes;
}

/** Where messages are after edits, which lie inside of one or between them. */
function moved(before: readonly MessageAt[], sorted: readonly Encoded[], out: Bytes): MessageAt[] {
  let shift = 0;
  let next = 0;
  /** Takes in the edits that begin before `end`. */
  const upTo = (end: number): number => {
    for (let edit = sorted[next]; edit && edit.start < end; edit = sorted[++next])
      shift += edit.encoded.length - (edit.end - edit.start);
    return shift;
  };
  return before.map((message) => {
    const here = upTo(message.start);
    const untouched = next;
    const there = upTo(message.end);
    if (next === untouched) return message.movedBy(here);
    // No edit touches a role: the views tell it, and another one would be refused by the next reader.
    const own = out.subarray(message.start + here, message.end + there);
    return new MessageAt(message.start + here, message.end + there, message.role, () => decoder.decode(own));
  });
}

/** Edits of one message, from its own beginning, to be made again and again. */
export const relativeTo = ({ start: from }: Place, edits: readonly Edit[]): Edit[] =>
  edits.map(({ start, end, text }) => ({ start: start - from, end: end - from, text, encoded: encoder.encode(text) }));

export const movedTo = ({ start: from }: Place, edits: readonly Edit[]): Edit[] =>
  edits.map((edit) => ({ ...edit, start: from + edit.start, end: from + edit.end }));

/** How a text stands inside a JSON string, without the quotes. */
export const inString = (text: string): string => JSON.stringify(text).slice(1, -1);

export const isString = ({ wire }: ModelRequest, { start }: Place): boolean => wire.bytes[start] === code.quote;
export const textAt = ({ wire }: ModelRequest, { start, end }: Place): string =>
  decoder.decode(wire.bytes.subarray(start, end));
export const jsonAt = (event: ModelRequest, place: Place): Json => JSON.parse(textAt(event, place)) as Json;

/** Appends to a message's content, whatever its form. */
export function append({ wire: { bytes } }: ModelRequest, { start, content }: WireMessage, addition: string): Edit {
  if (!content) return { start: start + 1, end: start + 1, text: `"content":${JSON.stringify(addition)},` };
  const last = content.end - 1;
  const opening = bytes[content.start];
  if (opening === code.quote) return { start: last, end: last, text: inString(addition) };
  if (opening !== code.openList) return { ...content, text: JSON.stringify(addition) };
  const comma = skipSpace(bytes, content.start + 1) === last ? '' : ',';
  return { start: last, end: last, text: `${comma}${JSON.stringify({ type: 'text', text: addition })}` };
}

/** Puts another text in the place of a message's; parts that are no text stay behind it. */
export function replaceText(event: ModelRequest, { start, content }: WireMessage, text: string): Edit {
  if (!content) return { start: start + 1, end: start + 1, text: `"content":${JSON.stringify(text)},` };
  if (event.wire.bytes[content.start] !== code.openList) return { ...content, text: JSON.stringify(text) };
  const others = (jsonAt(event, content) as readonly JsonObject[]).filter(({ type }) => !textual.has(type));
  return { ...content, text: JSON.stringify([{ type: 'text', text }, ...others]) };
}

/** Parts whose text is the message's. */
export const textual: ReadonlySet<Json | undefined> = new Set(['text', 'refusal']);

const viewRole = (role: string): string => (role === 'developer' ? 'system' : role);

/** The places of the request's own members, by name. */
export const wireMembers = (bytes: Uint8Array): Map<string, Place> =>
  members(bytes, skipSpace(bytes, 0), knownList(bytes));

/** The list of messages, where they are known: it is most of the bytes. */
function knownList(bytes: Bytes): Place | undefined {
  const messages = indexed.get(bytes);
  const [first, last] = [messages?.[0], messages?.at(-1)];
  if (!first || !last || bytes[first.start - 1] !== code.openList || bytes[last.end] !== code.closeList)
    return undefined;
  return { start: first.start - 1, end: last.end + 1 };
}

// All below 0x80, so in UTF-8 none of them is part of another character.
const code = {
  quote: 0x22,
  comma: 0x2c,
  openList: 0x5b,
  backslash: 0x5c,
  closeList: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

/** The places of the members' values in the object that begins at `at`. */
function members(bytes: Bytes, at: number, list?: Place): Map<string, Place> {
  const found = new Map<string, Place>();
  for (let i = skipSpace(bytes, at + 1); bytes[i] === code.quote;) {
    const nameEnd = endOfValue(bytes, i);
    const start = skipSpace(bytes, skipSpace(bytes, nameEnd) + 1);
    const end = start === list?.start ? list.end : endOfValue(bytes, start);
    found.set(JSON.parse(decoder.decode(bytes.subarray(i, nameEnd))) as string, { start, end });
    i = afterComma(bytes, end);
  }
  return found;
}

/** The places of the values in the array that begins at `at`. */
function* items(bytes: Bytes, at: number): Generator<Place> {
  for (let start = skipSpace(bytes, at + 1); start < bytes.length && bytes[start] !== code.closeList;) {
    const end = endOfValue(bytes, start);
    yield { start, end };
    start = afterComma(bytes, end);
  }
}

function afterComma(bytes: Bytes, end: number): number {
  const next = skipSpace(bytes, end);
  return bytes[next] === code.comma ? skipSpace(bytes, next + 1) : next;
}

/** Just past the value that begins at `at`. */
function endOfValue(bytes: Bytes, at: number): number {
  let depth = 0;
  for (let i = at; i < bytes.length; i++) {
    switch (bytes[i]) {
      case code.quote:
        i = endOfString(bytes, i);
        if (depth === 0) return i + 1;
        break;
      case code.openObject:
      case code.openList:
        depth++;
        break;
      case code.closeObject:
      case code.closeList:
        // Depth 0: the end of what holds a number or a word.
        if (depth === 0) return i;
        if (--depth === 0) return i + 1;
        break;
      case code.comma:
        if (depth === 0) return i;
        break;
      case undefined:
      default:
    }
  }
  return bytes.length;
}

function endOfString(bytes: Bytes, open: number): number {
  for (let close = bytes.indexOf(code.quote, open + 1); close !== -1; close = bytes.indexOf(code.quote, close + 1)) {
    let backslashes = 0;
    while (bytes[close - 1 - backslashes] === code.backslash) backslashes++;
    if (backslashes % 2 === 0) return close;
  }
  return bytes.length;
}

function skipSpace(bytes: Bytes, from: number): number {
  let at = from;
  while ((bytes[at] ?? Infinity) <= 0x20) at++;
  return at;
}
