import type { Decision } from '../decision.ts';
import type { Field, NewField, SourceText } from './sources.ts';
import type { Json, JsonObject, Message, ModelRequest, ToolResult, UserMessage } from '../events.ts';
import type { FlowRule } from './provenance.ts';
import { Memory } from './memory.ts';
import { Quotes } from './quotes.ts';
import { RuntimeFault } from '../errors.ts';
import { Sources } from './sources.ts';
import { atLeast } from './labels.ts';
import { fold, isCommonWord, wordsOf } from './text.ts';
import { leavesOf, type Leaf } from './leaves.ts';
import { remembered } from './remembered.ts';
import { resultSource, type LearnedResult } from './results.ts';
import { unknownManifest, type Manifest } from './manifest.ts';

/** One thing learned, as it is kept (encrypted) to be learned again after a restart. What is not said takes no room. */
export type FlowPiece =
  | { readonly kind: 'message'; readonly role: 'system' | 'user'; readonly text: string }
  | {
      readonly kind: 'result';
      readonly callId: string;
      readonly text: string;
      /** Absent: those of the call that was settled under this id last. */
      readonly tool?: string;
      readonly args?: JsonObject;
      readonly distrusted?: true;
    }
  | {
      readonly kind: 'settled';
      readonly tool: string;
      readonly callId: string;
      readonly args: JsonObject;
      /** Absent: `allow`. */
      readonly outcome?: Decision['outcome'];
      readonly approved?: boolean;
      readonly endorses?: boolean;
      /** Absent: that of the call that was settled before. */
      readonly userId?: string;
      /** Names of properties that are values; absent where there are none. */
      readonly names?: readonly string[];
    };

type ResultPiece = FlowPiece & { readonly kind: 'result' };
type ReadPiece = Exclude<FlowPiece, { kind: 'settled' }>;

/** A call that was let through. */
interface Called {
  readonly tool: string;
  readonly args: JsonObject;
  readonly names?: ReadonlySet<string>;
  /** Of the arguments, until its result was read. */
  leaves?: readonly Leaf[] | undefined;
}

/** Whether a result looks like an attack. Asked once of each; the answer is kept with it. */
export type Distrusts = (tool: string, text: string) => boolean;

interface LearnerOptions {
  readonly manifestOf: (tool: string) => Manifest;
  readonly rules: ReadonlySet<FlowRule>;
  readonly distrusts?: Distrusts;
}

/** Takes up what a session reads. The same pieces in the same order always give the same state. */
export class Learner {
  readonly sources = new Sources();
  readonly memory = new Memory();
  readonly #manifestOf: (tool: string) => Manifest;
  readonly #rules: ReadonlySet<FlowRule>;
  readonly #distrusts: Distrusts;
  /** Texts by who handed them in. */
  readonly #known = new Map<string, string | Set<string>>();
  readonly #calls = new Map<string, Called>();
  readonly #quotes = new Quotes();
  #last: readonly Message[] = [];
  /** Whether anything that third parties wrote was read. */
  tainted = false;

  constructor({ manifestOf, rules, distrusts = () => false }: LearnerOptions) {
    this.#manifestOf = manifestOf;
    this.#rules = rules;
    this.#distrusts = distrusts;
  }

  learn(event: UserMessage | ModelRequest | ToolResult): FlowPiece[] {
    switch (event.kind) {
      case 'user_message':
        return this.#take([{ kind: 'message', role: 'user', text: event.text }]);
      case 'tool_result': {
        const { callId, tool, text } = event;
        if (this.#calls.has(callId)) return this.#take([this.#resultOf({ kind: 'result', callId, text })]);
        // What an agent says its tool answered is learned with the request that carries the call as well.
        return isUncalled(tool) ? this.#take([this.#resultOf({ kind: 'result', callId, tool, args: {}, text })]) : [];
      }
      case 'model_request':
        return this.#take(this.#news(event.messages));
    }
  }

  restore(piece: ReadPiece): void {
    if (piece.kind === 'message') this.#message(piece.role, piece.text);
    else this.#result(piece);
    this.#isNew(keyOf(piece), piece.text);
  }

  /** A call whose result may come back by itself. */
  called(callId: string, call: Called): void {
    this.#calls.set(callId, call);
  }

  #take(pieces: readonly ReadPiece[]): FlowPiece[] {
    return pieces.filter((piece) => {
      if (!this.#isNew(keyOf(piece), piece.text)) return false;
      if (piece.kind === 'message') this.#message(piece.role, piece.text);
      else this.#result(piece);
      return true;
    });
  }

  /**
   * What of a request was not read before. A client sends the whole conversation every time: what it repeats is compared, not
   * read, and the arguments of a call are only parsed for a result that is new.
   */
  #news(messages: readonly Message[]): ReadPiece[] {
    const news: ReadPiece[] = [];
    for (let index = this.#repeated(messages); index < messages.length; index++) {
      const { role, text, callId = '', byRuntime } = messages[index] as Message;
      // Our own denial in a result's place names the value that was refused; it vouches for nothing.
      if (role === 'assistant' || byRuntime || text === '') continue;
      if (role !== 'tool') news.push({ kind: 'message', role, text });
      else if (!this.#isKnown(`tool:${callId}`, text)) {
        const call = callBefore(messages, index, callId);
        const known = this.#calls.get(callId);
        const args = call ? readArguments(call.arguments) : (known?.args ?? {});
        news.push(this.#resultOf({ kind: 'result', tool: call?.tool ?? known?.tool ?? '', callId, args, text }));
      }
    }
    // A copy: whoever passed the list may go on to add to it.
    this.#last = messages.slice();
    return news;
  }

  #resultOf(piece: ResultPiece): ResultPiece {
    const { tool } = this.#callOf(piece);
    return this.#distrusts(tool, piece.text) ? { ...piece, distrusted: true } : piece;
  }

  #callOf({ callId, tool, args = {} }: ResultPiece): Called {
    const call = tool === undefined ? this.#calls.get(callId) : { tool, args };
    if (!call) throw new RuntimeFault('internal', { detail: 'a result was kept without the call that it answers' });
    return call;
  }

  /** How many messages stand at the start of this request as they stood in the last one. */
  #repeated(messages: readonly Message[]): number {
    const last = this.#last;
    let index = 0;
    while (index < last.length && index < messages.length) {
      const before = last[index] as Message;
      const now = messages[index] as Message;
      if (before.role !== now.role || before.callId !== now.callId || before.text !== now.text) break;
      index++;
    }
    return index;
  }

  #isKnown(key: string, text: string): boolean {
    const seen = this.#known.get(key);
    return typeof seen === 'object' ? seen.has(text) : seen === text;
  }

  #isNew(key: string, text: string): boolean {
    if (this.#isKnown(key, text)) return false;
    const seen = this.#known.get(key);
    if (seen === undefined) this.#known.set(key, text);
    else if (typeof seen === 'string') this.#known.set(key, new Set([seen, text]));
    else seen.add(text);
    return true;
  }

  /**
   * Text that repeats at length what strangers wrote keeps their integrity, whoever hands it in: an agent that sums up its
   * history into a user or system message cleans nothing.
   */
  #message(role: 'system' | 'user', text: string): void {
    const integrity = role === 'system' ? 'operator' : 'user';
    if (role === 'user') noteNames(text, this.memory.names);
    const folded = fold(text);
    const { own, quoted } = this.#quotes.split(folded);
    const field = { path: '', key: '', record: '', structural: false, labels: [] } as const;
    const late = role === 'system' && this.tainted;
    if (role === 'system' && !late && quoted === '') noteFullNames(text, this.memory.fullNames);
    const said = quoted === '' ? { raw: text, text: folded } : { raw: own, text: fold(own) };
    const fields: NewField[] = [{ ...field, ...said, integrity: late ? 'derived' : integrity }];
    if (quoted !== '')
      fields.push({ ...field, path: 'quoted', integrity: 'untrusted', raw: quoted, text: fold(quoted) });
    this.#add({ role, bytes: text.length, integrity, cleanQuery: false, lookup: false }, fields);
  }

  #result(piece: ResultPiece): void {
    const call = this.#callOf(piece);
    const { tool, leaves = leavesOf(call.args, unknownManifest, call.names) } = call;
    call.leaves = undefined;
    const { callId, text, distrusted } = piece;
    const isRetold = this.#calls.get(callId)?.tool !== tool;
    if (distrusted) this.memory.doubted.add(tool);
    const result: LearnedResult = { tool, callId, leaves, text, distrusted, isRetold };
    const known = { sources: this.sources, memory: this.memory, rules: this.#rules };
    const { source, fields } = resultSource(result, this.#manifestOf(tool), known);
    const added = this.#add(source, fields);
    let untrusted = 0;
    for (const { integrity, raw } of added) {
      if (integrity === 'named') noteNames(raw, this.memory.namedNames);
      if (atLeast(integrity, 'trusted')) continue;
      untrusted += 1;
      this.#quotes.add(raw);
    }
    // Words that stand in no field, such as names of empty lists, are read by a model all the same.
    const isAllWords = added.length === 0 && !atLeast(source.integrity, 'trusted') && /\p{L}/u.test(text);
    if (untrusted > 0 || isAllWords) this.tainted = true;
    // Fields are short: what repeats a whole listing repeats runs across them.
    if (untrusted > 0 && added.length > 1) this.#quotes.add(text);
    this.#noteSecrets(added);
  }

  #add(source: Omit<SourceText, 'id'>, fields: readonly NewField[]): Field[] {
    const added = this.sources.add({ ...source, id: this.sources.texts.length + 1 }, fields);
    for (const field of added) {
      if (!field.text.includes('@')) continue;
      for (const { value } of this.sources.valuesIn(field, 'email')) this.#notePerson(value);
    }
    return added;
  }

  #notePerson(address: string): void {
    for (const name of address.slice(0, address.indexOf('@')).match(/\p{L}{3,}/gu) ?? []) {
      const known = this.memory.people.get(name);
      if (known) known.add(address);
      else this.memory.people.set(name, new Set([address]));
    }
  }

  #noteSecrets(fields: readonly Field[]): void {
    const { secrets } = this.memory;
    for (const { id, key, text } of fields) {
      if (text.length >= 4 && !text.includes(' ') && isSecretKey(key)) secrets.set(text, id);
      if (!secretWord.test(text)) continue;
      for (const [, value = ''] of text.matchAll(secretInText)) secrets.set(value.replace(/["'.,;)]+$/, ''), id);
      for (const [, block = ''] of text.matchAll(privateKey)) {
        for (const line of block.split(' ')) if (line.length >= 16) secrets.set(line, id);
      }
    }
  }
}

const noteNames = (text: string, into: Set<string>): void => {
  for (const name of text.match(properName) ?? []) if (!isCommonWord(fold(name))) into.add(fold(name));
};

/** "Emma Johnson": names in full, as the operator wrote them. "Helpful Assistant" is nobody's. */
const noteFullNames = (text: string, into: Set<string>): void => {
  for (const [run] of text.matchAll(properNames)) {
    const words = wordsOf(fold(run));
    for (const [index, word] of words.entries()) {
      const next = words[index + 1];
      if (next !== undefined && !isCommonWord(word) && !isCommonWord(next)) into.add(`${word} ${next}`);
    }
  }
};
const properNames = /\p{Lu}[\p{L}']{1,40}(?: \p{Lu}[\p{L}']{1,40})+/gu;

/** Of any script that has capitals. */
const properName = /(?<![\p{L}\p{N}])\p{Lu}[\p{Ll}']{2,}/gu;

const isSecretKey = remembered((key) => secretKey.test(key));
const secretKey =
  /pass(?:word|wd|phrase|code)|secret|(?:api|private|access|auth).?(?:key|token)|^(?:pin|otp|cvv|token|ssn)$|passport|national_?id|tax_?id|id_?number|card_?(?:number|no)|social_?security/i;
const secretWord = /pass(?:word|phrase|code)|secret|token|[_-]key|api ?key|private key/;
const secretInText =
  /(?:pass(?:word|phrase|code)|secret|token|(?:api|private|access|secret)[ _-]?key)[^\n:= ]{0,20}(?: is\b| ?:| ?=) ?["']?(\S{4,100})/g;
const privateKey = /-----begin [a-z ]{0,30}private key-----([^-]{16,8000})/g;

const keyOf = (piece: ReadPiece): string => (piece.kind === 'message' ? piece.role : `tool:${piece.callId}`);

/**
 * What is read without a call: what the runtime itself hands an agent, such as a value extracted from untrusted text, and what
 * an upstream lists, such as `docs__resources/list`. No tool's name holds a slash.
 */
const isUncalled = (tool: string): boolean => tool.startsWith('sallyport:') || tool.endsWith('/list');

/** The nearest call of that id: providers number theirs anew in every answer. */
function callBefore(
  messages: readonly Message[],
  index: number,
  callId: string,
): NonNullable<Message['calls']>[number] | undefined {
  for (let before = index - 1; before >= 0; before--) {
    const call = messages[before]?.calls?.find(({ id }) => id === callId);
    if (call) return call;
  }
  return undefined;
}

/** Arguments that are no JSON were never run. */
function readArguments(text: string): JsonObject {
  try {
    const value = JSON.parse(text) as Json;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
  } catch {
    return {};
  }
}
