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

/** A word of one letter has three features and a blank; longer ones fewer for each letter. */
export const mostFeatures = ({ length }: string): number => length * 3 + 64;

/** Sentences: where each begins in the text and in the features. */
interface Sentences {
  readonly starts: number[];
  readonly marks: number[];
  /** Which of them begin a line. */
  readonly lines: Set<number>;
}

/**
 * Words, pairs and triples of words, and three to five characters of each word with its edges, hashed; and the windows of
 * whole sentences, up to 320 characters, over which the score is reckoned. Linear in the text's length.
 *
 * @param bucket where they are put: room for `mostFeatures`
 */
export function featuresOf(text: string, bucket = new Int32Array(mostFeatures(text))): Features {
  const sentences: Sentences = { starts: [0], marks: [0], lines: new Set([0]) };
  let count = 0;
  let one = 0;
  let two = 0;
  let words = 0;
  for (let at = 0; at < text.length;) {
    if (!isLetter(text.charCodeAt(at))) {
      const ends = endsSentence(text, at++);
      if ((ends && words > 0) || at - (sentences.starts.at(-1) ?? 0) > longest) {
        if (text.charCodeAt(at - 1) === 0x0a) sentences.lines.add(sentences.starts.length);
        sentences.starts.push(at);
        sentences.marks.push(count);
        words = 0;
      }
      continue;
    }
    const end = endOfWord(text, at);
    count = lettersOf(text, at, end, bucket, count);
    const word = hashOf(text, at, end);
    bucket[count++] = slot(mix(word, 0x1111));
    if (one !== 0) bucket[count++] = slot(mix(mix(one, word), 0x2222));
    if (two !== 0) bucket[count++] = slot(mix(mix(mix(two, one), word), 0x6666));
    two = one;
    one = word;
    words++;
    at = end;
  }
  sentences.starts.push(text.length);
  sentences.marks.push(count);
  return { bucket, count, windows: windowsOf(sentences) };
}

function endsSentence(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  // Tags part sentences too: what stands in a hidden element is judged by itself.
  if (code === 0x0a || code === 0x3c || code === 0x3e || code === 0x3002) return true;
  return (code === 0x2e || code === 0x21 || code === 0x3f) && text.charCodeAt(at + 1) <= 0x20;
}

function endOfWord(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && end - start < 24 && isLetter(text.charCodeAt(end))) end++;
  return end;
}

function hashOf(text: string, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = mix(hash, text.charCodeAt(i));
  return hash;
}

/** Three, four and (every second) five characters up to each letter; the edge of the word counts as a blank. */
function lettersOf(text: string, start: number, end: number, bucket: Int32Array, from: number): number {
  let count = from;
  let a = 32;
  let b = 32;
  let c = 32;
  let d = 32;
  for (let at = start; at < end; at++) {
    const letter = text.charCodeAt(at);
    const three = mix(mix(mix(0x3333, b), a), letter);
    if (at > start) bucket[count++] = slot(three);
    if (at > start + 1) bucket[count++] = slot(mix(mix(three, c), 0x4444));
    if (at > start + 2 && ((at - start) & 1) === 0) bucket[count++] = slot(mix(mix(mix(three, c), d), 0x5555));
    d = c;
    c = b;
    b = a;
    a = letter;
  }
  return count;
}

/** From each sentence on, so many whole ones as go into a window; and each sentence, and each line, by itself. */
function windowsOf({ starts, marks, lines }: Sentences): Window[] {
  const windows: Window[] = [];
  let end = 0;
  for (let i = 0; i + 1 < starts.length; i++) {
    const start = starts[i] ?? 0;
    if (end <= i) end = i + 1;
    while (end + 1 < starts.length && (starts[end + 1] ?? 0) - start <= longest) end++;
    windows.push({ start, end: starts[end] ?? 0, from: marks[i] ?? 0, to: marks[end] ?? 0 });
    let line = lines.has(i) ? i + 1 : end;
    while (line < end && !lines.has(line)) line++;
    if (line < end && line > i + 1) {
      windows.push({ start, end: starts[line] ?? 0, from: marks[i] ?? 0, to: marks[line] ?? 0 });
    }
    if (end > i + 1) windows.push({ start, end: starts[i + 1] ?? 0, from: marks[i] ?? 0, to: marks[i + 1] ?? 0 });
  }
  return windows.filter(({ from, to }) => to - from >= 12);
}
