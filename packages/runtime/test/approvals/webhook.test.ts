import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Secret, parseConfig } from '@sallyport/core';
import type { Clock, WebhookConfig } from '@sallyport/core';
import { ApprovalWebhook } from '../../src/approvals/index.ts';
import { systemClock } from '../../src/clock.ts';
import { approvalOf, openHeld, type Held } from './held.ts';

const secret = 'shared with the chat';

interface Received {
  readonly path: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A chat's webhook that checks signatures, and answers as it is told. */
async function startChat(answers: ((attempt: number) => { status: number; headers?: Record<string, string> })[] = []) {
  const received: Received[] = [];
  const forged: string[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    const { 'x-sallyport-timestamp': at, 'x-sallyport-signature': signature } = request.headers;
    const mac = createHmac('sha256', secret)
      .update(`v1:${String(at)}:${body}`)
      .digest('hex');
    if (signature !== `v1=${mac}`) forged.push(body);
    received.push({ path: request.url, headers: request.headers, body });
    const { status, headers } = answers[0]?.(received.length) ?? { status: 200 };
    response.writeHead(status, headers).end('ok');
  };
  const server = createServer((request, response) => void take(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve)));
  return { url: `http://127.0.0.1:${port}/services/T0/token`, received, forged, close };
}

/** The machine's clock, with retries that do not wait. */
const hasty: Clock = { ...systemClock, after: (_, then) => systemClock.after(1, then) };

let h: Held;
let closing: (() => unknown)[];
beforeEach(async () => {
  h = await openHeld();
  closing = [];
});
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  await h.close();
});

function notify(url: string, change: Partial<WebhookConfig> = {}, clock = hasty): ApprovalWebhook {
  const config = { format: 'slack', timeoutMs: 500, retries: 3, ...change } as const;
  const webhook = new ApprovalWebhook({
    config: { url: new Secret(url, 'url'), secret: new Secret(secret, 'secret'), ...config },
    approvals: h.approvals,
    audit: h.audit,
    clock,
    newId: h.newId,
    tenant: 'default',
    baseUrl: () => 'https://sallyport.example',
    onFault: (what, error) => h.faults.push(`${what}: ${String(error)}`),
  });
  closing.push(() => webhook.close());
  return webhook;
}

async function chat(...answers: Parameters<typeof startChat>[0] & object) {
  const started = await startChat(answers);
  closing.push(started.close);
  return started;
}

const failures = async () =>
  (await h.store.entries.list({ limit: 50 })).flatMap((entry) =>
    entry.phase === 'operator' && entry.action === 'approvals.notify' ? [entry.detail] : [],
  );

describe('a new approval', () => {
  test('is told to the chat once, signed, with what is needed to decide whether to look', async () => {
    const { url, received, forged } = await chat();
    notify(url);
    h.reasons = [
      {
        code: 'untrusted_target',
        path: 'arguments.to',
        value: 'eve@evil.example',
        source: { message: 3, role: 'tool', tool: 'read_ticket' },
      },
    ];
    const session = await h.openSession();
    const { decision } = await h.propose(session, { to: 'eve@evil.example', body: 'the whole customer list' });
    const id = approvalOf(decision);
    await expect.poll(() => received.length).toBe(1);
    await h.propose(session, { to: 'eve@evil.example', body: 'the whole customer list' });
    expect(forged).toEqual([]);
    const [{ body, path, headers }] = received as [Received];
    expect(path).toBe('/services/T0/token');
    expect(headers['x-sallyport-delivery']).toBe(id);
    for (const part of ['send_email', 'support', 'ann', 'eve@evil.example', 'read_ticket', id]) {
      expect(body).toContain(part);
    }
    expect(body).toContain(`https://sallyport.example/approvals/${id}`);
    expect(body).not.toContain('customer list');
    expect(received).toHaveLength(1);
  });

  test('holds no mark-up, mention, link or hidden character of the agent', async () => {
    const { url, received } = await chat();
    notify(url);
    const hostile = '<!channel> <https://evil.example|ok> `x` & \u202e\u200b*bold*\n*Approved*';
    h.reasons = [{ code: 'untrusted_target', path: 'arguments.to', value: hostile }];
    await h.propose(await h.openSession(), {}, { tool: hostile });
    await expect.poll(() => received.length).toBe(1);
    const [{ body }] = received as [Received];
    expect(body).not.toMatch(/[<>`\u202e\u200b]/);
    expect(body).toContain('&lt;!channel&gt;');
    expect(body).toContain('⟨U+202E⟩⟨U+200B⟩');
    const { blocks, mrkdwn } = JSON.parse(body) as { blocks: object[]; mrkdwn: boolean };
    expect(mrkdwn).toBe(false);
    expect(JSON.stringify(blocks)).not.toContain('"mrkdwn"');
    // A line of its own would look like one of ours.
    expect(JSON.stringify(blocks)).not.toContain('\\n*Approved*');
  });

  test('is told in plain JSON where that is configured', async () => {
    const { url, received, forged } = await chat();
    notify(url, { format: 'json' });
    const id = approvalOf((await h.propose(await h.openSession())).decision);
    await expect.poll(() => received.length).toBe(1);
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
      type: 'approval.requested',
      approval: { id, tool: 'send_email', agent: 'support', user: 'ann', approvers: 1 },
    });
    expect(forged).toEqual([]);
  });
});

describe('a chat that fails', () => {
  test.each([429, 500, 503])(
    'with %i is asked again until it takes the notice, each time signed anew',
    async (status) => {
      const { url, received, forged } = await chat((attempt) => ({ status: attempt < 3 ? status : 200 }));
      notify(url);
      await h.propose(await h.openSession());
      await expect.poll(() => received.length).toBe(3);
      expect(new Set(received.map(({ body }) => body)).size).toBe(1);
      expect(forged).toEqual([]);
      expect(await failures()).toEqual([]);
    },
  );

  test('for good is given up, on record, and the approval waits all the same', async () => {
    const { url, received } = await chat(() => ({ status: 500 }));
    notify(url);
    const id = approvalOf((await h.propose(await h.openSession())).decision);
    await expect.poll(failures).toEqual(['failed: HTTP 500, after 4 attempts']);
    expect(received).toHaveLength(4);
    expect((await h.approvals.get(id)).state).toBe('pending');
    expect(h.faults).toEqual([]);
  });

  test.each([400, 403, 404])('with %i is not asked again', async (status) => {
    const { url, received } = await chat(() => ({ status }));
    notify(url);
    await h.propose(await h.openSession());
    await expect.poll(failures).toEqual([`failed: HTTP ${status}, after 1 attempt`]);
    expect(received).toHaveLength(1);
  });

  test('by sending us elsewhere is not followed', async () => {
    const elsewhere = await chat();
    const { url } = await chat(() => ({ status: 307, headers: { location: elsewhere.url } }));
    notify(url);
    await h.propose(await h.openSession());
    await expect.poll(failures).toEqual(['failed: HTTP 307, after 1 attempt']);
    expect(elsewhere.received).toEqual([]);
  });

  test('by not being there, or by never answering, holds nothing up', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => (silent.closeAllConnections(), silent.close(resolve))));
    const { port } = silent.address() as AddressInfo;
    notify('http://127.0.0.1:9/closed', { retries: 1 });
    notify(`http://127.0.0.1:${port}/silent`, { retries: 0, timeoutMs: 100 });
    const session = await h.openSession();
    for (let n = 0; n < 5; n++) {
      expect((await h.propose(session, { n })).decision.outcome).toBe('require_approval');
    }
    await expect.poll(async () => (await failures()).length).toBe(10);
    for (const detail of await failures()) expect(detail).not.toMatch(/closed|silent/);
  });

  test('is not waited for when the runtime stops', async () => {
    const { url, received } = await chat(() => ({ status: 503, headers: { 'retry-after': '60' } }));
    const webhook = notify(url, {}, systemClock);
    await h.propose(await h.openSession());
    await expect.poll(() => received.length).toBe(1);
    await webhook.close();
    expect(await failures()).toEqual([]);
  });
});

describe('the configuration', () => {
  const parse = (webhook: string) =>
    parseConfig(`approvals: {webhook: ${webhook}}`, { env: { KEY: secret }, readFile: () => '' }).approvals.webhook;

  test('takes the secret from its reference, and shows neither it nor the path of the address', () => {
    const webhook = parse('{url: "https://hooks.example/services/T0/token", secret: "${env:KEY}"}');
    expect(webhook?.secret?.reveal()).toBe(secret);
    expect(webhook?.url.reveal()).toBe('https://hooks.example/services/T0/token');
    expect(JSON.stringify(webhook)).not.toMatch(/token|shared/);
  });

  test.each([
    ['{url: "http://hooks.example/x"}', /in clear/],
    ['{url: "http://127.0.0.1.evil.example/x"}', /in clear/],
    ['{url: "ftp://hooks.example/x"}', /approvals\.webhook\.url/],
    ['{url: "https://user:pass@hooks.example/x"}', /credentials/],
    ['{url: "https://hooks.example/x", secret: "plain"}', /never the value itself/],
    ['{url: "https://hooks.example/x", secret: "${env:NONE}"}', /NONE is not set/],
    ['{url: "https://hooks.example/x", secret: "${file:empty}"}', /secret is empty/],
  ])('%s is refused', (webhook, why) => {
    expect(() => parse(webhook)).toThrow(why);
  });
});
