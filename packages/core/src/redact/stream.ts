import type { FoundToken, TokenGrammar } from './tokens.ts';
import type { TextStream } from '../guard.ts';
import { unfinished } from './tokens.ts';

/** What is put in a token's place; `undefined` where it stays as it is written. */
export type RestoreToken = (token: FoundToken) => string | undefined;

/** A stretch of an answer: as the model wrote it, or a token or what was put in its place. */
export interface AnswerPart {
  readonly text: string;
  readonly isToken: boolean;
}

/** Cuts an answer into text and tokens. Holds back only what can still become a token. */
export class TokenSplitter {
  readonly #grammar: TokenGrammar;
  readonly #restore: RestoreToken;
  #held = '';

  constructor(grammar: TokenGrammar, restore: RestoreToken) {
    this.#grammar = grammar;
    this.#restore = restore;
  }

  push(text: string): AnswerPart[] {
    return this.#take(this.#held + text, false);
  }

  end(): AnswerPart[] {
    return this.#take(this.#held, true);
  }

  #take(text: string, last: boolean): AnswerPart[] {
    const parts: AnswerPart[] = [];
    let from = 0;
    const plain = (until: number) => {
      if (until > from) parts.push({ text: text.slice(from, until), isToken: false });
      from = until;
    };
    for (const read of this.#grammar.readings(text)) {
      if (read.reading === unfinished) {
        if (last) continue;
        plain(read.at);
        this.#held = text.slice(read.at);
        return parts;
      }
      const { start, end } = read.reading;
      plain(start);
      parts.push({ text: this.#restore(read.reading) ?? text.slice(start, end), isToken: true });
      from = end;
    }
    plain(text.length);
    this.#held = '';
    return parts;
  }
}

/** Restores tokens in an answer as it comes in. */
export function restoringStream(grammar: TokenGrammar, restore: RestoreToken): TextStream {
  const splitter = new TokenSplitter(grammar, restore);
  const joined = (parts: readonly AnswerPart[]): string => parts.map(({ text }) => text).join('');
  return { push: (text) => joined(splitter.push(text)), end: () => joined(splitter.end()) };
}

/** A segment is judged when it is whole; the one before it is read with it, for the words that name a value. */
export type RedactSegment = (segment: string, before: string) => string;

/** No segment is longer, but of a private key. */
const longestSegment = 256;
const longestKey = 16_384;
const keyBegins = /-----BEGIN /;
const keyEnds = /-----END [A-Z0-9 ]{1,64}-----/;
/** The end of a line, or of a sentence. */
const boundary = /\n|[.!?;](?= )/g;

/**
 * Redacts an answer as it comes in, and restores its tokens. Text is held back until its segment is whole: a line, a
 * sentence, or 256 characters without either. Where segments end depends on the text alone, never on how it is cut into
 * pieces. What was restored is not looked at again: it is what the user shall read.
 */
export function redactingStream(grammar: TokenGrammar, restore: RestoreToken, redact: RedactSegment): TextStream {
  const splitter = new TokenSplitter(grammar, restore);
  let pending = '';
  let before = '';
  const segment = (text: string): string => {
    const out = redact(text, before);
    before = text;
    return out;
  };
  const flush = (all: boolean): string => {
    let out = '';
    for (let end = endOfSegment(pending); end !== undefined; end = endOfSegment(pending)) {
      out += segment(pending.slice(0, end));
      pending = pending.slice(end);
    }
    if (!all || pending === '') return out;
    out += segment(pending);
    pending = '';
    return out;
  };
  const take = (parts: readonly AnswerPart[]): string => {
    let out = '';
    for (const { text, isToken } of parts) {
      if (!isToken) {
        pending += text;
        out += flush(false);
      } else out += flush(true) + text;
    }
    return out;
  };
  return { push: (text) => take(splitter.push(text)), end: () => take(splitter.end()) + flush(true) };
}

/** Just past the first segment, once it is whole. */
function endOfSegment(text: string): number | undefined {
  const begins = keyBegins.exec(text.slice(0, longestSegment));
  boundary.lastIndex = 0;
  const found = boundary.exec(text);
  const end = found ? found.index + 1 : Infinity;
  if (begins && begins.index < end) {
    const ends = keyEnds.exec(text.slice(0, longestKey));
    if (ends) return ends.index + ends[0].length;
    return text.length >= longestKey ? longestKey : undefined;
  }
  if (end <= longestSegment) return end;
  if (text.length <= longestSegment) return undefined;
  // Between two words, where there are any; and never through half of a pair.
  const space = text.lastIndexOf(' ', longestSegment - 1);
  if (space > longestSegment / 2) return space + 1;
  return isFirstHalf(text.charCodeAt(longestSegment - 1)) ? longestSegment - 1 : longestSegment;
}

const isFirstHalf = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
