/** Buckets of the linear model. */
export const buckets = 1 << 17;
const mask = buckets - 1;
/** A window holds at most so many characters. */
const longest = 320;

/** A stretch of a folded text, as the buckets that its features fall into. */
export interface Window {
  readonly start: number;
  readonly end: number;
  /** Offsets in `Features.bucket`. */
  readonly from: number;
  readonly to: number;
}
export interface Features {
  /** In the order of the text. */
  readonly bucket: Int32Array;
  readonly count: number;
  readonly windows: readonly Window[];
}

/** By which the sum over a window of so many features is divided: less than their number, as long windows say more. */
export const windowNorm = (features: number): number => features ** 0.4;

const isLetter = (code: number): boolean =>
  (code >= 97 && code <= 122) || code > 0xbf || (code >= 48 && code <= 57) || code === 0x27;
const mix = (hash: number, code: number): number => Math.imul(hash ^ code, 0x01000193) ^ (hash >>> 15);
const slot = (hash: number): number => (Math.imul(hash, 0x2545f491) >>> 13) & mask;

/**
 * Words, pairs and triples of words, and three to five characters of each word with its edges, hashed; and the windows of
 * whole sentences, up to 320 characters, over which the score is reckoned. Linear in the text's length.
 */
export function featuresOf(text: string): Features {
  const bucket = new Int32Array(text.length * 3 + 64);
  const windows: Window[] = [];
  /** Sentences: offset in the text and in the features. */
  const starts: number[] = [0];
  const marks: number[] = [0];
  let count = 0;
  let one = 0;
  let two = 0;
  let inSentence = 0;
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (!isLetter(code)) {
      const ends =
        code === 10 ||
        code === 60 ||
        code === 62 ||
        ((code === 46 || code === 33 || code === 63) && text.charCodeAt(at + 1) <= 32) ||
        code === 0x3002;
      at++;
      if ((ends && inSentence > 0) || at - (starts.at(-1) ?? 0) > longest) {
        starts.push(at);
        marks.push(count);
        inSentence = 0;
      }
      continue;
    }
    let word = 0x811c9dc5;
    let a = 32;
    let b = 32;
    let c = 32;
    let d = 32;
    const begin = at;
    for (; at < text.length && at - begin < 24; at++) {
      const letter = text.charCodeAt(at);
      if (!isLetter(letter)) break;
      word = mix(word, letter);
      const three = mix(mix(mix(0x3333, b), a), letter);
      if (at > begin) bucket[count++] = slot(three);
      if (at > begin + 1) bucket[count++] = slot(mix(mix(three, c), 0x4444));
      if (at > begin + 2 && ((at - begin) & 1) === 0) bucket[count++] = slot(mix(mix(mix(three, c), d), 0x5555));
      d = c;
      c = b;
      b = a;
      a = letter;
      if (count > bucket.length - 16) break;
    }
    if (count > bucket.length - 16) break;
    bucket[count++] = slot(mix(word, 0x1111));
    if (one !== 0) bucket[count++] = slot(mix(mix(one, word), 0x2222));
    if (two !== 0) bucket[count++] = slot(mix(mix(mix(two, one), word), 0x6666));
    two = one;
    one = word;
    inSentence++;
  }
  starts.push(text.length);
  marks.push(count);
  let end = 0;
  for (let i = 0; i + 1 < starts.length; i++) {
    const start = starts[i] ?? 0;
    if (end <= i) end = i + 1;
    while (end + 1 < starts.length && (starts[end + 1] ?? 0) - start <= longest) end++;
    windows.push({ start, end: starts[end] ?? 0, from: marks[i] ?? 0, to: marks[end] ?? 0 });
    if (end > i + 1) windows.push({ start, end: starts[i + 1] ?? 0, from: marks[i] ?? 0, to: marks[i + 1] ?? 0 });
  }
  return { bucket, count, windows: windows.filter(({ from, to }) => to - from >= 12) };
}
