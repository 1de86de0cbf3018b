import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { flowRules, integrities, parseConfig, profiles, rulesOf } from '../../src/index.ts';

const text = readFileSync(join(import.meta.dirname, '../../../../docs/information-flow.md'), 'utf8');
const [, rules = ''] = /## The rules\n([\s\S]*?)\n## /.exec(text) ?? [];

it('docs/information-flow.md tells of every rule, and of no other', () => {
  const told = [...rules.matchAll(/^\| `(\w+)` \|/gm)].map(([, rule = '']) => rule);
  expect(told.toSorted()).toEqual([...flowRules].toSorted());
});

it('it says which profiles leave a rule out', () => {
  const told = [...rules.matchAll(/^\| `(\w+)` \|.*\|([^|]*)\|$/gm)].map(([, rule = '', off = '']) => [
    rule,
    off.trim(),
  ]);
  const left = flowRules.map((rule) => [rule, profiles.filter((profile) => !rulesOf(profile).has(rule)).join(', ')]);
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(left));
});

it('it lists the levels of integrity, high to low', () => {
  const told = [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name);
  expect(told.slice(0, integrities.length)).toEqual(integrities.toReversed());
});

it('its example is valid, and says the defaults where it says numbers', () => {
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(text) ?? [];
  const { flow } = parseConfig(example, { env: {}, readFile: () => '' });
  const defaults = parseConfig('', { env: {}, readFile: () => '' }).flow;
  expect(flow).toEqual({ ...defaults, rules: { senders: false } });
});
