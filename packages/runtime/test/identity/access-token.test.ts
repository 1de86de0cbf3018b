import { afterAll, beforeAll, expect, test } from 'vitest';
import type { IdentityConfig, RuntimeFault } from '@sallyport/core';
import type { Harness } from './harness.ts';
import type { ScriptedIssuer } from './oidc/scripted-issuer.ts';
import { TestClock, codeOf, minute, openHarness } from './harness.ts';
import { startScriptedIssuer } from './oidc/scripted-issuer.ts';

const clock = new TestClock();
let issuer: ScriptedIssuer;
let noAgents: ScriptedIssuer;
let h: Harness;

const base = {
  audience: ['https://sallyport.example/mcp'],
  clockSkewSeconds: 0,
  userClaim: 'sub',
  claims: ['customer'],
  roles: { claim: 'groups', map: { vip: 'patron' } },
  scope: 'mcp',
  accessTokens: 'at+jwt',
} as const;

beforeAll(async () => {
  const now = () => clock.now() / 1000;
  [issuer, noAgents] = await Promise.all([startScriptedIssuer(now), startScriptedIssuer(now)]);
  const issuers = {
    corp: { ...base, issuer: issuer.issuer, agents: { claim: 'client_id', map: { cli: 'support', gone: 'nobody' } } },
    users: { ...base, issuer: noAgents.issuer },
  } as unknown as IdentityConfig['issuers'];
  h = await openHarness(undefined, clock, issuers);
  await h.agents.create({ name: 'support', roles: ['support'] });
});
afterAll(async () => {
  await h.close();
  await Promise.all([issuer.close(), noAgents.close()]);
});

const token = (claims: object = {}, header: object = {}, by = issuer) =>
  by.sign(
    { aud: base.audience[0], client_id: 'cli', scope: 'openid mcp', customer: 'C-1', groups: ['vip'], ...claims },
    { typ: 'at+jwt', ...header },
  );
const faultOf = async (secret: string): Promise<Partial<RuntimeFault>> =>
  await h.signIn(secret).then(
    () => ({}),
    (error: unknown) => error as RuntimeFault,
  );

test('an access token leads to one session of its agent and its user, with roles and claims', async () => {
  const session = await h.signIn(await token());
  expect(session.agent.name).toBe('support');
  expect(session.user).toEqual({ id: 'corp:ann', roles: ['patron'], claims: { customer: ['C-1'] }, issuer: 'corp' });
  expect(await h.signIn(await token({ jti: 'another' }))).toBe(session);
  expect((await h.signIn(await token({ sub: 'bob' }))).id).not.toBe(session.id);
});

test('what the newest token says of the user counts at once, for all who hold the session; an older one changes nothing', async () => {
  const old = await token({ sub: 'carl' });
  const session = await h.signIn(old);
  clock.advance(minute);
  await h.signIn(await token({ sub: 'carl', groups: [], customer: ['C-1', 'C-9'] }));
  expect(session.user).toMatchObject({ roles: [], claims: { customer: ['C-1', 'C-9'] } });
  expect(await h.signIn(old)).toBe(session);
  expect(session.user.roles).toEqual([]);
  await expect.poll(async () => (await h.store.sessions.get(session.id))?.user.roles).toEqual([]);
});

test('a restart finds the session again, with what was said of the user', async () => {
  const secret = await token({ sub: 'dora' });
  const { id, user } = await h.signIn(secret);
  h = await h.restart();
  const again = await h.signIn(secret);
  expect([again.id, again.user]).toEqual([id, user]);
});

test('a token with too little scope is refused with the scope that it lacks', async () => {
  for (const scope of ['openid', 'mcpx', 'MCP', undefined]) {
    const fault = await faultOf(await token({ scope }));
    expect([fault.code, fault.scope, fault.status]).toEqual(['insufficient_scope', 'mcp', 403]);
  }
});

test('a client that is no enabled agent is told so, and which configuration would make it one', async () => {
  for (const change of [
    { client_id: 'unknown' },
    { client_id: 'gone' },
    { client_id: undefined },
    { client_id: 'toString' },
  ]) {
    const { code, message } = await faultOf(await token(change));
    expect([code, message]).toEqual(['forbidden', expect.stringContaining('identity.issuers.corp.agents.map')]);
  }
  const azp = await token({ client_id: undefined, azp: 'cli' });
  expect((await h.signIn(azp)).agent.name).toBe('support');
});

test('neither an ID token nor a token for another audience, nor one of an issuer without agents, lets anyone in', async () => {
  const bad = [
    await token({ scope: undefined }, { typ: 'JWT' }),
    await token({}, { typ: 'JWT' }),
    await token({ aud: 'https://elsewhere.example' }),
    await token({}, {}, noAgents),
  ];
  const answers = await Promise.all(bad.map(async (each) => await faultOf(each)));
  for (const { code, message } of answers) {
    expect([code, message]).toEqual([
      'unauthenticated',
      expect.stringMatching(/missing, malformed, expired or revoked/),
    ]);
  }
});

test('a token that was handed over as an ID token is not taken as a bearer afterwards', async () => {
  const id = await token({ scope: undefined }, { typ: 'JWT' });
  expect((await h.oidc.verifyUser(id)).kind).toBe('id');
  expect(await codeOf(h.signIn(id))).toBe('unauthenticated');
});

test('a token expires although it was used before', async () => {
  const secret = await token({ sub: 'eve' });
  await h.signIn(secret);
  clock.advance(10 * minute);
  expect(await codeOf(h.signIn(secret))).toBe('unauthenticated');
});

test('the header cannot turn it to another user, and no agent key is turned into a user by it', async () => {
  const secret = await token({ sub: 'fay' });
  expect(await codeOf(h.signIn(secret, 'corp:bob'))).toBe('forbidden');
  expect(await codeOf(h.signIn(secret, 'corp:fay'))).toBe('resolved');
});

test("a user's session by access token is not the one of an agent key that names the same user", async () => {
  const { agent, key } = await h.agent({ name: 'other' });
  const byToken = await h.signIn(await token());
  const byKey = await h.signIn(key, 'corp:ann');
  expect([byKey.agent.id, byKey.user.claims]).toEqual([agent.id, undefined]);
  const support = h.agents.list().find(({ name }) => name === 'support');
  const { secret } = await h.agents.createKey(support?.id ?? '', { name: 'k', expiresInDays: 1 });
  await h.agents.update(support?.id ?? '', { namesUsers: true });
  expect((await h.signIn(secret, 'corp:ann')).id).not.toBe(byToken.id);
});

test('of two agents with one name none is meant', async () => {
  const twin = await h.agents.create({ name: 'support', roles: [] });
  expect(await codeOf(h.signIn(await token()))).toBe('forbidden');
  await h.agents.update(twin.id, { name: 'another' });
  expect(await codeOf(h.signIn(await token()))).toBe('resolved');
});

test('a disabled agent is refused at once, and its session is over', async () => {
  const agent = h.agents.list().find(({ name }) => name === 'support');
  const secret = await token({ sub: 'gus' });
  const session = await h.signIn(secret);
  await h.agents.update(agent?.id ?? '', { disabled: true });
  expect(await codeOf(h.signIn(secret))).toBe('forbidden');
  expect(session.state).toBe('ended');
  await h.agents.update(agent?.id ?? '', { disabled: false });
  expect((await h.signIn(secret)).id).not.toBe(session.id);
});

test('while an issuer is away, keys and session tokens work on, and its tokens are refused as such', async () => {
  const { agent, key } = await h.agent({ name: 'third' });
  const session = await h.sessions.open({ agent, userId: 'ann', purpose: 'a test' });
  const own = await h.sessions.token(session);
  clock.advance(20 * minute);
  const { token: fresh } = await h.sessions.token(session);
  const theirs = await token();
  issuer.routes.clear();
  expect(await codeOf(h.signIn(theirs))).toBe('identity_unavailable');
  expect(await codeOf(h.signIn(key))).toBe('resolved');
  expect(await h.signIn(fresh)).toBe(session);
  expect(await codeOf(h.signIn(own.token))).toBe('unauthenticated');
});
