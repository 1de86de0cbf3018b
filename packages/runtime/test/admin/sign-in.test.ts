import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AdminHarness } from './harness.ts';
import { hour, minute } from '../identity/harness.ts';
import { host, openAdmin } from './harness.ts';

let h: AdminHarness;
beforeAll(async () => {
  h = await openAdmin();
});
afterAll(() => h.close());

const newLink = async () => {
  const operator = await h.operators.create({ name: 'ann', role: 'operator' });
  const { secret } = await h.operators.createSignInLink(operator.id);
  return { operator, token: secret };
};
const signIn = (token: unknown) => h.ask('POST', '/sign-in', undefined, { payload: { token } });
const cookieOf = ({ headers }: { headers: Readonly<Record<string, unknown>> }) => ({
  cookie: String(headers['set-cookie']).split(';')[0] ?? '',
});

test('a link signs in once, and the cookie then says who one is', async () => {
  const { operator, token } = await newLink();
  const answer = await signIn(token);
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ id: operator.id, name: 'ann', role: 'operator' });
  const me = await h.ask('GET', '/me', cookieOf(answer));
  expect(me.body).toEqual(answer.body);
  const again = await signIn(token);
  expect([again.status, again.headers['set-cookie']]).toEqual([401, undefined]);
});

test('the cookie stays out of scripts, of other sites and of other paths', async () => {
  const { token } = await newLink();
  const { headers } = await signIn(token);
  const attributes = String(headers['set-cookie']).split('; ').slice(1);
  expect(attributes).toEqual(['Max-Age=43200', 'Path=/admin', 'HttpOnly', 'SameSite=Strict']);
});

test('behind TLS the cookie is for TLS only', async () => {
  const settings = { baseUrl: () => 'https://sallyport.example' };
  const tls = await openAdmin({ settings: settings as never });
  try {
    const { secret } = await tls.operators.createSignInLink(tls.operators.owner().id);
    const { headers } = await tls.ask('POST', '/sign-in', undefined, { payload: { token: secret } });
    expect(String(headers['set-cookie'])).toContain('; Secure');
  } finally {
    await tls.close();
  }
});

test('of many that use one link at once, one is let in', async () => {
  const { token } = await newLink();
  const answers = await Promise.all(Array.from({ length: 20 }, () => signIn(token)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(19);
});

test('a link is dead after 15 minutes', async () => {
  const [early, late] = [await newLink(), await newLink()];
  h.clock.advance(15 * minute - 1);
  expect((await signIn(early.token)).status).toBe(200);
  h.clock.advance(1);
  expect((await signIn(late.token)).status).toBe(401);
});

test('a cookie is dead after 12 hours', async () => {
  const { token } = await newLink();
  const as = cookieOf(await signIn(token));
  h.clock.advance(12 * hour - 1);
  expect((await h.ask('GET', '/me', as)).status).toBe(200);
  h.clock.advance(1);
  expect((await h.ask('GET', '/me', as)).status).toBe(401);
});

test('no secret of another kind signs in, and trying does not use it up', async () => {
  const { cookie } = await h.operator('owner');
  const secret = cookie.replace('sallyport_session=', '');
  const { key } = await h.agent();
  const command = h.operators.issueToken();
  for (const token of [
    secret,
    key,
    command,
    '',
    'sp_link_',
    `sp_link_${'A'.repeat(43)}`,
    secret.replace('cookie', 'link'),
  ]) {
    expect((await signIn(token)).status).toBe(401);
  }
  for (const token of [undefined, null, 7, {}, ['x']]) expect((await signIn(token)).status).toBe(400);
  expect((await h.ask('GET', '/me', { cookie })).status).toBe(200);
});

test('signing in and out asks for the same origin', async () => {
  const { token } = await newLink();
  for (const headers of [{ 'x-sallyport-csrf': '' }, { origin: 'http://evil.example' }, { 'sec-fetch-site': 'none' }]) {
    expect((await h.ask('POST', '/sign-in', undefined, { payload: { token }, headers })).status).toBe(403);
    expect((await h.ask('POST', '/sign-out', undefined, { headers })).status).toBe(403);
  }
  expect(
    (await h.ask('POST', '/sign-in', undefined, { payload: { token }, headers: { host: 'evil.example' } })).status,
  ).toBe(403);
  expect((await signIn(token)).status).toBe(200);
});

test('signing out ends this sign-in at once, and no other', async () => {
  const { operator, cookie } = await h.operator('viewer');
  const link = await h.operators.createSignInLink(operator.id);
  const other = cookieOf(await signIn(link.secret));
  const out = await h.ask('POST', '/sign-out', { cookie });
  expect(out.status).toBe(200);
  expect(String(out.headers['set-cookie'])).toMatch(/^sallyport_session=; Max-Age=0; Path=\/admin/);
  expect((await h.ask('GET', '/me', { cookie })).status).toBe(401);
  expect((await h.ask('GET', '/me', other)).status).toBe(200);
  expect((await h.ask('POST', '/sign-out')).status).toBe(200);
});

test('disabling an operator kills every sign-in and open link, also once enabled again', async () => {
  const { operator, cookie } = await h.operator('operator');
  const { secret } = await h.operators.createSignInLink(operator.id);
  await h.operators.update(operator.id, { disabled: true });
  expect((await h.ask('GET', '/me', { cookie })).status).toBe(401);
  expect((await signIn(secret)).status).toBe(401);
  await h.operators.update(operator.id, { disabled: false });
  expect((await h.ask('GET', '/me', { cookie })).status).toBe(401);
  expect((await signIn(secret)).status).toBe(401);
});

test('a new role counts from the next request on', async () => {
  const { operator, cookie } = await h.operator('operator');
  expect((await h.ask('GET', '/entries', { cookie })).status).toBe(200);
  await h.operators.update(operator.id, { role: 'viewer' });
  expect((await h.ask('GET', '/entries', { cookie })).status).toBe(403);
});

test('two session cookies in one request count as none', async () => {
  const [one, two] = [await h.operator('viewer'), await h.operator('owner')];
  const both = `${one.cookie}; ${two.cookie}`;
  expect((await h.ask('GET', '/me', { cookie: both })).status).toBe(401);
  expect((await h.ask('GET', '/me', { cookie: `a=1; ${one.cookie}; b=2` })).status).toBe(200);
});

test("the command line's token acts as the owner, until the next one is made", async () => {
  const first = h.operators.issueToken();
  const ask = (token: string) => h.ask('GET', '/me', undefined, { headers: { authorization: `Bearer ${token}` } });
  expect((await ask(first)).body).toMatchObject({ name: 'owner', role: 'owner' });
  const second = h.operators.issueToken();
  expect([(await ask(first)).status, (await ask(second)).status]).toEqual([401, 200]);
  expect((await ask(second.slice(0, -1))).status).toBe(401);
});

test('a link for a new operator is made, sent and used by the admin surface', async () => {
  const owner = await h.operator('owner');
  const created = await h.ask('POST', '/operators', owner, { payload: { name: 'bea', role: 'auditor' } });
  const link = await h.ask('POST', `/operators/${String(created.body['id'])}/sign-in-link`, owner);
  const url = new URL(String(link.body['url']));
  expect([url.host, url.pathname, url.search]).toEqual([host, '/sign-in', '']);
  expect((await signIn(url.hash.slice(1))).body).toMatchObject({ name: 'bea', role: 'auditor' });
});
