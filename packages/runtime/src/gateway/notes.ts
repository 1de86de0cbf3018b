import type { Clock, JsonObject } from '@sallyport/core';

/** Of one call; what comes beyond is dropped. */
const maxNotes = 1_000;
/** Of texts that are judged together, with a line break each: information flow reads longer ones as prose. */
const maxChars = 200;
/** For so long after a decision what comes is gathered: nobody sees progress move faster. */
const pauseMs = 20;

/** What an upstream says while it carries out a call: progress, log messages. */
export interface Note {
  readonly method: string;
  readonly params: JsonObject;
}

/**
 * The notes of one call, told one after the other in the order in which they came. Each decision costs the same, however
 * little it is about: the first note is told at once, and the short ones that come soon after it are told together.
 */
export class Notes {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #tell: (together: readonly Note[]) => Promise<void>;
  #waiting: { readonly note: Note; readonly chars: number }[] = [];
  #chars = 0;
  #left = maxNotes;
  #telling: Promise<void> | undefined;
  #isLast = false;
  #goOn: () => void = () => undefined;

  /** @param tell what it rejects with is lost: nobody waits for a note */
  constructor(clock: Pick<Clock, 'after'>, tell: (together: readonly Note[]) => Promise<void>) {
    this.#clock = clock;
    this.#tell = tell;
  }

  add(note: Note): void {
    if (this.#left === 0) return;
    this.#left--;
    const chars = charsOf(note);
    this.#waiting.push({ note, chars });
    this.#chars += chars;
    if (this.#chars > maxChars) this.#goOn();
    this.#telling ??= this.#tellAll();
  }

  /** Nothing more is to come: resolves, without a pause, when all that came was told. */
  async told(): Promise<void> {
    this.#isLast = true;
    this.#goOn();
    await this.#telling;
  }

  async #tellAll(): Promise<void> {
    // In the next turn: what the upstream wrote in one piece is all here then.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      await this.#tell(this.#next()).catch(() => undefined);
      await this.#pause();
    }
    this.#telling = undefined;
  }

  /** The first, and those after it that can be told with it. */
  #next(): Note[] {
    let chars = 0;
    const end = this.#waiting.findIndex((each) => (chars += each.chars) > maxChars);
    const together = this.#waiting.splice(0, end === -1 ? this.#waiting.length : Math.max(end, 1));
    for (const each of together) this.#chars -= each.chars;
    return together.map(({ note }) => note);
  }

  async #pause(): Promise<void> {
    if (this.#isLast || this.#chars > maxChars) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.after(pauseMs, resolve);
    this.#goOn = resolve;
    await promise;
    cancel();
  }
}

/**
 * Of progress with a line of plain words, or none. Anything else is told alone: it may be records, of which information flow
 * reads each field by itself. Lines begin with a letter, so that no digits of one can be read on in the next.
 */
function charsOf(note: Note): number {
  const alone = maxChars + 1;
  if (!isProgress(note)) return alone;
  const { message = '', progressToken: _, ...rest } = note.params;
  const isPlain = typeof message === 'string' && /^(?:\p{L}[^\r\n:]*)?$/u.test(message);
  return isPlain && isWordless(rest) ? message.length + 1 : alone;
}

export const isProgress = ({ method }: Note): boolean => method === 'notifications/progress';

/** Whether there is nothing in it but numbers. */
export const isWordless = (words: JsonObject): boolean =>
  Object.values(words).every((value) => typeof value === 'number');
