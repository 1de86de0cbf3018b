import { RuntimeFault } from '@sallyport/core';
import type { Json, JsonObject, TextStream, Usage } from '@sallyport/core';
import { isObject } from './request.ts';
import {
  malformed,
  maxCalls,
  maxTexts,
  nestedMembers,
  nestedText,
  readAnswerJson,
  readUsage,
  textMembers,
  withoutDoubles,
} from './answer.ts';
import type { Choice, ProposedCall } from './turn.ts';

interface PartialCall {
  id: string;
  tool: string;
  text: string;
  custom: boolean;
  extra: JsonObject | undefined;
}

interface PartialText {
  readonly passing: TextStream;
  /** As the model wrote it. */
  written: string;
  /** What of it has gone on. */
  shown: string;
}

interface PartialChoice {
  readonly texts: Map<string, PartialText>;
  /** Members that hold text deeper down, piece by piece: they wait until all of it is judged. */
  readonly nested: Map<string, Json[]>;
  calls: PartialCall[];
  /** Position in `calls` of the call that each of the provider's indices now stands for. */
  byIndex: Map<number, number>;
  finish: JsonObject | undefined;
}

const maxHeldChars = 16_777_216;

/**
 * Reads the chunks of one streamed answer. Text goes on as it comes, as far as guards let it; calls are held back until the answer is
 * whole, and so is each choice's last chunk, because only then is it known which calls there are.
 */
export class ChunkReader {
  readonly #choices = new Map<number, PartialChoice>();
  readonly #maxDepth: number;
  readonly #openText: () => TextStream;
  #held = 0;
  #calls = 0;
  /** The last chunk's members other than `choices` and `usage`: the frame of every chunk of our own. */
  frame: JsonObject = {};
  usage: Usage | undefined;
  usageChunk: JsonObject | undefined;
  done = false;

  /** @param openText what guards let through of one text */
  constructor(maxDepth: number, openText: () => TextStream) {
    this.#maxDepth = maxDepth;
    this.#openText = openText;
  }

  /**
   * Takes one event's data and returns what of it may go to the client now: the same text, a reduced one, or nothing.
   *
   * @throws AnswerStopped where a guard ends the answer
   * @throws RuntimeFault `provider_malformed`, or `provider_failed` when the provider reports an error in the stream
   */
  read(data: string): string | undefined {
    if (this.done) return undefined;
    if (data === '[DONE]') {
      this.done = true;
      return undefined;
    }
    const chunk = readAnswerJson(data, this.#maxDepth, 'delta');
    const { choices, usage, ...frame } = chunk;
    if (isObject(chunk['error'])) throw providerError(chunk['error']);
    this.frame = frame;
    if (isObject(usage)) {
      this.usage = readUsage(usage);
      this.usageChunk = usage;
    }
    if (choices === undefined || (Array.isArray(choices) && choices.length === 0)) return undefined;
    if (!Array.isArray(choices)) throw malformed('choices is not a list');
    const kept = (choices as readonly Json[]).map((choice) => this.#readChoice(withoutDoubles(choice, 'delta')));
    if (usage === undefined && kept.every((choice, place) => choice === (choices as readonly Json[])[place]))
      // A line end between two tokens would end the event's data.
      return data.includes('\n') ? JSON.stringify(chunk) : data;
    const passing = kept.filter((choice) => choice !== undefined);
    return passing.length === 0 ? undefined : JSON.stringify({ ...frame, choices: passing });
  }

  /** Whether every choice has ended. */
  get finished(): boolean {
    return this.#choices.size > 0 && [...this.#choices.values()].every(({ finish }) => finish);
  }

  /** The answer, whole. */
  choices(): Choice[] {
    return [...this.#choices].map(([index, { texts, nested, calls }]) => ({
      index,
      texts: new Map([
        ...[...texts].map(([member, { written }]) => [member, written] as const),
        ...[...nested].map(([member, pieces]) => [member, nestedText(pieces)] as const),
      ]),
      calls: calls.map(wholeCall),
    }));
  }

  /** What of a choice's texts went on while they came in. */
  shownOf(index: number): ReadonlyMap<string, string> {
    const texts = this.#choices.get(index)?.texts ?? new Map<string, PartialText>();
    return new Map([...texts].map(([member, { shown }]) => [member, shown]));
  }

  /** What of a choice waited although it is no call: each member's pieces, in order. */
  nestedOf(index: number): ReadonlyMap<string, readonly Json[]> {
    return this.#choices.get(index)?.nested ?? new Map<string, Json[]>();
  }

  /** A choice's last chunk, as the provider sent it without the calls. */
  finishOf(index: number): JsonObject {
    return this.#choices.get(index)?.finish ?? { index, delta: {}, finish_reason: 'stop' };
  }

  #readChoice(value: Json): JsonObject | undefined {
    if (!isObject(value)) throw malformed('a choice is no object');
    const { index, delta = {}, finish_reason: finish } = value;
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= maxCalls || !isObject(delta))
      throw malformed('a choice has no index or delta');
    const choice = this.#choice(index as number);
    if (choice.finish) {
      if (carriesNothing(delta)) return undefined;
      throw malformed('a choice goes on after its end');
    }
    if (delta['function_call'] !== undefined && delta['function_call'] !== null)
      throw malformed('it uses the old function_call');
    const calls = delta['tool_calls'];
    const plain = calls === undefined || calls === null;
    // Some providers write an empty reason until there is one.
    const ends = typeof finish === 'string' && finish !== '';
    const passed = this.#pass(choice, delta, ends);
    // Of a text that was changed or waits, and of a call, its tokens' probabilities would tell what stood there.
    const { logprobs = null, ...others } = value;
    const tells = logprobs !== null && !(plain && passed === delta && speaks(delta));
    if (plain && !ends && passed === delta && !tells) return value;
    const { tool_calls: _, ...rest } = passed;
    if (!plain) this.#readCalls(choice, calls);
    const kept = tells ? others : value;
    if (!ends) return Object.keys(rest).length === 0 ? undefined : { ...kept, delta: rest };
    // Text goes on now: an explanation may have to come between it and the end.
    choice.finish = { ...others, delta: {} };
    this.#hold(JSON.stringify(choice.finish).length);
    return Object.keys(rest).length === 0 ? undefined : { ...kept, delta: rest, finish_reason: null };
  }

  /** The delta with what may go on of its texts; the delta itself where that is all of them. */
  #pass(choice: PartialChoice, delta: JsonObject, ends: boolean): JsonObject {
    const passed: Record<string, Json> = { ...delta };
    let changed = false;
    for (const [member, piece] of textMembers(delta)) {
      const text = this.#text(choice, member);
      text.written += piece;
      this.#hold(piece.length);
      const out = text.passing.push(piece);
      text.shown += out;
      if (out === piece) continue;
      changed = true;
      passed[member] = out;
      if (out === '') delete passed[member];
    }
    for (const [member, piece] of nestedMembers(delta)) {
      changed = true;
      delete passed[member];
      this.#keep(choice, member, piece);
    }
    if (!ends) return changed ? passed : delta;
    for (const [member, text] of choice.texts) {
      const rest = text.passing.end();
      if (rest === '') continue;
      changed = true;
      text.shown += rest;
      passed[member] = `${typeof passed[member] === 'string' ? passed[member] : ''}${rest}`;
    }
    return changed ? passed : delta;
  }

  #keep({ texts, nested }: PartialChoice, member: string, piece: Json): void {
    const pieces = nested.get(member) ?? [];
    if ((pieces.length === 0 && texts.size + nested.size >= maxTexts) || texts.has(member))
      throw malformed('it has too many kinds of text');
    pieces.push(piece);
    nested.set(member, pieces);
    this.#hold(JSON.stringify(piece).length);
  }

  #text({ texts, nested }: PartialChoice, member: string): PartialText {
    let text = texts.get(member);
    if (!text) {
      if (texts.size + nested.size >= maxTexts || nested.has(member)) throw malformed('it has too many kinds of text');
      text = { passing: this.#openText(), written: '', shown: '' };
      texts.set(member, text);
    }
    return text;
  }

  #choice(index: number): PartialChoice {
    let choice = this.#choices.get(index);
    if (!choice) {
      if (this.#choices.size >= maxCalls) throw malformed('it has too many choices');
      choice = { texts: new Map(), nested: new Map(), calls: [], byIndex: new Map(), finish: undefined };
      this.#choices.set(index, choice);
    }
    return choice;
  }

  #readCalls(choice: PartialChoice, value: Json): void {
    if (!Array.isArray(value)) throw malformed('tool_calls is not a list');
    for (const [place, item] of (value as readonly Json[]).entries()) {
      if (!isObject(item)) throw malformed('a tool call is no object');
      this.#readFragment(choice, item, typeof item['index'] === 'number' ? item['index'] : place);
    }
  }

  #readFragment(choice: PartialChoice, fragment: JsonObject, index: number): void {
    const { id } = fragment;
    const body = isObject(fragment['custom']) ? fragment['custom'] : fragment['function'];
    let call = choice.calls[choice.byIndex.get(index) ?? -1];
    // Some providers number every call 0: another id is another call.
    if (!call || (typeof id === 'string' && id !== '' && call.id !== '' && id !== call.id)) {
      if (++this.#calls > maxCalls) throw malformed('it has too many tool calls');
      call = { id: '', tool: '', text: '', custom: isObject(fragment['custom']), extra: undefined };
      choice.byIndex.set(index, choice.calls.push(call) - 1);
    }
    if (typeof id === 'string' && id !== '' && call.id === '') {
      call.id = id;
      this.#hold(id.length);
    }
    if (isObject(fragment['extra_content'])) {
      call.extra = fragment['extra_content'];
      this.#hold(JSON.stringify(call.extra).length);
    }
    if (!isObject(body)) return;
    const { name } = body;
    const text = call.custom ? body['input'] : body['arguments'];
    if (typeof name === 'string' && name !== '') {
      // A name in two differing pieces could be judged as one tool and run as another.
      if (call.tool !== '' && call.tool !== name) throw malformed('a tool call changes its name');
      if (call.tool === '') this.#hold(name.length);
      call.tool = name;
    }
    if (typeof text === 'string') {
      call.text += text;
      this.#hold(text.length);
    }
  }

  #hold(chars: number): void {
    this.#held += chars;
    if (this.#held > maxHeldChars) throw malformed('it is larger than 16 Mi characters');
  }
}

const speaks = (delta: JsonObject): boolean => textMembers(delta).some(([, text]) => text !== '');

/** Some providers repeat an empty piece beside the usage, after the end. */
const carriesNothing = ({ content, tool_calls: calls, refusal }: JsonObject): boolean =>
  [content, calls, refusal].every((value) => value === undefined || value === null || value === '');

function wholeCall({ id, tool, text, custom, extra }: PartialCall): ProposedCall {
  if (id === '' || tool === '') throw malformed('a tool call has no id or name');
  const opaque = extra ? { extra } : {};
  if (!custom) return { id, tool, arguments: text, ...opaque };
  return { id, tool, arguments: JSON.stringify({ input: text }), custom, ...opaque };
}

function providerError(error: JsonObject): RuntimeFault {
  const message = typeof error['message'] === 'string' ? error['message'].slice(0, 500) : 'no reason given';
  return new RuntimeFault('provider_failed', { detail: `The provider reported: ${message}` });
}
