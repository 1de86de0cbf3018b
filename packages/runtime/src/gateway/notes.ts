import type { JsonObject } from '@sallyport/core';

/** Of one call; what comes beyond is dropped. */
const maxNotes = 1_000;
/** Of texts that are judged together, with a line break each: information flow reads longer ones as prose. */
const maxChars = 200;

/** What an upstream says while it carries out a call: progress, log messages. */
export interface Note {
  readonly method: string;
  readonly params: JsonObject;
}

/**
 * The notes of one call, told one after the other in the order in which they came. Each decision costs the same, however
 * little it is about: the short ones that come while one is made are told together, as far as nothing stands between them.
 */
export class Notes {
  readonly #tell: (together: readonly Note[]) => Promise<void>;
  #waiting: Note[] = [];
  #left = maxNotes;
  #telling: Promise<void> | undefined;

  /** @param tell what it rejects with is lost: nobody waits for a note */
  constructor(tell: (together: readonly Note[]) => Promise<void>) {
    this.#tell = tell;
  }

  add(note: Note): void {
    if (this.#left === 0) return;
    this.#left--;
    this.#waiting.push(note);
    this.#telling ??= this.#tellAll();
  }

  /** Resolves when all that came so far was told. */
  async told(): Promise<void> {
    await this.#telling;
  }

  async #tellAll(): Promise<void> {
    // In the next turn: what the upstream wrote in one piece is all here then.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const together = this.#waiting.splice(0, togetherIn(this.#waiting));
      await this.#tell(together).catch(() => undefined);
    }
    this.#telling = undefined;
  }
}

/** How many from the first on can be told together. */
function togetherIn(notes: readonly Note[]): number {
  let chars = 0;
  let count = 0;
  for (const note of notes) {
    chars += charsOf(note);
    if (chars > maxChars) break;
    count++;
  }
  return Math.max(count, 1);
}

/**
 * Of progress with a line of plain words, or none. Anything else is told alone: it may be records, of which information flow
 * reads each field by itself. Lines begin with a letter, so that no digits of one can be read on in the next.
 */
function charsOf(note: Note): number {
  if (!isProgress(note)) return Infinity;
  const { message = '', progressToken: _, ...rest } = note.params;
  const isPlain = typeof message === 'string' && /^(?:\p{L}[^\r\n:]*)?$/u.test(message);
  return isPlain && isWordless(rest) ? message.length + 1 : Infinity;
}

export const isProgress = ({ method }: Note): boolean => method === 'notifications/progress';

/** Whether there is nothing in it but numbers. */
export const isWordless = (words: JsonObject): boolean =>
  Object.values(words).every((value) => typeof value === 'number');
