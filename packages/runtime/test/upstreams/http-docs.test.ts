import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseConfig } from '@sallyport/core';
import { createUpstream } from '../../src/upstreams/index.ts';
import { services } from './http-fixtures.ts';

test('the examples of the documentation are configurations, and upstreams', () => {
  const page = readFileSync(new URL('../../../../docs/http-tools.md', import.meta.url), 'utf8');
  const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  expect(examples).toHaveLength(2);
  for (const text of examples) {
    const { upstreams } = parseConfig(text, { env: { SHOP_KEY: 'x' }, readFile: () => 'x' });
    for (const [name, config] of Object.entries(upstreams)) {
      const runner = { isolation: 'none' as const, start: () => expect.unreachable() };
      const all = { ...services(), runner, newId: () => 'x', onFault: () => undefined };
      expect(createUpstream(name, config, all).name).toBe(name);
    }
  }
});
