import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configJsonSchema, parseConfig, sourceKinds } from '@sallyport/core';

const page = readFileSync(new URL('../../../../docs/credentials.md', import.meta.url), 'utf8');

test('the example of docs/credentials.md is a configuration', () => {
  const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const { credentials } = parseConfig(text, { env: {}, readFile: () => '' });
  expect(Object.keys(credentials)).toEqual(['crm', 'billing', 'files']);
});

test('docs/credentials.md tells of every source and of every kind, and of no other', () => {
  const rows = (title: string) =>
    [...(page.split(`## ${title}`)[1]?.split('\n## ')[0] ?? '').matchAll(/^\| `(\w+)/gm)].map(([, name]) => name);
  expect(rows('Where they are kept: `source`')).toEqual([...sourceKinds]);
  const schema = JSON.stringify(configJsonSchema());
  const [, attach = ''] = /"attach":(\{.*?\})\s*,"upstreams"/s.exec(schema) ?? [];
  const kinds = [...new Set([...attach.matchAll(/"kind":\{[^}]*"const":"(\w+)"/g)].map(([, kind]) => kind))];
  expect(kinds.length).toBeGreaterThan(5);
  expect(rows('How they are attached: `attach`')).toEqual(kinds);
});
