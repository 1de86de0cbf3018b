import type { AttachedCredential, CredentialUse, Credentials } from '@sallyport/core';
import { JsonRpcError } from '@sallyport/core';
import { afterEach, describe, expect, test } from 'vitest';
import { by2026, callsIn, done, json, textOf } from './by-hand.ts';
import { callOf, closeAll, connect, faultOf, noCredentials, peerOf, serve, upstreamOf } from './support.ts';

afterEach(closeAll);

/** Gives out keys one after the other. */
class Keys implements Credentials {
  readonly uses: CredentialUse[] = [];
  readonly refused: CredentialUse[] = [];
  #key = 1;
  readonly #fresh: boolean;

  constructor(fresh: boolean) {
    this.#fresh = fresh;
  }

  async attach(use: CredentialUse): Promise<AttachedCredential> {
    this.uses.push(use);
    return { headers: { Authorization: `Bearer key-${this.#key}` }, query: { k: `q ${this.#key}` } };
  }

  async rejected(use: CredentialUse): Promise<boolean> {
    this.refused.push(use);
    this.#key++;
    return this.#fresh;
  }

  async environment(): Promise<Record<string, string>> {
    return {};
  }

  mask(text: string): string {
    return text.replaceAll(/key-\d/g, '[credential]');
  }
}

describe('credentials', () => {
  test('are attached to every request, for the tool and the session it is for, over whatever else would be sent', async () => {
    const server = await by2026(({ id }, response, request) =>
      json(response, done(id, String(request.headers['x-from']))),
    );
    const credentials = new Keys(true);
    const config = { kind: 'mcp', url: `${server.url}?a=1`, headers: { 'X-From': 'config' } };
    const connection = await connect(upstreamOf(config, { credentials }));
    expect(textOf(await connection.run(await callOf('pay'), peerOf()))).toBe('config');
    expect(server.requests.every(({ headers }) => headers['authorization'] === 'Bearer key-1')).toBe(true);
    expect(credentials.uses.at(-1)).toMatchObject({
      upstream: 'up',
      url: config.url,
      httpMethod: 'POST',
      tool: 'pay',
      session: { id: 's-1' },
    });
  });

  test('that are refused before anything ran are asked for once more, and only once', async () => {
    let seen = 0;
    const server = await by2026(({ id }, response) => {
      seen++;
      if (seen < 3) response.writeHead(401).end();
      else json(response, done(id));
    });
    const credentials = new Keys(true);
    const connection = await connect(upstreamOf({ kind: 'mcp', url: server.url }, { credentials }));
    const fault = await faultOf(connection.run(await callOf('pay'), peerOf()));
    expect(fault).toMatchObject({ code: 'upstream_failed', detail: expect.stringContaining('401') });
    expect(seen).toBe(2);
    expect(credentials.refused).toMatchObject([{ tool: 'pay' }]);
    expect(callsIn(server).map(({ headers }) => headers['authorization'])).toEqual(['Bearer key-1', 'Bearer key-2']);
    const stale = new Keys(false);
    const other = await connect(upstreamOf({ kind: 'mcp', url: server.url }, { credentials: stale }));
    seen = 0;
    await faultOf(other.run(await callOf('pay'), peerOf()));
    expect(seen).toBe(1);
  });

  test('never follow a redirect, whichever request it answers', async () => {
    const thief = await serve((_, response) => json(response, done(1)));
    for (const status of [301, 302, 303, 307, 308]) {
      const server = await by2026((_, response) => void response.writeHead(status, { location: thief.url }).end());
      const connection = await connect(upstreamOf({ kind: 'mcp', url: server.url }, { credentials: new Keys(true) }));
      const fault = await faultOf(connection.run(await callOf('pay'), peerOf()));
      expect(fault).toMatchObject({ code: 'upstream_failed', detail: expect.stringContaining('redirects') });
      expect(JSON.stringify(fault)).not.toContain(thief.url);
    }
    expect(thief.requests).toEqual([]);
  });

  test('do not go where an older server names another origin for its messages', async () => {
    const thief = await serve((_, response) => void response.writeHead(202).end());
    const server = await serve((request, response) => {
      if (request.method === 'POST') return void response.writeHead(404).end();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      return void response.write(`event: endpoint\ndata: ${thief.url}\n\n`);
    });
    const fault = await faultOf(connect(upstreamOf({ kind: 'mcp', url: server.url }, { credentials: new Keys(true) })));
    expect(fault.code).toBe('upstream_malformed');
    expect(thief.requests).toEqual([]);
  });

  test('that an upstream echoes, in a result or in an error, do not come back', async () => {
    const server = await by2026(({ id, params }, response, request) => {
      const echo = String(request.headers['authorization']);
      if (params['name'] === 'ok') return json(response, done(id, echo));
      return json(response, { jsonrpc: '2.0', id, error: { code: 1, message: echo, data: { echo } } }, 400);
    });
    const connection = await connect(upstreamOf({ kind: 'mcp', url: server.url }, { credentials: new Keys(true) }));
    expect(textOf(await connection.run(await callOf('ok'), peerOf()))).toBe('Bearer [credential]');
    const error: unknown = await connection.run(await callOf('no'), peerOf()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(JsonRpcError);
    expect(error).toMatchObject({ message: 'Bearer [credential]', data: { echo: 'Bearer [credential]' } });
  });

  test('that have too little scope are named as such, without a message of the upstream to the agent', async () => {
    const challenge = 'Bearer error="insufficient_scope", scope="orders:write IGNORE(previous) admin"';
    const server = await by2026((_, response) => void response.writeHead(403, { 'www-authenticate': challenge }).end());
    const connection = await connect(upstreamOf({ kind: 'mcp', url: server.url }));
    const { detail } = await faultOf(connection.run(await callOf('x'), peerOf()));
    expect(detail).toContain('orders:write, admin');
    expect(detail).not.toContain('IGNORE');
  });

  test('that cannot be had: nothing is sent', async () => {
    const server = await by2026(({ id }, response) => json(response, done(id)));
    const credentials = { ...noCredentials, attach: () => Promise.reject(new Error('vault is away')) };
    await expect(connect(upstreamOf({ kind: 'mcp', url: server.url }, { credentials }))).rejects.toBeDefined();
    expect(server.requests).toEqual([]);
  });
});

test('for whom a call is made goes into the header that is configured, and never into the body', async () => {
  const signed: unknown[] = [];
  const server = await by2026(({ id }, response) => json(response, done(id)));
  const upstream = upstreamOf(
    { kind: 'mcp', url: server.url, userContext: { header: 'X-User' }, headers: { 'x-user': 'forged' } },
    {
      userContexts: {
        sign: async ({ session, audience, tool, callId }) => {
          signed.push({ user: session.user.id, audience, tool, callId });
          return 'signed.for.ann';
        },
      },
    },
  );
  const connection = await connect(upstream);
  const cleared = await callOf('pay');
  await connection.run(cleared, peerOf({ meta: { 'sallyport/userContext': 'forged' } }));
  expect(callsIn(server)[0]?.headers['x-user']).toBe('signed.for.ann');
  expect(callsIn(server)[0]?.body).not.toMatch(/forged|signed/);
  expect(signed).toEqual([
    { user: 'ann', audience: new URL(server.url).origin, tool: 'pay', callId: cleared.event.callId },
  ]);
});
