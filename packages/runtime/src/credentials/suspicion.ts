/** How many letters and digits of a secret are looked for, and then compared. */
const length = 5;
const longest = 24;
const base = 0x01000193;
const highest = Math.imul(Math.imul(base, base), Math.imul(base, base));
/** Whoever breaks lines breaks them later than this. */
const shortestLine = 40;
/** Three escapes in a row: of letters and digits as well, which are escaped only by those who escape everything. */
const dense =
  /(?:%[\da-f]{2}){3}|(?:\\u[\da-f]{4}){3}|(?:\\x[\da-f]{2}){3}|(?:=[\da-f]{2}){3}|(?:&#x?[\da-f]{1,5};){3}/i;

/**
 * Tells at first sight that a text holds no secret: results of tools are long, and nearly all hold none. No escaping of JSON,
 * addresses, HTML or mail touches letters and digits unless it touches all of them, so the last five in a row of a secret
 * stand in every text that holds it, unless a line is broken between them.
 */
export class Suspicion {
  /** Letters and digits in a row of each secret, by the hash of the last five; and those hashes cut to 16 bits, which is faster to ask. */
  readonly #anchors = new Map<number, Set<string>>();
  readonly #short = new Uint8Array(65_536);
  /** There are secrets without five in a row. */
  #isBlind = false;

  learn(pattern: string): void {
    const runs = pattern.match(/[a-z\d]+/g) ?? [];
    const run = runs.reduce((best, each) => (each.length >= best.length ? each : best), '').slice(-longest);
    if (run.length < length) {
      this.#isBlind = true;
      return;
    }
    let hash = 0;
    for (const char of run.slice(-length)) hash = (Math.imul(hash, base) + char.charCodeAt(0)) | 0;
    const same = this.#anchors.get(hash) ?? new Set();
    this.#anchors.set(hash, same.add(run));
    this.#short[(hash ^ (hash >>> 16)) & 0xffff] = 1;
  }

  clear(): void {
    this.#anchors.clear();
    this.#short.fill(0);
    this.#isBlind = false;
  }

  of(text: string): 'nothing' | 'broken lines' | 'anything' {
    if (this.#isBlind) return 'anything';
    const short = this.#short;
    let hash = 0;
    let inRow = 0;
    let inLine = 0;
    let isBroken = false;
    for (let at = 0; at < text.length; at += 1) {
      const unit = lowered(text.charCodeAt(at));
      if ((unit >= 97 && unit <= 122) || (unit >= 48 && unit <= 57)) {
        inRow += 1;
        inLine += 1;
        if (inRow > length) hash = (hash - Math.imul(lowered(text.charCodeAt(at - length)), highest)) | 0;
        hash = (Math.imul(hash, base) + unit) | 0;
        if (inRow < length || short[(hash ^ (hash >>> 16)) & 0xffff] === 0) continue;
        if (this.#endsWithAnchor(text, at + 1, hash)) return 'anything';
        continue;
      }
      inRow = 0;
      hash = 0;
      // + - / = _ of base64 and its alphabet for addresses; a line ends in white space, or in the backslash of its escape.
      if (unit === 43 || unit === 45 || unit === 47 || unit === 61 || unit === 95) inLine += 1;
      else {
        const isSoft = (unit === 10 || unit === 13) && text.charCodeAt(at - 1) === 61;
        if (isSoft || (inLine >= shortestLine && (unit <= 32 || unit === 92))) isBroken = true;
        inLine = 0;
      }
    }
    if (dense.test(text)) return 'anything';
    return isBroken ? 'broken lines' : 'nothing';
  }

  #endsWithAnchor(text: string, end: number, hash: number): boolean {
    for (const run of this.#anchors.get(hash) ?? []) {
      if (end >= run.length && text.slice(end - run.length, end).toLowerCase() === run) return true;
    }
    return false;
  }
}

const lowered = (unit: number): number => (unit >= 65 && unit <= 90 ? unit + 32 : unit);
