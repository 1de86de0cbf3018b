import { featuresOf, mostFeatures, windowNorm } from './features.ts';
import { bias, scale, threshold, weights } from './weights.ts';

const values = decoded(weights);

/** Base64 (RFC 4648) of signed bytes; core reads no file. */
function decoded(text: string): Int8Array {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const value = new Uint8Array(128);
  for (let i = 0; i < 64; i++) value[alphabet.charCodeAt(i)] = i;
  const bytes = new Int8Array(Math.floor((text.length * 3) / 4));
  let at = 0;
  for (let i = 0; i + 3 < text.length; i += 4) {
    const [a = 0, b = 0, c = 0, d = 0] = [0, 1, 2, 3].map((j) => value[text.charCodeAt(i + j)] ?? 0);
    bytes[at++] = (a << 2) | (b >> 4);
    bytes[at++] = ((b & 15) << 4) | (c >> 2);
    bytes[at++] = ((c & 3) << 6) | d;
  }
  return bytes;
}

/** Most texts are short: memory of their own for each would cost more than the sums themselves. */
const workspace = 49_152;
const slots = new Int32Array(workspace);
const totals = new Int32Array(workspace + 1);

/** From here on a text is suspicious; set on held-out sources by `evals/src/train-injection.ts`. */
export const suspiciousScore = 0.5;

/**
 * The linear model over the likeliest window of a folded text: its score from 0 to 1, where 0.5 is the threshold, and where
 * the window lies. Linear in the text's length. A second opinion beside the patterns, never a block by itself.
 */
export function linearScore(text: string): { readonly score: number; readonly start: number; readonly end: number } {
  const most = mostFeatures(text);
  const { bucket, count, windows } = featuresOf(text, most <= workspace ? slots : new Int32Array(most));
  const sums = most <= workspace ? totals : new Int32Array(count + 1);
  // The rest is written before it is read.
  sums[0] = 0;
  for (let i = 0; i < count; i++) sums[i + 1] = (sums[i] ?? 0) + (values[bucket[i] ?? 0] ?? 0);
  let best = { logit: -Infinity, start: 0, end: 0 };
  for (const { start, end, from, to } of windows) {
    const logit = (((sums[to] ?? 0) - (sums[from] ?? 0)) * scale) / windowNorm(to - from) + bias;
    if (logit > best.logit) best = { logit, start, end };
  }
  return { score: 1 / (1 + Math.exp(threshold - best.logit)), start: best.start, end: best.end };
}
