import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Session } from '@sallyport/core';
import { RuntimeFault } from '@sallyport/core';
import { minute, openHarness, type Harness } from './harness.ts';

let h: Harness;
beforeEach(async () => {
  h = await openHarness();
});
afterEach(async () => {
  await h.close();
});

/** A session whose token was used before. */
async function known() {
  const { agent, key } = await h.agent();
  const found = h.agents.authenticateKey(key);
  if (!found) throw new Error('the key is good');
  const session = await h.sessions.open({ agent, userId: 'ann', purpose: 'test' });
  const { token } = await h.sessions.token(session, found.key.id);
  await h.signIn(token);
  const now = (more: object = {}) => h.authenticator.sessionOf({ authorization: `Bearer ${token}`, ...more });
  return { agent, keyId: found.key.id, session, now };
}

const codeOfThrown = (ask: () => Session | Promise<Session>): unknown => {
  try {
    return ask();
  } catch (error) {
    return error instanceof RuntimeFault ? error.code : error;
  }
};

test('a session whose token was used before is found without waiting', async () => {
  const { session, now } = await known();
  expect(now()).toBe(session);
});

test.each<[string, (of: Awaited<ReturnType<typeof known>>) => unknown]>([
  ['its session ended', ({ session }) => h.sessions.end(session.id)],
  ['its agent was disabled', ({ agent }) => h.agents.update(agent.id, { disabled: true })],
  ['the key that asked for it was revoked', ({ agent, keyId }) => h.agents.revokeKey(agent.id, keyId)],
])('a known token is refused at once when %s', async (_, change) => {
  const of = await known();
  await change(of);
  expect(codeOfThrown(of.now)).toBe('unauthenticated');
});

test('a known token is refused while the store still writes that its session ended', async () => {
  const { session, now } = await known();
  const ending = h.sessions.end(session.id);
  expect(codeOfThrown(now)).toBe('unauthenticated');
  await ending;
});

test('a known token is no longer taken at once when it has expired', async () => {
  const { now } = await known();
  h.clock.advance(15 * minute);
  await expect(now()).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('a known token says nothing for another user, and nothing beside a second credential', async () => {
  const { session, now } = await known();
  expect(now({ userHeader: 'ann' })).toBe(session);
  expect(codeOfThrown(() => now({ userHeader: 'bob' }))).toBe('forbidden');
  expect(codeOfThrown(() => now({ userHeader: ['ann', 'ann'] }))).toBe('invalid_request');
  expect(codeOfThrown(() => now({ xApiKey: 'sp_agent_x' }))).toBe('unauthenticated');
  expect(codeOfThrown(() => now({ authorization: ['Bearer a', 'Bearer a'] }))).toBe('unauthenticated');
});
