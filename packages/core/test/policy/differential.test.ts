import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compare } from './compare.ts';
import { Dice, generatePolicy } from './generate.ts';

const randomSeed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);

test.each([
  ['the fixed seed', 20_261_121],
  [`the random seed (FUZZ_SEED=${randomSeed})`, randomSeed],
])('compiled policies and Cedar give the same answer to generated requests, with %s', (_name, seed) => {
  const { disagreements, outcomes, policies } = compare(seed, 25, 60);
  expect(disagreements).toEqual([]);
  expect(policies).toBeGreaterThan(200);
  for (const outcome of ['allow', 'require_approval', 'deny', 'failed']) expect(outcomes[outcome]).toBeGreaterThan(0);
});

test('whatever fast-check finds as a seed, the evaluators agree', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      expect(compare(seed, 1, 10).disagreements).toEqual([]);
    }),
    { numRuns: 60, seed: randomSeed },
  );
}, 60_000);

test('the generator uses every operator that the compiler knows', () => {
  const dice = new Dice(1);
  const text = Array.from({ length: 3000 }, () => generatePolicy(dice)).join('\n');
  const operators = [
    '&&',
    '||',
    '!(',
    'if ',
    '==',
    '!=',
    ' < ',
    ' <= ',
    ' > ',
    ' >= ',
    ' + ',
    ' - ',
    ' * ',
    '-(',
    ' in ',
    ' is ',
    ' has ',
    '.contains(',
    '.containsAll(',
    '.containsAny(',
    '.isEmpty(',
    '.hasTag(',
    '.getTag(',
    ' like ',
    '{a: ',
    '}.a',
    'decimal(',
    'datetime(',
    'duration(',
    '.offset(',
    '.durationSince(',
    '.toDate(',
    '.toTime(',
    '.toSeconds(',
    '.toMilliseconds(',
    '.toMinutes(',
    '.toHours(',
    '.toDays(',
    '.lessThan(',
    '.lessThanOrEqual(',
    '.greaterThan(',
    '.greaterThanOrEqual(',
    'is Sallyport::Agent in',
    'action in [',
    'context has session.',
    'context.tainted',
    'context.labels',
    'context.read',
    'context.provenance.getTag(',
    'context.integrity.getTag(',
    'context.called.getTag(',
    'context.denied.getTag(',
    'context.held.getTag(',
    'context.user.id ==',
    'context.user.hasTag(',
    'context.user.getTag("customer").contains(context.args.getTag(',
    '.id like',
    '#link',
  ];
  expect(operators.filter((operator) => !text.includes(operator))).toEqual([]);
});
