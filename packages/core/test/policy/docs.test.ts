import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { disagreements, load } from './ask.ts';
import { runPolicyCases } from '../../src/policy/cases.ts';

const page = readFileSync(join(import.meta.dirname, '../../../../docs/policies.md'), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)].flatMap(([, of, text = '']) => (of === language ? [text] : []));

test('what the page on policies shows is valid, and its case passes', () => {
  const [matrix = '', own = '', cases = ''] = blocks('yaml');
  const set = load({ yaml: matrix, cedar: blocks('cedar').join('\n') });
  expect(set.describe()).toMatchObject({ uncompiled: [], sources: [{ rules: 5 }, { rules: 10 }] });
  expect(load({ yaml: own }).describe()).toMatchObject({ uncompiled: [], sources: [{ rules: 5 }] });
  const results = runPolicyCases(set, { name: 'docs.test.yaml', text: cases }, Date.UTC(2026, 10, 20));
  expect(results.map(({ ok, outcome }) => [ok, outcome])).toEqual([[true, 'require_approval']]);
  expect(disagreements).toEqual([]);
});
