import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseConfig } from '@sallyport/core';
import { root, upstreamOf } from './support.ts';
import type { JsonObject } from '@sallyport/core';

test('the example of the documentation is a configuration, and its upstreams can be made', () => {
  const page = readFileSync(`${root}docs/upstreams.md`, 'utf8');
  const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const { upstreams } = parseConfig(text, { env: { CRM_TOKEN: 'x' }, readFile: () => 'x' });
  const made = Object.values(upstreams).map((config) => upstreamOf(config as unknown as JsonObject));
  expect(made.map((upstream) => upstream.status().state)).toEqual(['idle', 'idle']);
  expect(made[1]?.status().isolation).toBe('none');
});
