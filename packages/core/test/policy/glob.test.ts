import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Glob } from '../../src/policy/glob.ts';
import { covers, globText, matchesGlob, overlap, parseGlob } from '../../src/policy/glob.ts';
import type { View } from '../../src/policy/arguments.ts';
import { demandedOrigins } from '../../src/policy/cells.ts';
import { flowOfGiven, givenFlowSchema } from '../../src/policy/given-flow.ts';
import { integrities } from '../../src/flow/labels.ts';
import { ArgumentOrigins } from '../../src/policy/origins.ts';
import { readTest } from '../../src/policy/patterns.ts';
import { viewsOf } from '../../src/policy/arguments.ts';
import { call, disagreements, load } from './ask.ts';

const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '\\', '@', '/', '.', '\n'), maxLength: 8 });
const glob = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '*', '\\'), maxLength: 3 }), {
  minLength: 1,
  maxLength: 4,
}) as unknown as fc.Arbitrary<Glob>;
const short = fc.string({ unit: fc.constantFrom('a', 'b', '*', '\\'), maxLength: 8 });

test('a pattern matches what the same regular expression matches', () => {
  const escaped = (literal: string) => literal.replaceAll(/[\\*.]/g, '\\$&');
  fc.assert(
    fc.property(glob, short, (pattern, value) => {
      expect(matchesGlob(pattern, value)).toBe(new RegExp(`^${pattern.map(escaped).join('.*')}$`, 's').test(value));
    }),
    { numRuns: 3000 },
  );
});
test.each([
  ['*a*a', 'a', false],
  ['*a*a', 'aa', true],
  ['a*a', 'a', false],
  ['ab*ba', 'aba', false],
  ['*ab*b', 'ab', false],
  ['*', '', true],
  ['a**b', 'ab', true],
  ['', '', true],
  ['', 'a', false],
])('two literals of a pattern never share a character: %j against %j is %j', (pattern, value, expected) => {
  const read = parseGlob(pattern);
  expect('problem' in read ? read : matchesGlob(read, value)).toBe(expected);
});
test('a pattern is written as it is read', () => {
  fc.assert(
    fc.property(glob, short, (pattern, value) => {
      const again = parseGlob(globText(pattern));
      if ('problem' in again) throw new Error(again.problem);
      expect(matchesGlob(again, value)).toBe(matchesGlob(pattern, value));
    }),
  );
});
test('what a narrower pattern matches, the one that covers it matches; what two match, they overlap in', () => {
  let covered = 0;
  const letters = fc.constantFrom('a', 'b');
  const few = fc.array(fc.string({ unit: letters, maxLength: 2 }), {
    minLength: 1,
    maxLength: 3,
  }) as unknown as fc.Arbitrary<Glob>;
  fc.assert(
    fc.property(few, few, fc.string({ unit: letters, maxLength: 5 }), (wide, narrow, value) => {
      if (covers(wide, narrow) && matchesGlob(narrow, value)) {
        covered++;
        expect(matchesGlob(wide, value)).toBe(true);
      }
      if (matchesGlob(wide, value) && matchesGlob(narrow, value)) expect(overlap(wide, narrow)).toBe(true);
    }),
    { numRuns: 5000 },
  );
  expect(covered).toBeGreaterThan(10);
});
test('the reason and the decision agree: a value is allowed exactly when its test says that it holds', () => {
  const origin = fc.constantFrom(...demandedOrigins);
  const demand = fc.oneof(
    fc.record({ matches: fc.constantFrom('*', 'a*', '*b*'), from: origin }),
    fc.record({ max: fc.integer({ min: -5, max: 5 }), from: origin.filter((of) => of !== 'untrusted') }),
    fc.record({ in: fc.constant(['a', 1, true]), links: origin }),
    fc.record({ user: fc.constantFrom('id' as const, { claim: 'c' }), matches: fc.constantFrom('*', 'a*') }),
    text.filter((pattern) => !('problem' in readTest('k', pattern))),
    fc.record({ min: fc.integer({ min: -5, max: 5 }), max: fc.integer({ min: -5, max: 5 }) }),
    fc.record({
      in: fc.array(fc.oneof(text, fc.integer({ min: -2, max: 2 }), fc.boolean()), { minLength: 1, maxLength: 3 }),
    }),
  );
  const value = fc.oneof(text, fc.integer({ min: -6, max: 6 }), fc.constantFrom(0.5, 1e-5, 1e20, null, true, false));
  const given = fc.dictionary(fc.constantFrom('k', 'k#link'), fc.constantFrom(...integrities));
  const asked = fc.record(
    {
      id: text,
      roles: fc.constant([]),
      claims: fc.dictionary(fc.constantFrom('c', 'd'), fc.array(text, { maxLength: 3 })),
    },
    { requiredKeys: ['id', 'roles'] },
  );
  const outcomes = { allow: 0, deny: 0 };
  fc.assert(
    fc.property(
      demand,
      fc.array(value, { minLength: 1, maxLength: 20 }),
      given,
      asked,
      (wanted, values, provenance, user) => {
        const cell = { decision: 'allow', when: { k: wanted } };
        const set = load({ yaml: JSON.stringify({ roles: { support: { tools: { t: cell } } } }) });
        const tests = readTest('k', wanted);
        if ('problem' in tests) throw new Error(tests.problem);
        for (const one of values) {
          const views = viewsOf({ k: one }, undefined);
          const { flow } = flowOfGiven({ k: one }, givenFlowSchema.parse({ provenance }));
          const origins = new ArgumentOrigins({ k: one }, flow.provenance);
          const holds = (view: View) => {
            const facts = { leaf: (path: string) => view.get(path), origin: (key: string) => origins.get(key), user };
            return tests.every((wish) => wish.holds(facts));
          };
          const expected = !('code' in views) && views.every(holds) ? 'allow' : 'deny';
          const { outcome, reasons } = call(set, 't', { k: one }, { flow, user });
          expect(outcome).toBe(expected);
          expect(reasons.length > 0).toBe(expected === 'deny');
          outcomes[expected]++;
        }
      },
    ),
    { numRuns: 250 },
  );
  expect(disagreements.splice(0)).toEqual([]);
  expect(Math.min(outcomes.allow, outcomes.deny)).toBeGreaterThan(20);
});
