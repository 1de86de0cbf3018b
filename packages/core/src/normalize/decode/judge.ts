import { commonWords, letterPairs } from './language.ts';

const ranks = new Map(commonWords.split(' ').map((word, rank) => [word, rank]));
/** Bits above chance that one letter follows another; 26 is the edge of a word. */
export const pairBits: Float64Array = Float64Array.from(letterPairs, (char) => (char.charCodeAt(0) - 80) / 4);

export const isCommonWord = (word: string): boolean => ranks.has(word);
export const wordRank = (word: string): number => ranks.get(word) ?? -1;
export const allWords = (): Iterable<string> => ranks.keys();

/** The place of an ASCII letter in the alphabet, or 26. */
export const letterOf = (code: number): number => {
  const lower = code | 32;
  return lower >= 97 && lower <= 122 ? lower - 97 : 26;
};
/** `letterOf` each ASCII character. */
export const placesOfLetters = Uint8Array.from({ length: 128 }, (_, code) => letterOf(code));

/**
 * Mean bits per letter pair above chance: language in Latin letters lies above 1, noise below 0.
 *
 * @param read the letter that each ASCII character is read as, like `letterOf`
 */
export function pairScore(text: string, read: Uint8Array = placesOfLetters): number {
  let sum = 0;
  let count = 0;
  let before = 26;
  for (let i = 0; i < text.length; i++) {
    const letter = read[text.charCodeAt(i)] ?? 26;
    if (letter === 26 && before === 26) continue;
    sum += pairBits[before * 27 + letter] ?? 0;
    count++;
    before = letter;
  }
  return count === 0 ? 0 : sum / count;
}

/** Most of it is letters, digits, blanks and common punctuation, and nothing is a control character. */
export function looksLikeText(text: string): boolean {
  if (text.length < 4) return false;
  let good = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 ? code !== 9 && code !== 10 && code !== 13 : code === 0x7f || code === 0xfffd) return false;
    if (
      (code >= 48 && code <= 57) ||
      (code >= 97 && code <= 122) ||
      (code >= 65 && code <= 90) ||
      code <= 0x20 ||
      code > 0xbf
    )
      good++;
  }
  return good >= text.length * 0.4;
}

const longestWord = 16;
/** Splits letters that stand without blanks into words, by the likeliest path over the common words (Viterbi); linear. */
export function segment(letters: string): string {
  const text = letters.toLowerCase();
  const cost = new Float64Array(text.length + 1);
  const from = new Int32Array(text.length + 1);
  for (let end = 1; end <= text.length; end++) {
    cost[end] = (cost[end - 1] ?? 0) + 12;
    from[end] = end - 1;
    for (let start = Math.max(0, end - longestWord); start < end; start++) {
      const rank = ranks.get(text.slice(start, end));
      if (rank === undefined) continue;
      const weight = (cost[start] ?? 0) + 3 + Math.log2(rank + 2) * 0.8;
      if (weight < (cost[end] ?? 0)) {
        cost[end] = weight;
        from[end] = start;
      }
    }
  }
  const words: string[] = [];
  let unknown = '';
  for (let end = text.length; end > 0; end = from[end] ?? 0) {
    const start = from[end] ?? 0;
    const part = letters.slice(start, end);
    if (end - start === 1 && !ranks.has(text.slice(start, end))) {
      unknown = part + unknown;
      continue;
    }
    if (unknown) words.push(unknown);
    unknown = '';
    words.push(part);
  }
  if (unknown) words.push(unknown);
  return words.toReversed().join(' ');
}
