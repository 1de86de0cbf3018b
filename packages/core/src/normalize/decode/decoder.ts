/** A decoded stretch. Offsets of the text that was given to the decoder, end exclusive. */
export interface Piece {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** One way to read a text otherwise. Linear in the text's length; the pieces together are no longer than a few times the text. */
export interface Decoder {
  readonly name: string;
  /** Guesses: of these only two are tried upon each other, as noise breeds noise. */
  readonly guess?: true;
  readonly decode: (text: string) => Piece[];
}

/** The lines of a text, with the offsets of each; very long lines are cut at blanks. */
export function* linesOf(text: string, longest = 2000): Generator<Piece> {
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    for (let from = start; from < end;) {
      let to = Math.min(end, from + longest);
      if (to < end) {
        const blank = text.lastIndexOf(' ', to);
        if (blank > from + longest / 2) to = blank;
      }
      yield { text: text.slice(from, to), start: from, end: to };
      from = to;
    }
    start = end + 1;
  }
}

/** Which of the ASCII characters are in a class. */
export function classOf(chars: RegExp): Uint8Array {
  return Uint8Array.from({ length: 128 }, (_, code) => (chars.test(String.fromCharCode(code)) ? 1 : 0));
}

/** Runs of a class of at least so many characters. No character is looked at but one in `shortest` where there is none. */
export function runsOf(text: string, chars: Uint8Array, shortest: number): Piece[] {
  const runs: Piece[] = [];
  const within = (at: number): boolean => chars[text.charCodeAt(at)] === 1;
  for (let at = 0; at + shortest <= text.length;) {
    let start = at + shortest - 1;
    let end = start + 1;
    if (within(start)) {
      while (start > at && within(start - 1)) start--;
      while (end < text.length && within(end)) end++;
      if (end - start >= shortest) runs.push({ text: text.slice(start, end), start, end });
      end++;
    }
    at = end;
  }
  return runs;
}

/** Neighbouring pieces of one line or of following lines as one. */
export function joined(pieces: readonly Piece[], between = '\n'): Piece[] {
  const merged: { text: string[]; start: number; end: number }[] = [];
  for (const { text, start, end } of pieces) {
    const last = merged.at(-1);
    if (last && start - last.end <= 2) {
      last.text.push(text);
      last.end = end;
    } else merged.push({ text: [text], start, end });
  }
  return merged.map(({ text, start, end }) => ({ text: text.join(between), start, end }));
}
