import { fold, wordsOf } from './text.ts';

const length = 8;

/** So many characters at most wait to be read: no message has to wait for more. */
const maxUnread = 262_144;

/** Finds text that repeats at length what was read from strangers: runs of eight words and more. */
export class Quotes {
  /** Hashes of every run of eight words. A collision makes a user's text less believed, never more. */
  readonly #runs = new Set<number>();

  /** Many sessions read results for hours, and no message that could repeat them: a text is read once one comes. */
  #unread: string[] = [];
  #waiting = 0;

  /** @param text as it was written */
  add(text: string): void {
    this.#unread.push(text);
    this.#waiting += text.length;
    if (this.#waiting > maxUnread) this.#read();
  }

  #read(): void {
    for (const text of this.#unread) for (const run of runsOf(wordsOf(fold(text)))) this.#runs.add(run);
    this.#unread = [];
    this.#waiting = 0;
  }

  /** The parts of a folded text that repeat nothing, and those that do. */
  split(folded: string): { own: string; quoted: string } {
    this.#read();
    if (this.#runs.size === 0) return { own: folded, quoted: '' };
    const runs = runsOf(wordsOf(folded));
    const covered = new Uint8Array(runs.length + length);
    let isCovered = false;
    for (let index = 0; index < runs.length; index++) {
      if (!this.#runs.has(runs[index] as number)) continue;
      covered.fill(1, index, index + length);
      isCovered = true;
    }
    if (!isCovered) return { own: folded, quoted: '' };
    const words = [...folded.matchAll(/[\p{L}\p{N}]+/gu)];
    let own = '';
    let quoted = '';
    let from = 0;
    for (const [index, match] of words.entries()) {
      const end = words[index + 1]?.index ?? folded.length;
      if (covered[index]) {
        own += `${folded.slice(from, match.index)} ¶ `;
        quoted += folded.slice(match.index, end);
      } else own += folded.slice(Math.max(from, match.index), end);
      from = end;
    }
    return { own, quoted };
  }
}

/** One hash for every eight words that follow each other. */
function runsOf(words: readonly string[]): Int32Array {
  const hashes = Int32Array.from(words, hashOf);
  const runs = new Int32Array(Math.max(0, words.length - length + 1));
  for (let start = 0; start < runs.length; start++) {
    let hash = 17;
    for (let index = start; index < start + length; index++) hash = Math.imul(hash, 31) + (hashes[index] as number);
    runs[start] = hash;
  }
  return runs;
}

/** FNV-1a. */
function hashOf(word: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let index = 0; index < word.length; index++) hash = Math.imul(hash ^ word.charCodeAt(index), 0x01_00_01_93);
  return hash | 0;
}
