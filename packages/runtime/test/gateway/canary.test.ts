import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { importJWK, jwtVerify, type JWK } from 'jose';
import { expect, it } from 'vitest';
import { stage } from './stage.ts';
import { serve } from '../upstreams/support.ts';

/** Built, so that no scanner of secrets takes this file for one. */
const key = ['canary', 'Zx81q', '0f3c9a77e2'].join('-');
const shapes = [
  key,
  Buffer.from(key).toString('base64'),
  Buffer.from(`Bearer ${key}`).toString('base64'),
  encodeURIComponent(`Bearer ${key}`),
  Buffer.from(key).toString('hex'),
];

/** An API that says back whatever it was sent, in every way it can. */
async function startEcho() {
  const seen: Record<string, unknown>[] = [];
  const server = await serve((request, response) => {
    const { authorization = '' } = request.headers;
    seen.push({ ...request.headers });
    const echoed = {
      authorization,
      plain: key,
      base64: Buffer.from(authorization).toString('base64'),
      hex: Buffer.from(key).toString('hex'),
    };
    const path = request.url ?? '';
    const status = path.startsWith('/fails') ? 500 : 200;
    if (path.startsWith('/elsewhere')) {
      response.writeHead(302, { location: `http://127.0.0.1:9/${authorization}` }).end();
      return;
    }
    if (path.startsWith('/broken')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(`{"half": "${authorization}`);
      return;
    }
    response
      .writeHead(status, { 'content-type': 'application/json', 'x-echo': authorization })
      .end(JSON.stringify(echoed));
  });
  return { ...server, seen };
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((each) =>
    each.isFile() ? [join(each.parentPath, each.name)] : [],
  );

it('a tool’s key is on the wire and nowhere else: no answer, no error, no log, no file of the data folder', async () => {
  const echo = await startEcho();
  process.env['SALLYPORT_TEST_CANARY'] = key;
  const endpoint = (name: string) => `${name}: { method: GET, path: /${name} }`;
  const config = `
credentials: { api: { source: { env: SALLYPORT_TEST_CANARY }, upstreams: [up] } }
upstreams:
  up: { kind: endpoints, url: "${echo.url}", credential: api, firstUse: pin, endpoints: { ${['fine', 'fails', 'elsewhere', 'broken'].map(endpoint).join(', ')} } }
tools: { 'up__*': { effect: read, results: { trust: trusted } } }
guards: { redact: { mode: off } }`;
  const { open, lines, dataDir, admin, runtime } = await stage({ config });
  const { id, modern, token } = await open('ann', { claims: { customer: ['c-7'] } });
  const client = await modern();
  const said: unknown[] = [await client.listTools()];
  for (const name of ['fine', 'fails', 'elsewhere', 'broken']) {
    said.push(
      await client
        .callTool({ name: `up__${name}`, arguments: {} })
        .catch((error: unknown) => `${String(error)} ${JSON.stringify(error)}`),
    );
  }
  const cli = await admin();
  for (const route of ['upstreams.list', 'credentials.list', 'pins.list', 'tools.list'] as const)
    said.push(await cli.call(route, {}));
  said.push(await cli.call('entries.list', { query: { sessionId: id } }), await cli.call('settings.get', {}));
  await runtime.stop();
  const written = filesIn(dataDir).map((file) => readFileSync(file, 'latin1'));
  const everything = [JSON.stringify(said), lines.join('\n'), ...written].join('\n');
  for (const shape of shapes) expect(everything.includes(shape), shape).toBe(false);
  // The check sees something: each call reached the API with its key, and with no other credential.
  expect(echo.seen.length).toBeGreaterThanOrEqual(4);
  for (const headers of echo.seen) {
    expect(headers['authorization']).toBe(`Bearer ${key}`);
    expect(JSON.stringify(headers)).not.toContain(token);
  }
  expect(written.join('')).toContain('up__fine');
});

it('every call says to the API for whom it is made, in a way that the API can verify and nobody can use elsewhere', async () => {
  const echo = await startEcho();
  const config = `upstreams: { up: { kind: endpoints, url: "${echo.url}", firstUse: pin, endpoints: { fine: { method: GET, path: /fine } } } }`;
  const { open, runtime } = await stage({ config });
  const { id, modern } = await open('ann', { claims: { customer: ['c-7'] } });
  await (await modern()).callTool({ name: 'up__fine', arguments: {} });
  const statement = String(echo.seen[0]?.['sallyport-user-context']);
  const { keys } = (await (await fetch(`${runtime.url}/.well-known/jwks.json`)).json()) as { keys: JWK[] };
  const { payload } = await jwtVerify(statement, await importJWK(keys[0] as JWK, 'EdDSA'), {
    issuer: runtime.url,
    audience: new URL(echo.url).origin,
    typ: 'sallyport-user+jwt',
  });
  expect(payload).toMatchObject({
    sub: 'ann',
    sid: id,
    tool: 'fine',
    claims: { customer: ['c-7'] },
    act: { sub: expect.any(String) },
  });
  const answer = await fetch(`${runtime.url}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${statement}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
  });
  expect(answer.status).toBe(401);
});
