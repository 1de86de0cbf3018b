import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { manifestSchema, parseConfig } from '../../src/index.ts';

const text = readFileSync(join(import.meta.dirname, '../../../../docs/tools.md'), 'utf8');

it('docs/tools.md tells of every key of a manifest, and of no other', () => {
  const { results, ...rest } = manifestSchema.shape;
  const inner = Object.keys(results.unwrap().shape).map((key) => `results.${key}`);
  const told = [...text.matchAll(/^\| `([\w.]+)` \|/gm)].map(([, key = '']) => key);
  expect(told.toSorted()).toEqual([...Object.keys(rest), ...inner].toSorted());
});

it('its example is valid', () => {
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(text) ?? [];
  const { tools } = parseConfig(example, { env: {}, readFile: () => '' });
  expect(Object.keys(tools)).toEqual(['read_ticket', 'send_email', 'crm_*']);
});
