import { labelCount, type Model } from './model.ts';

/** A model as text: base64 of the sorted features (steps as variable-length numbers), then their weights. */
export interface Packed {
  readonly features: number;
  /** Numbers with a blank between two. */
  readonly transitions: string;
  readonly data: string;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function bytesOf(data: string): Uint8Array {
  const values = new Uint8Array(128);
  for (let at = 0; at < alphabet.length; at++) values[alphabet.charCodeAt(at)] = at;
  const bytes = new Uint8Array(Math.floor((data.length * 3) / 4));
  let held = 0;
  let count = 0;
  let out = 0;
  for (let at = 0; at < data.length; at++) {
    held = ((held << 6) | (values[data.charCodeAt(at)] ?? 0)) & 0xff_ff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes[out++] = (held >>> count) & 0xff;
    }
  }
  return bytes;
}

/** Features in an open hash table with room to spare: a lookup is one or two reads. */
export function rowTable(features: Int32Array): (feature: number) => number {
  let size = 1024;
  while (size < features.length * 3) size *= 2;
  const keys = new Int32Array(size);
  const rows = new Int32Array(size).fill(-1);
  for (let row = 0; row < features.length; row++) {
    let slot = (features[row] ?? 0) & (size - 1);
    while (rows[slot] !== -1) slot = (slot + 1) & (size - 1);
    keys[slot] = features[row] ?? 0;
    rows[slot] = row;
  }
  return (feature) => {
    for (let slot = feature & (size - 1); ; slot = (slot + 1) & (size - 1)) {
      const row = rows[slot] ?? -1;
      if (row === -1 || keys[slot] === feature) return row;
    }
  };
}

export function unpacked({ features, transitions, data }: Packed): Model {
  const bytes = bytesOf(data);
  const keys = new Int32Array(features);
  let at = 0;
  let last = 0;
  for (let index = 0; index < features; index++) {
    let step = 0;
    let scale = 1;
    for (let byte = 128; byte >= 128; scale *= 128) {
      byte = bytes[at++] ?? 0;
      step += (byte & 127) * scale;
    }
    last += step;
    keys[index] = last | 0;
  }
  const weights = new Int8Array(bytes.buffer, at, features * labelCount);
  return { rowOf: rowTable(keys), weights, transitions: Int16Array.from(transitions.split(' '), Number) };
}
