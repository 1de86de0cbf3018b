import { expect, test } from 'vitest';
import { codeOf, collect, openHarness } from '../identity/harness.ts';

const withHarness = async (run: (h: Awaited<ReturnType<typeof openHarness>>) => Promise<void>) => {
  const h = await openHarness();
  try {
    await run(h);
  } finally {
    await h.close();
  }
};

test('the first start makes the owner, and no later one makes another', async () => {
  const first = await openHarness();
  expect(first.operators.list()).toMatchObject([{ name: 'owner', role: 'owner', disabledAt: null }]);
  const entries = await first.store.entries.list({ limit: 10 });
  expect(entries).toMatchObject([{ phase: 'operator', actor: 'runtime', action: 'operators.create' }]);
  const before = first.operators.list();
  const second = await first.restart();
  expect(second.operators.list()).toEqual(before);
  await second.close();
});

test('the last owner can be neither disabled nor demoted', () =>
  withHarness(async ({ operators }) => {
    const { id } = operators.owner();
    for (const change of [{ disabled: true }, { role: 'operator' as const }]) {
      expect(await codeOf(operators.update(id, change))).toBe('conflict');
    }
    expect(operators.owner().id).toBe(id);
  }));

test('of two owners that go at once, one stays', () =>
  withHarness(async ({ operators, store }) => {
    const one = operators.owner();
    for (let round = 0; round < 5; round++) {
      const two = await operators.create({ name: `owner ${round}`, role: 'owner' });
      const asked = await Promise.all([
        codeOf(operators.update(one.id, { disabled: true })),
        codeOf(operators.update(two.id, { role: 'viewer' })),
        codeOf(operators.update(two.id, { disabled: true })),
      ]);
      expect(asked).toEqual(['resolved', 'conflict', 'conflict']);
      const stored = await store.operators.list();
      expect(stored.filter(({ role, disabledAt }) => role === 'owner' && disabledAt === null)).toHaveLength(1);
      await operators.update(one.id, { disabled: false });
      await operators.update(two.id, { disabled: true });
    }
  }));

test('a disabled owner does not count as the one who stays', () =>
  withHarness(async ({ operators }) => {
    const two = await operators.create({ name: 'two', role: 'owner' });
    await operators.update(two.id, { disabled: true });
    expect(await codeOf(operators.update(operators.owner().id, { role: 'viewer' }))).toBe('conflict');
  }));

test('no sign-in slips past a disabling', () =>
  withHarness(async ({ operators }) => {
    const { id } = await operators.create({ name: 'ann', role: 'operator' });
    const { secret } = await operators.createSignInLink(id);
    const [signedIn] = await Promise.allSettled([operators.signIn(secret), operators.update(id, { disabled: true })]);
    await operators.update(id, { disabled: false });
    const cookie = signedIn.status === 'fulfilled' ? signedIn.value.secret : '';
    expect(await operators.authenticateCookie(cookie)).toBeUndefined();
  }));

test('a disabled operator gets no link', () =>
  withHarness(async ({ operators }) => {
    const { id } = await operators.create({ name: 'ann', role: 'operator' });
    await operators.update(id, { disabled: true });
    expect(await codeOf(operators.createSignInLink(id))).toBe('conflict');
    expect(await codeOf(operators.createSignInLink('no-such'))).toBe('not_found');
  }));

test('signing in and out is in the log', () =>
  withHarness(async ({ operators, audit }) => {
    const { id } = operators.owner();
    const recorded = collect(audit);
    const { secret } = await operators.createSignInLink(id);
    const cookie = await operators.signIn(secret);
    await operators.signOut(cookie.secret);
    await operators.signOut(cookie.secret);
    expect(recorded.entries).toMatchObject([
      { actor: id, action: 'operators.signIn' },
      { actor: id, action: 'operators.signOut' },
    ]);
  }));

test("the command line's token dies with its operator's ownership", () =>
  withHarness(async ({ operators }) => {
    const token = operators.issueToken();
    const one = operators.owner();
    await operators.create({ name: 'two', role: 'owner' });
    await operators.update(one.id, { role: 'viewer' });
    expect(operators.authenticateToken(token)).toBeUndefined();
    await operators.update(one.id, { role: 'owner' });
    expect(operators.authenticateToken(token)).toBeUndefined();
    expect(operators.authenticateToken(operators.issueToken())?.role).toBe('owner');
  }));
