import type { TextStream } from '../guard.ts';
import { fetchedByElement, fetchedFrom, type Fetched, type FetchOptions } from './fetched.ts';

/** What was taken out of an answer. */
export interface Removed {
  readonly rule: 'image' | 'element' | 'invisible-text';
  /** That would have been asked, where it could be read. */
  readonly host?: string;
}

/** In UTF-16 code units. What is longer is nobody's image, and is left as harmless text. */
const maxAlt = 1_000;
const maxAddress = 2_000;
const maxElement = 4_000;
/** Brackets in brackets: what real readers stop at, too. */
const maxDepth = 32;
const maxFenceLine = 300;

interface Step {
  readonly end: number;
  readonly instead?: string;
  readonly removed?: Removed;
}

/**
 * Takes out of a model's answer what would carry data out without a click: images and elements that a page which shows it
 * fetches from hosts that are not allowed, and invisible text ("EchoLeak", CVE-2025-32711, is one such attack of many). Fenced
 * code stays as it is: nobody fetches what stands in it. The text may come in any pieces; what comes out is the same. Linear.
 */
export class ExfiltrationFilter implements TextStream {
  readonly removed: Removed[] = [];
  readonly #options: FetchOptions;
  #held = '';
  #isLineStart = true;
  #fence: { readonly sign: string; readonly length: number } | undefined;
  /** An element stands in this paragraph: inside of it, what looks like a fence may be none (CommonMark 4.6). */
  #inElement = false;

  constructor(options: FetchOptions) {
    this.#options = options;
  }

  push(text: string): string {
    return this.#pass(this.#held + text, false);
  }

  end(): string {
    return this.#pass(this.#held, true);
  }

  #pass(text: string, whole: boolean): string {
    const out: string[] = [];
    let at = 0;
    while (at < text.length) {
      const step = this.#next(text, at, whole);
      if (!step) break;
      out.push(step.instead ?? text.slice(at, step.end));
      if (step.removed) this.removed.push(step.removed);
      at = step.end;
    }
    this.#held = text.slice(at);
    return out.join('');
  }

  /** What is to be done with what begins here; nothing while that depends on what is still to come. */
  #next(text: string, at: number, whole: boolean): Step | undefined {
    if (this.#isLineStart) {
      const line = this.#lineStart(text, at, whole);
      if (line !== 'other') return line;
      this.#isLineStart = false;
    }
    if (this.#fence) return this.#toLineEnd(text, at);
    interesting.lastIndex = at;
    const end = interesting.exec(text)?.index ?? text.length;
    if (end > at) return { end };
    switch (text.charAt(at)) {
      case '\n':
        this.#isLineStart = true;
        return { end: at + 1 };
      case '!':
        return image(text, at, whole, this.#options);
      case '<':
        return this.#element(text, at, whole);
      default:
        return invisible(text, at, whole);
    }
  }

  #toLineEnd(text: string, at: number): Step {
    const end = text.indexOf('\n', at) + 1;
    this.#isLineStart = end > 0;
    return { end: end > 0 ? end : text.length };
  }

  /** An empty line, or a fence, is read whole. */
  #lineStart(text: string, at: number, whole: boolean): Step | undefined | 'other' {
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline + 1;
    const isWhole = newline !== -1 || whole;
    const line = text.slice(at, Math.min(end, at + maxFenceLine + 1));
    if (/^[ \t\r]*\n?$/.test(line) && line.length <= maxFenceLine) {
      if (!isWhole) return undefined;
      this.#inElement = false;
      return { end };
    }
    const run = /^ {0,3}(`+|~+)/.exec(line)?.[1];
    if (run === undefined || line.length > maxFenceLine) return 'other';
    if (!isWhole) return undefined;
    return this.#isFence(run, line) ? { end } : 'other';
  }

  /** CommonMark 4.5. */
  #isFence(run: string, line: string): boolean {
    const sign = run[0] ?? '';
    const rest = line.trim().slice(run.length);
    if (this.#fence) {
      if (sign !== this.#fence.sign || run.length < this.#fence.length || rest !== '') return false;
      this.#fence = undefined;
      return true;
    }
    if (run.length < 3 || this.#inElement || (sign === '`' && rest.includes('`'))) return false;
    this.#fence = { sign, length: run.length };
    return true;
  }

  #element(text: string, at: number, whole: boolean): Step | undefined {
    if (at + 1 >= text.length && !whole) return undefined;
    if (!/[a-z/!?]/i.test(text[at + 1] ?? '')) return { end: at + 1 };
    this.#inElement = true;
    return element(text, at, whole, this.#options);
  }
}

/** The whole of it at once. */
export function withoutExfiltration(
  text: string,
  options: FetchOptions,
): { text: string; removed: readonly Removed[] } {
  const filter = new ExfiltrationFilter(options);
  const passed = filter.push(text) + filter.end();
  return { text: passed, removed: filter.removed };
}

/** Tags of any plane, variation selectors of the supplement, bidirectional overrides, and the zero-width ones. */
const interesting = /[\n!<\u200b\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff]|\udb40(?:[\udc00-\uddef]|$)/g;
/** A sign that does not join what stands before to what comes after: `!` before it and `(` behind it make no image. */
const removal = (what: string, { host }: { readonly host?: string }): string =>
  ` (${what} removed${host === undefined ? '' : `: ${host}`}) `;

/** `![alt](address "title")` (CommonMark 6.4). By reference it is parted from its sign, since the address may come later. */
function image(text: string, at: number, whole: boolean, options: FetchOptions): Step | undefined {
  const plain: Step = { end: at + 1 };
  const parted: Step = { end: at + 1, instead: '! ' };
  if (at + 1 >= text.length) return whole ? plain : undefined;
  if (text[at + 1] !== '[') return plain;
  const alt = closing(text, at + 1, '[', ']', maxAlt);
  if (alt === 'over') return parted;
  if (alt === 'open' || alt + 1 >= text.length) return whole ? parted : undefined;
  if (text[alt + 1] !== '(') return parted;
  const close = closing(text, alt + 1, '(', ')', maxAddress);
  if (close === 'over') return parted;
  if (close === 'open') return whole ? parted : undefined;
  const address = inner.exec(text.slice(alt + 2, close).trim());
  // Elements bind tighter than brackets: inside of what looks like an image, one may stand that is fetched.
  if (!address || /[<!]/.test(text.slice(at + 2, alt))) return parted;
  const fetched = fetchedFrom(address[1] ?? address[2] ?? '', options);
  return stepFor(fetched, 'image', close + 1);
}

/** The address, in angles or without space, and a title. */
const inner = /^(?:<([^<>\n]*)>|([^\s<>]*))(?:\s+(?:"[^"<]*"|'[^'<]*'|\([^()<]*\)))?$/;

function element(text: string, at: number, whole: boolean, options: FetchOptions): Step | undefined {
  const plain: Step = { end: at + 1 };
  const name = /^<([a-z][a-z0-9:-]{0,40})/i.exec(text.slice(at, at + 44))?.[1];
  if (name === undefined) return plain;
  const after = at + 1 + name.length;
  // `<https://…>` is a link, `a<b` no element; `<b` may go on.
  if (after < text.length && !/[\s/>]/.test(text[after] ?? '')) return plain;
  const end = endOfElement(text, after);
  // Left open, it would take up what stands behind it on the page, too.
  if (end === 'over' || (end === 'open' && whole)) return { end: at + 1, instead: '&lt;' };
  if (end === 'open') return undefined;
  return stepFor(fetchedByElement(name, text.slice(after, end - 1), options), 'element', end);
}

const stepFor = (fetched: Fetched, rule: 'image' | 'element', end: number): Step =>
  fetched.foreign
    ? { end, instead: removal(rule, fetched), removed: { rule, ...(fetched.host ? { host: fetched.host } : {}) } }
    : { end };

/** Just past the `>` that is in no quotes. Another `<` ends it as well, so that no text is read more than once. */
function endOfElement(text: string, from: number): number | 'open' | 'over' {
  let quote = '';
  for (let at = from; at < text.length; at++) {
    if (at - from > maxElement) return 'over';
    const char = text[at] as string;
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '>') return at + 1;
    else if (char === '<') return 'over';
  }
  return 'open';
}

/** Where the bracket at `open` is closed, nested ones and escapes counted. */
function closing(text: string, open: number, opening: string, close: string, max: number): number | 'open' | 'over' {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (at - open > max) return 'over';
    const char = text[at];
    if (char === '\\') at++;
    else if (char === opening) {
      if (++depth > maxDepth) return 'over';
    } else if (char === close && --depth === 0) return at;
  }
  return text.length - open > max ? 'over' : 'open';
}

/** Runs of characters that nobody sees: as a carrier of text they are worth nothing to a reader. */
function invisible(text: string, at: number, whole: boolean): Step | undefined {
  if (text[at] === '\udb40' && at + 1 >= text.length) return whole ? { end: at + 1 } : undefined;
  const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
  const end = at + char.length;
  // Flags of regions are a black flag and tags (UTS #51): lost with them, the flag stays.
  return { end, instead: '', removed: { rule: 'invisible-text' } };
}
