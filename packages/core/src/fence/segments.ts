/**
 * Cuts a text that comes in piece by piece where no identifier can stand across: before the space between two words of
 * which neither holds a number, and after each line. Where it cuts depends on the characters alone, never on the pieces.
 */
export class Segments {
  /** What was read since the last cut. Joined only at a cut, so that many small pieces cost no more than one large one. */
  #held: string[] = [];
  #length = 0;
  /** Where it is cut if the word being read holds no number either. */
  #candidate: number | undefined;
  #inWord = false;
  /** The beginning of the word being read. */
  #head = '';
  #hasNumber = false;

  /** The segments that are whole by now. Joined, all segments are the text. */
  push(text: string): string[] {
    const cuts: number[] = [];
    for (let index = 0; index < text.length; index++) {
      const cut = this.#read(text.charCodeAt(index), this.#length + index);
      if (cut !== undefined) cuts.push(cut);
    }
    this.#held.push(text);
    this.#length += text.length;
    const last = cuts.at(-1);
    if (last === undefined) return [];
    const held = this.#held.join('');
    this.#held = [held.slice(last)];
    this.#length -= last;
    if (this.#candidate !== undefined) this.#candidate -= last;
    return cuts.map((cut, index) => held.slice(cuts[index - 1] ?? 0, cut)).filter((segment) => segment !== '');
  }

  /** What is left. */
  end(): string {
    const rest = this.#held.join('');
    this.#held = [];
    this.#length = 0;
    return rest;
  }

  #read(code: number, at: number): number | undefined {
    const kind = kindOf(code);
    if (kind === 'line') {
      this.#inWord = false;
      this.#candidate = undefined;
      return at + 1;
    }
    if (kind === 'space') {
      if (!this.#inWord) return undefined;
      this.#inWord = false;
      const binds = this.#hasNumber || glue.test(this.#head);
      const cut = binds ? undefined : this.#candidate;
      this.#candidate = binds ? undefined : at;
      return cut;
    }
    if (!this.#inWord) {
      this.#inWord = true;
      this.#head = '';
      this.#hasNumber = false;
    }
    if (this.#head.length < 8) this.#head += String.fromCharCode(code);
    this.#hasNumber ||= kind === 'number';
    return undefined;
  }
}

/** A whole text in segments. */
export function segmentsOf(text: string): string[] {
  const segments = new Segments();
  const whole = segments.push(text);
  const rest = segments.end();
  return rest === '' ? whole : [...whole, rest];
}

type Kind = 'line' | 'space' | 'number' | 'other';

function kindOf(code: number): Kind {
  if (code < 0x80) return asciiKinds[code] ?? 'other';
  if (code === 0x2028 || code === 0x2029) return 'line';
  // Half of a pair: it may be a mathematical digit.
  if (code >= 0xd800 && code <= 0xdfff) return 'number';
  const char = String.fromCharCode(code);
  // U+FEFF shows nothing, and parts nothing.
  if (code !== 0xfeff && /\s/.test(char)) return 'space';
  return /\p{N}/u.test(char) ? 'number' : 'other';
}

const asciiKinds = Array.from({ length: 0x80 }, (_, code): Kind => {
  const char = String.fromCharCode(code);
  if (/[\n\r]/.test(char)) return 'line';
  return /\s/.test(char) ? 'space' : /\d/.test(char) ? 'number' : 'other';
});

/** `bob (at) x.example` is an address, and so is what stands on both sides of its brackets. */
const glue = /^[([{<](?:at|dot|@|\.|$)|^(?:at|dot|@|\.)[)\]}>]/i;
