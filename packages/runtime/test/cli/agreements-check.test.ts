import { expect, test } from 'vitest';
import { parseConfig } from '@sallyport/core';
import { agreements } from '../../src/cli/checks/agreements.ts';

const found = (signed: string, day: string) =>
  agreements.run({
    nodeVersion: '24.0.0',
    dataDir: '/nowhere',
    policyDir: undefined,
    configPath: undefined,
    ownPort: undefined,
    dashboardDir: '/nowhere',
    config: parseConfig(`providers: { a: { baseUrl: 'https://a.example/v1', agreements: ${signed} } }`, {
      env: {},
      readFile: () => '',
    }),
    now: Date.parse(`${day}T08:00:00Z`),
  });

test.each([
  ['2026-11-30', 'ok', /None ends within 30 days/],
  ['2026-12-01', 'ok', /None ends within 30 days/],
  ['2026-12-02', 'warn', /providers\.a\.agreements\.baa ends on 2026-12-31/],
  ['2026-12-31', 'warn', /ends on 2026-12-31/],
  ['2027-01-01', 'warn', /providers\.a\.agreements\.baa ended on 2026-12-31/],
])('doctor warns of an agreement that ends within 30 days: on %s it is %s', async (day, status, why) => {
  const finding = await found('{ baa: { until: "2026-12-31" }, noTraining: true }', day);
  expect(finding).toMatchObject({ status, why: expect.stringMatching(why) });
});

test('an installation that entered none is not nagged', async () => {
  expect(await found('{}', '2026-12-31')).toMatchObject({ status: 'ok', why: 'None is entered.' });
});
