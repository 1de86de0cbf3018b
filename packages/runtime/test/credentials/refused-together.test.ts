import { afterEach, beforeEach, expect, test } from 'vitest';
import { openBench, use, type Bench } from './fixtures.ts';
import { openTokenServer, type TokenServer } from './token-server.ts';

const [one, two] = [use(), use()];
let server: TokenServer;
let bench: Bench;
beforeEach(async () => {
  server = await openTokenServer(({ headers }) => ({
    access_token: `access-${server.requests.length}`,
    token_type: headers['dpop'] === undefined ? 'Bearer' : 'DPoP',
    expires_in: 600,
  }));
});
afterEach(async () => {
  await bench?.close();
  await server.close();
});

async function open(attach: string) {
  bench = await openBench(
    `upstreams: {crm: {kind: mcp, url: "https://crm.example/mcp", credential: key}}
credentials: {key: {source: {env: KEY}, upstreams: [crm], attach: ${attach}}}`,
    { env: { KEY: 'first-value' } },
  );
  expect(await sent(one)).toBe(await sent(two));
}
const sent = async (call: typeof one) => (await bench.broker.attach(call)).headers['authorization'];
const oauth = () => `kind: client_credentials, clientId: sally, tokenUrl: "${server.url}"`;

test('of two calls that were refused one token, both have its successor, and one asks for it', async () => {
  await open(`{${oauth()}}`);
  expect(await bench.broker.rejected(one)).toBe(true);
  // Before the first has asked for another, and after.
  expect(await bench.broker.rejected(two)).toBe(true);
  expect(await sent(one)).toBe('Bearer access-2');
  expect(await bench.broker.rejected(two)).toBe(true);
  expect(await sent(two)).toBe('Bearer access-2');
  expect(server.requests).toHaveLength(2);
});

test('of two proofs that lack one nonce, neither costs the token', async () => {
  await open(`{${oauth()}, dpop: true}`);
  const refusal = { authenticate: 'DPoP error="use_dpop_nonce"', dpopNonce: 'from-upstream' };
  expect(await bench.broker.rejected(one, refusal)).toBe(true);
  expect(await bench.broker.rejected(two, refusal)).toBe(true);
  expect(await sent(two)).toBe('DPoP access-1');
  expect(server.requests).toHaveLength(1);
});

test.each([{}, { 'www-authenticate': 'Basic realm="x"' }])(
  'a client secret that was rotated since it was read is read anew as soon as the endpoint refuses it: %j',
  async (headers) => {
    await open(`{${oauth()}, clientAuth: post}`);
    const refusing = server.answer;
    server.answer = (request, response) => {
      if (request.form['client_secret'] === 'second-value') return refusing(request, response);
      response.writeHead(401, { 'content-type': 'application/json', ...headers });
      return { error: 'invalid_client' };
    };
    bench.clock.advance(600_000 - 30_000 - 1_000);
    await bench.broker.check();
    bench.clock.advance(2_000);
    bench.env['KEY'] = 'second-value';
    expect(await sent(one)).toBe('Bearer access-3');
    server.answer = (_, response) => {
      response.writeHead(401, { 'content-type': 'application/json', ...headers });
      return { error: 'invalid_client' };
    };
    bench.clock.advance(600_000);
    await expect(sent(one)).rejects.toMatchObject({ detail: expect.stringContaining('invalid_client') });
    expect(server.requests).toHaveLength(4);
  },
);

test('of two calls that were refused one value, both are sent again with the one that took its place', async () => {
  await open('{kind: bearer}');
  bench.clock.advance(1_000);
  bench.env['KEY'] = 'rotated-value';
  expect(await bench.broker.rejected(one)).toBe(true);
  expect(await bench.broker.rejected(two)).toBe(true);
  expect(await sent(two)).toBe('Bearer rotated-value');
  expect(await bench.broker.rejected(two)).toBe(false);
});
