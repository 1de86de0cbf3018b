import { featuresOf, templates, type Reading } from './features.ts';
import { tokenKinds } from './tokens.ts';
import { bits } from './words.ts';

/** What a token is tagged. Places and organisations are told apart so that they are not taken for people. */
export const labels = {
  other: 0,
  person: 1,
  personOn: 2,
  place: 3,
  organisation: 4,
  address: 5,
  addressOn: 6,
} as const;
export const labelCount = 7;

/** A linear model: what each known feature says for each label, and which label follows which. */
export interface Model {
  /** Row of a feature's weights, -1 where the feature is not known. */
  readonly rowOf: (feature: number) => number;
  /** `labelCount` weights a row. */
  readonly weights: Int8Array | Float64Array;
  /** From label (rows; the last row is the start) to label. */
  readonly transitions: Int8Array | Int16Array | Float64Array;
}

/** `…On` may only follow its own beginning. */
export const mayFollow = (from: number, to: number): boolean =>
  (to !== labels.personOn || from === labels.person || from === labels.personOn) &&
  (to !== labels.addressOn || from === labels.address || from === labels.addressOn);

const reach = 2;

/** Tokens worth tagging: those near a capitalised word, a number or a word that is only ever a name. */
export function worthTagging({ tokens, facts }: Reading): Uint8Array {
  const worth = new Uint8Array(tokens.count);
  for (let token = 0; token < tokens.count; token++) {
    const word = facts[token];
    if (word === undefined) continue;
    const name = (word.bits & bits.first) !== 0 && (word.bits & (bits.common | bits.particle | bits.date)) === 0;
    if (!word.capital && tokens.kinds[token] !== tokenKinds.number && !(name && word.lowerText.length > 3)) continue;
    worth.fill(1, Math.max(0, token - reach), Math.min(tokens.count, token + reach + 1));
  }
  return worth;
}

const features = new Int32Array(templates);
const impossible = -1e9;

/** What the model says of a token, label by label, into `out` from `at`. */
export function emit(model: Model, reading: Reading, token: number, out: Float64Array, at: number): void {
  featuresOf(reading, token, features);
  for (let index = 0; index < templates; index++) {
    const row = model.rowOf(features[index] ?? 0) * labelCount;
    if (row < 0) continue;
    for (let label = 0; label < labelCount; label++)
      out[at + label] = (out[at + label] ?? 0) + (model.weights[row + label] ?? 0);
  }
  if (reading.tokens.kinds[token] === tokenKinds.newline) {
    out[at + labels.person] = impossible;
    out[at + labels.personOn] = impossible;
  }
}

/** The likeliest labels (Viterbi), with `caution` added to what speaks for "other". */
export function tag(model: Model, reading: Reading, caution: number): Uint8Array {
  const { count } = reading.tokens;
  const worth = worthTagging(reading);
  const tags = new Uint8Array(count);
  for (let from = 0; from < count; from++) {
    if (worth[from] === 0) continue;
    let to = from;
    while (to < count && worth[to] === 1) to++;
    decode(model, reading, from, to, caution, tags);
    from = to;
  }
  return tags;
}

function decode(model: Model, reading: Reading, from: number, to: number, caution: number, tags: Uint8Array): void {
  const length = to - from;
  const scores = new Float64Array(length * labelCount);
  const back = new Uint8Array(length * labelCount);
  for (let step = 0; step < length; step++) {
    const row = step * labelCount;
    emit(model, reading, from + step, scores, row);
    scores[row] = (scores[row] ?? 0) + caution;
    for (let label = 0; label < labelCount; label++) {
      let best = impossible * 2;
      let source = 0;
      if (step === 0)
        best = mayFollow(0, label) ? (model.transitions[labelCount * labelCount + label] ?? 0) : impossible;
      else
        for (let before = 0; before < labelCount; before++) {
          if (!mayFollow(before, label)) continue;
          const score =
            (scores[row - labelCount + before] ?? 0) + (model.transitions[before * labelCount + label] ?? 0);
          if (score > best) [best, source] = [score, before];
        }
      scores[row + label] = (scores[row + label] ?? 0) + best;
      back[row + label] = source;
    }
  }
  let label = 0;
  const last = (length - 1) * labelCount;
  for (let each = 1; each < labelCount; each++)
    if ((scores[last + each] ?? 0) > (scores[last + label] ?? 0)) label = each;
  for (let step = length - 1; step >= 0; step--) {
    tags[from + step] = label;
    label = back[step * labelCount + label] ?? 0;
  }
}
