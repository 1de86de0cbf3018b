import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseConfig } from '../../src/index.ts';

test.each(['fence.md', 'providers.md'])('every example of docs/%s is a valid configuration', (name) => {
  const text = readFileSync(join(import.meta.dirname, '../../../../docs', name), 'utf8');
  const examples = [...text.matchAll(/```yaml\n([^]*?)```/g)].map(([, yaml = '']) => yaml);
  expect(examples.length).toBeGreaterThan(0);
  for (const yaml of examples) expect(() => parseConfig(yaml, { env: {}, readFile: () => '' })).not.toThrow();
});
