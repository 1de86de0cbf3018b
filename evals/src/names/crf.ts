import { labelCount, mayFollow } from '../../../packages/core/src/sensitive/names/model.ts';

/** A run of tokens that are tagged together. `allowed` holds a bit for each label that the token may have. */
export interface Chain {
  /** Features of each token, as rows of weights; a token's end is `ends[token]`. */
  readonly rows: Int32Array;
  readonly ends: Int32Array;
  readonly allowed: Uint8Array;
}

/** Numbers from a seed, the same everywhere (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Settings {
  readonly epochs: number;
  readonly rate: number;
  /** Shrinks weights that little speaks for. */
  readonly decay: number;
  readonly seed: number;
}

const n = labelCount;
const never = -1e30;

const logSum = (values: Float64Array, from: number): number => {
  let most = never;
  for (let each = 0; each < n; each++) most = Math.max(most, values[from + each]!);
  if (most <= never / 2) return never;
  let sum = 0;
  for (let each = 0; each < n; each++) sum += Math.exp(values[from + each]! - most);
  return most + Math.log(sum);
};

/** Whether a token may have a label; `at` counts labels token by token. */
const may = (allowed: Uint8Array | undefined, at: number) =>
  allowed === undefined || (allowed[Math.floor(at / n)]! & (1 << (at % n))) !== 0;

/**
 * A linear-chain conditional random field by stochastic gradient with AdaGrad. Where a token's label is not known the
 * likelihood is summed over what it may be, so rows labelled for some types only teach nothing false.
 */
export class Field {
  readonly weights: Float64Array;
  readonly transitions = new Float64Array((n + 1) * n);
  readonly #squares: Float64Array;
  readonly #transitionSquares = new Float64Array((n + 1) * n).fill(1e-6);
  readonly #settings: Settings;

  constructor(rows: number, settings: Settings) {
    this.weights = new Float64Array(rows * n);
    this.#squares = new Float64Array(rows * n).fill(1e-6);
    this.#settings = settings;
  }

  train(chains: readonly Chain[], told: (epoch: number) => void): void {
    const random = seeded(this.#settings.seed);
    const order = chains.map((_, index) => index);
    for (let epoch = 0; epoch < this.#settings.epochs; epoch++) {
      for (let index = order.length - 1; index > 0; index--) {
        const other = Math.floor(random() * (index + 1));
        [order[index], order[other]] = [order[other]!, order[index]!];
      }
      for (const index of order) this.#step(chains[index]!);
      told(epoch);
    }
  }

  #emissions(chain: Chain): Float64Array {
    const length = chain.ends.length;
    const scores = new Float64Array(length * n);
    let from = 0;
    for (let step = 0; step < length; step++) {
      for (; from < chain.ends[step]!; from++) {
        const row = chain.rows[from]! * n;
        for (let label = 0; label < n; label++) scores[step * n + label]! += this.weights[row + label]!;
      }
    }
    return scores;
  }

  /** Marginals of labels and of pairs, over all labels or over the allowed ones. */
  #marginals(scores: Float64Array, allowed: Uint8Array | undefined): { single: Float64Array; pairs: Float64Array } {
    const length = scores.length / n;
    const forward = this.#forward(scores, allowed);
    const backward = this.#backward(scores, allowed);
    const total = logSum(forward, (length - 1) * n);
    const single = new Float64Array(length * n);
    const pairs = new Float64Array((n + 1) * n);
    for (let at = 0; at < length * n; at++) {
      if (forward[at]! <= never / 2) continue;
      const label = at % n;
      const share = Math.exp(forward[at]! + backward[at]! - total);
      single[at] = share;
      if (at < n) {
        pairs[n * n + label]! += share;
        continue;
      }
      for (let before = 0; before < n; before++) {
        const source = forward[at - label - n + before]!;
        if (source <= never / 2 || !mayFollow(before, label)) continue;
        const path = source + this.transitions[before * n + label]! + scores[at]! + backward[at]!;
        pairs[before * n + label]! += Math.exp(path - total);
      }
    }
    return { single, pairs };
  }

  #forward(scores: Float64Array, allowed: Uint8Array | undefined): Float64Array {
    const forward = new Float64Array(scores.length).fill(never);
    const sums = new Float64Array(n);
    for (let at = 0; at < scores.length; at++) {
      const label = at % n;
      if (!may(allowed, at)) continue;
      if (at < n) {
        if (mayFollow(0, label)) forward[at] = scores[at]! + this.transitions[n * n + label]!;
        continue;
      }
      for (let before = 0; before < n; before++)
        sums[before] = mayFollow(before, label)
          ? forward[at - label - n + before]! + this.transitions[before * n + label]!
          : never;
      forward[at] = scores[at]! + logSum(sums, 0);
    }
    return forward;
  }

  #backward(scores: Float64Array, allowed: Uint8Array | undefined): Float64Array {
    const backward = new Float64Array(scores.length);
    const sums = new Float64Array(n);
    for (let at = scores.length - n - 1; at >= 0; at--) {
      const label = at % n;
      for (let after = 0; after < n; after++) {
        const next = at - label + n + after;
        sums[after] =
          may(allowed, next) && mayFollow(label, after)
            ? backward[next]! + this.transitions[label * n + after]! + scores[next]!
            : never;
      }
      backward[at] = logSum(sums, 0);
    }
    return backward;
  }

  #step(chain: Chain): void {
    const { rate, decay } = this.#settings;
    const scores = this.#emissions(chain);
    const model = this.#marginals(scores, undefined);
    const gold = this.#marginals(scores, chain.allowed);
    let from = 0;
    for (let step = 0; step < chain.ends.length; step++) {
      const begin = from;
      for (let label = 0; label < n; label++) {
        const slope = gold.single[step * n + label]! - model.single[step * n + label]!;
        if (Math.abs(slope) < 1e-5) continue;
        for (let index = begin; index < chain.ends[step]!; index++) {
          const at = chain.rows[index]! * n + label;
          const gradient = slope - decay * this.weights[at]!;
          const squares = (this.#squares[at]! += gradient * gradient);
          this.weights[at]! += (rate * gradient) / Math.sqrt(squares);
        }
      }
      from = chain.ends[step]!;
    }
    for (let at = 0; at < this.transitions.length; at++) {
      const gradient = gold.pairs[at]! - model.pairs[at]! - decay * this.transitions[at]!;
      if (gradient === 0) continue;
      const squares = (this.#transitionSquares[at]! += gradient * gradient);
      this.transitions[at]! += (rate * gradient) / Math.sqrt(squares);
    }
  }
}
