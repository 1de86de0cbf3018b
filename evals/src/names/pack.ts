import type { Packed } from '../../../packages/core/src/sensitive/names/packed.ts';

/** What `unpacked` of core reads. `features` as unsigned numbers, sorted; `weights` row by row. */
export function packed(features: readonly number[], weights: Int8Array, transitions: readonly number[]): Packed {
  const bytes: number[] = [];
  let last = 0;
  for (const feature of features) {
    let step = feature - last;
    last = feature;
    for (; step >= 128; step = Math.floor(step / 128)) bytes.push((step % 128) | 128);
    bytes.push(step);
  }
  for (const weight of weights) bytes.push(weight & 0xff);
  return {
    features: features.length,
    transitions: transitions.join(' '),
    data: Buffer.from(bytes).toString('base64').replaceAll('=', ''),
  };
}
