import { expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/index.ts';
import { trimResult } from '../../src/records/trim.ts';

/** Numbers that are the same in every run (mulberry32). */
function random(seed: number) {
  let state = seed;
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const names = ['a', 'b', 'c', '"q"', 'é{', '*', ''];

function make(next: (below: number) => number, depth: number): Json {
  const kind = depth > 3 ? 2 + next(4) : [0, 0, 0, 1, 1, 1, 1, 1, 2, 3, 4, 5][next(12)];
  if (kind === 0) return Array.from({ length: next(4) }, () => make(next, depth + 1));
  if (kind === 1)
    return Object.fromEntries(
      Array.from({ length: next(5) }, () => [names[next(names.length)] ?? '', make(next, depth + 1)]),
    );
  return ['text, with "quotes" and }', 12.5, true, null][(kind ?? 2) - 2] ?? '\\';
}

/** What dropping means, said without regard for time or characters. */
function without(value: Json, path: readonly string[]): Json {
  const [name, ...rest] = path;
  if (name === undefined || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    if (name !== '*') return value.map((item: Json) => without(item, path));
    return rest.length === 0 ? [] : value.map((item: Json) => without(item, rest));
  }
  return Object.fromEntries(
    Object.entries(value as JsonObject).flatMap(([key, item]) => {
      if (key !== name && name !== '*') return [[key, item]];
      return rest.length === 0 ? [] : [[key, without(item, rest)]];
    }),
  );
}

it('what is left of any JSON is what dropping the fields of its value leaves', () => {
  const next = random(7);
  let changed = 0;
  for (let round = 0; round < 3_000; round++) {
    const value = { root: make(next, 0) };
    const path = ['root', ...Array.from({ length: 1 + next(3) }, () => names[next(names.length)] ?? '')];
    const field = path.join('.');
    const text = JSON.stringify(value, null, next(3));
    const trimmed = trimResult(text, [{ fields: [field] }]);
    const expected = without(value, path);
    expect(JSON.parse(trimmed?.text ?? text), `${field} of ${text}`).toEqual(expected);
    if (trimmed) changed++;
    else expect(expected).toEqual(value);
  }
  expect(changed).toBeGreaterThan(200);
});

it('what is nested beyond reading is not passed on in silence', () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  expect(() => trimResult(deep, [{ fields: ['a'] }])).toThrow(/nested deeper than 500/);
});
