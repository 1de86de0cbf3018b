import { expect } from 'vitest';
import { playStory } from '../story.ts';
import { test } from './with-postgres.ts';

test('the agent for one customer gets nothing of another, by policy, by the API, or by a tool that was taken over', async () => {
  const checks = await playStory();
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(checks).toHaveLength(35);
}, 180_000);
