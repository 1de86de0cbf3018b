import { expect, test } from 'vitest';
import { createIds, newId } from '../../src/identity/ids.ts';

const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('an id is a UUIDv7 that carries its millisecond', () => {
  const before = Date.now();
  const id = newId();
  expect(id).toMatch(uuid7);
  const at = Number.parseInt(id.replace('-', '').slice(0, 12), 16);
  expect(at).toBeGreaterThanOrEqual(before);
  expect(at).toBeLessThanOrEqual(Date.now() + 1);
});

test('ids rise and never repeat within one millisecond, also past the counter', () => {
  const next = createIds(() => 1_700_000_000_000);
  const ids = Array.from({ length: 50_000 }, next);
  expect(ids.every((id) => uuid7.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(ids);
});

test('ids rise when the clock steps back', () => {
  let now = 1_700_000_000_000;
  const next = createIds(() => now);
  const first = next();
  now -= 3_600_000;
  expect(next() > first).toBe(true);
});

test('two makers at the same millisecond do not make the same id', () => {
  const [a, b] = [createIds(() => 1), createIds(() => 1)];
  const ids = Array.from({ length: 5_000 }, () => [a(), b()]).flat();
  expect(new Set(ids).size).toBe(ids.length);
});
