import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import type { CredentialStore } from '@sallyport/core';
import { openBench, use, type Bench } from './fixtures.ts';

const secret = 'k9-Zt/+Q~rotate=me';
const upstream = 'crm: {kind: mcp, url: "https://crm.example/mcp", credential: key}';
const yaml = (credential: string, upstreams = upstream) =>
  `upstreams:\n  ${upstreams}\ncredentials:\n  key: ${credential}\n`;
const fromEnv = (rest = '') => yaml(`{source: {env: KEY}, upstreams: [crm]${rest}}`);

let bench: Bench;
const open = async (...given: Parameters<typeof openBench>) => (bench = await openBench(...given));
afterEach(() => bench?.close());
const attach = (change: Parameters<typeof use>[0] = {}) => bench.broker.attach(use(change));
const refused = expect.objectContaining({ code: 'credential_unavailable' });

describe('what is attached', () => {
  test.each([
    ['', { headers: { authorization: `Bearer ${secret}` }, query: {} }],
    [
      ', attach: {kind: header, name: X-Api-Key, prefix: "Key "}',
      { headers: { 'x-api-key': `Key ${secret}` }, query: {} },
    ],
    [', attach: {kind: query, name: api_key}', { headers: {}, query: { api_key: secret } }],
    [
      ', attach: {kind: basic, username: ümit}',
      { headers: { authorization: `Basic ${Buffer.from(`ümit:${secret}`).toString('base64')}` }, query: {} },
    ],
  ])('is put where the configuration says: %s', async (kind, expected) => {
    await open(fromEnv(kind), { env: { KEY: secret } });
    const { headers, query } = await attach();
    expect({ headers: { ...headers }, query: { ...query } }).toEqual(expected);
  });

  test('is nothing where the upstream has no credential', async () => {
    await open('upstreams: {open: {kind: mcp, url: "https://open.example/mcp"}}');
    expect({ ...(await attach({ upstream: 'open', url: 'https://open.example/' })).headers }).toEqual({});
  });

  test('shows no value when it is printed, inspected or made into JSON', async () => {
    await open(fromEnv(', attach: {kind: query, name: api_key}'), { env: { KEY: secret } });
    const attached = await attach();
    for (const each of [attached, attached.query, attached.headers, bench.broker]) {
      expect(
        [
          inspect(each, { depth: 9, showHidden: true, getters: true }),
          JSON.stringify(each),
          // oxlint-disable-next-line no-base-to-string -- what it shows of itself is the question
          String(each),
        ].join(),
      ).not.toContain(secret);
    }
    expect({ ...attached.query }).toEqual({ api_key: secret });
  });

  test('for a program is what its environment names, and only that', async () => {
    const stdio = 'crm: {kind: stdio, command: node, env: {A: plain, TOKEN: {credential: key}}}';
    await open(yaml('{source: {env: KEY}, upstreams: [crm], attach: {kind: environment}}', stdio), {
      env: { KEY: secret },
    });
    expect(await bench.broker.environment('crm')).toEqual({ TOKEN: secret });
    await expect(bench.broker.environment('other')).rejects.toEqual(refused);
  });
});

describe('a credential goes nowhere but where it is bound', () => {
  test('that it went where it may go opens no other way to it', async () => {
    await open(fromEnv(', tools: [read]'), { env: { KEY: secret } });
    const url = 'https://crm.example/mcp';
    const good = { url, tool: 'read' };
    const before = await attach(good);
    expect(await attach(good)).toBe(before);
    for (const bad of [
      { url: 'https://evil.example/mcp', tool: 'read' },
      { url: 'http://crm.example/mcp', tool: 'read' },
      { url, tool: 'write' },
    ]) {
      await expect(attach(bad)).rejects.toEqual(refused);
      expect(await attach(good)).toBe(before);
    }
    await bench.broker.revoke('key');
    await expect(attach(good)).rejects.toEqual(refused);
    await bench.broker.restore('key');
    expect({ ...(await attach(good)).headers }).toEqual({ authorization: `Bearer ${secret}` });
  });

  test.each([
    'https://evil.example/api',
    'https://crm.example.evil.example/',
    'https://crm.example:8443/',
    'http://crm.example/',
    'http://crm.example:443/',
    'https://crm.example@evil.example/',
    'https://user:pass@crm.example/',
    'https://crm.example./',
    'https://crm.examрle/',
    'https://xn--crm-example-.example/',
    'https://CRM.EXAMPLE.:443/',
    'https://crm.example\\@evil.example/',
    'https://evil.example\t/@crm.example',
    'https:\n//crm.example/',
    ' https://crm.example/',
    'ftp://crm.example/',
    'file://crm.example/',
    '//crm.example/',
    'crm.example',
    '',
    'https://[::ffff:7f00:1]/',
    'https://0x7f.1/',
    'https://2130706433/',
  ])('%j is refused', async (url) => {
    await open(fromEnv(), { env: { KEY: secret } });
    await expect(attach({ url })).rejects.toEqual(refused);
  });

  test.each(['https://CRM.example/', 'https://crm.example:443/', 'HTTPS://crm.example/'])(
    '%j is the same host in another spelling',
    async (url) => {
      await open(fromEnv(), { env: { KEY: secret } });
      expect({ ...(await attach({ url })).headers }).toEqual({ authorization: `Bearer ${secret}` });
    },
  );

  test('every spelling of an address is that address, and no other', async () => {
    const local = 'crm: {kind: mcp, url: "http://127.0.0.1:8080/mcp", credential: key}';
    await open(yaml('{source: {env: KEY}, upstreams: [crm]}', local), { env: { KEY: secret } });
    for (const url of ['http://127.0.0.1:8080/', 'http://0x7f.1:8080/', 'http://2130706433:8080/']) {
      expect({ ...(await attach({ url })).headers }).toEqual({ authorization: `Bearer ${secret}` });
    }
    for (const url of ['http://127.0.0.1/', 'http://localhost:8080/', 'http://[::1]:8080/', 'http://127.0.0.2:8080/']) {
      await expect(attach({ url })).rejects.toEqual(refused);
    }
  });

  test('an IDN host is compared as the network knows it', async () => {
    const idn = 'crm: {kind: mcp, url: "https://bücher.example/mcp", credential: key}';
    await open(yaml('{source: {env: KEY}, upstreams: [crm], hosts: [BÜCHER.example]}', idn), { env: { KEY: secret } });
    await expect(attach({ url: 'https://xn--bcher-kva.example/' })).resolves.toBeDefined();
    await expect(attach({ url: 'https://bucher.example/' })).rejects.toEqual(refused);
  });

  test('hosts of the configuration count instead of the address, port included', async () => {
    const url = 'crm: {kind: openapi, document: api.yaml, credential: key}';
    await open(yaml('{source: {env: KEY}, upstreams: [crm], hosts: ["api.example:8443"]}', url), {
      env: { KEY: secret },
    });
    await expect(attach({ url: 'https://api.example:8443/x' })).resolves.toBeDefined();
    await expect(attach({ url: 'https://api.example/x' })).rejects.toEqual(refused);
    await expect(attach({ url: 'https://crm.example/x' })).rejects.toEqual(refused);
  });

  test('a tool that is not among its tools has none; lists do', async () => {
    await open(fromEnv(', tools: [read_*]'), { env: { KEY: secret } });
    await expect(attach({ tool: 'read_customer' })).resolves.toBeDefined();
    await expect(attach()).resolves.toBeDefined();
    await expect(attach({ tool: 'delete_customer' })).rejects.toEqual(refused);
    await expect(attach({ tool: 'Read_customer' })).rejects.toEqual(refused);
  });

  test('an upstream that is not among its upstreams has none', async () => {
    await open(fromEnv(), { env: { KEY: secret } });
    await expect(attach({ upstream: 'other' })).rejects.toEqual(refused);
    await expect(attach({ upstream: '__proto__' })).rejects.toEqual(refused);
  });
});

describe('a value', () => {
  test.each([
    ['is missing', undefined, ''],
    ['is empty', '', ''],
    ['is too short to be told from other text', 'abcde', ''],
    ['would forge a header', `${secret}\r\nx-admin: 1`, ''],
    ['would forge a header', `${secret}\nx-admin: 1`, ', attach: {kind: header, name: x-key}'],
    ['would forge a line of basic credentials', `${secret}\nx`, ', attach: {kind: basic, username: a}'],
    ['is no token', `${secret} ${secret}`, ''],
    ['is no header', `${secret}é`, ', attach: {kind: header, name: x-key}'],
    ['is too long', secret.repeat(5_000), ''],
  ])('that %s is refused, and not told', async (_, KEY, kind) => {
    await open(fromEnv(kind), { env: { KEY } });
    const fault = await attach().catch((error: unknown) => error);
    expect(fault).toEqual(refused);
    expect(inspect(fault)).not.toContain(secret);
    expect(bench.broker.list()).toMatchObject([{ state: 'failing', lastFailure: expect.stringContaining('key') }]);
  });

  test('of a file is another one as soon as the file is', async () => {
    await open(yaml('{source: {file: key.txt}, upstreams: [crm]}'));
    const file = join(bench.folder, 'key.txt');
    writeFileSync(file, 'first-value\n');
    expect((await attach()).headers['authorization']).toBe('Bearer first-value');
    writeFileSync(file, 'second-value!\r\n');
    expect((await attach()).headers['authorization']).toBe('Bearer second-value!');
    rmSync(file);
    await expect(attach()).rejects.toEqual(refused);
    expect(bench.broker.mask('first-value second-value!')).toBe('[credential] [credential]');
  });

  test('in a pipe, which would be waited for, is refused', async () => {
    await open(yaml('{source: {file: pipe}, upstreams: [crm]}'));
    execFileSync('/usr/bin/mkfifo', [join(bench.folder, 'pipe')]);
    await expect(attach()).rejects.toMatchObject({ detail: expect.stringContaining('is no file') });
  });

  test('is used as long as it is fresh, and not a moment longer', async () => {
    await open(fromEnv(', refreshSeconds: 60'), { env: { KEY: secret } });
    await attach();
    bench.env['KEY'] = undefined;
    bench.clock.advance(59_999);
    await expect(attach()).resolves.toBeDefined();
    bench.clock.advance(1);
    await expect(attach()).rejects.toEqual(refused);
    bench.env['KEY'] = 'rotated-value';
    bench.clock.advance(1_000);
    expect((await attach()).headers['authorization']).toBe('Bearer rotated-value');
  });

  test('is neither used on nor missed for longer because the clock was set back', async () => {
    await open(fromEnv(), { env: { KEY: secret } });
    await attach();
    bench.env['KEY'] = undefined;
    bench.clock.advance(-3_600_000);
    await expect(attach()).rejects.toEqual(refused);
    bench.env['KEY'] = 'rotated-value';
    bench.clock.advance(-3_600_000);
    expect((await attach()).headers['authorization']).toBe('Bearer rotated-value');
  });

  test('that was refused by the upstream is read anew, and tried again only where it is another', async () => {
    await open(fromEnv(), { env: { KEY: secret } });
    await attach();
    bench.clock.advance(1_000);
    expect(await bench.broker.rejected(use())).toBe(false);
    bench.env['KEY'] = 'rotated-value';
    // An upstream that always refuses does not make us ask a secret store each time.
    expect(await bench.broker.rejected(use())).toBe(false);
    bench.clock.advance(1_000);
    expect(await bench.broker.rejected(use())).toBe(true);
    expect((await attach()).headers['authorization']).toBe('Bearer rotated-value');
  });
});

describe('revoking', () => {
  test('counts at once and after a restart, until it is restored', async () => {
    await open(fromEnv(), { env: { KEY: secret } });
    await attach();
    const revoking = bench.broker.revoke('key');
    await expect(attach()).rejects.toEqual(refused);
    await revoking;
    const after = await bench.restart();
    await expect(after.attach(use())).rejects.toEqual(refused);
    expect(after.list()).toMatchObject([{ state: 'revoked' }]);
    await after.restore('key');
    await expect(after.attach(use())).resolves.toBeDefined();
    await expect(bench.broker.revoke('none')).rejects.toMatchObject({ code: 'not_found' });
  });

  test.each(['set', 'restore'] as const)('outlives a %s that was under way when it came', async (change) => {
    const writing = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    let isSlow = false;
    const turn = async () => {
      if (!isSlow) return;
      writing.resolve();
      await goOn.promise;
    };
    const store = (real: CredentialStore): CredentialStore => ({
      ...real,
      seal: async (...args) => {
        await turn();
        await real.seal(...args);
      },
      setRevoked: async (name, at) => {
        if (at === null) await turn();
        await real.setRevoked(name, at);
      },
    });
    await open(yaml('{source: {stored: true}, upstreams: [crm]}'), { store });
    await bench.broker.set('key', secret);
    if (change === 'restore') await bench.broker.revoke('key');
    isSlow = true;
    const changing = change === 'set' ? bench.broker.set('key', 'another-value') : bench.broker.restore('key');
    await writing.promise;
    const revoking = bench.broker.revoke('key');
    goOn.resolve();
    await Promise.allSettled([changing, revoking]);
    await expect(attach()).rejects.toEqual(refused);
    await expect((await bench.restart()).attach(use())).rejects.toEqual(refused);
  });

  test('reaches what is being attached', async () => {
    await open(fromEnv(), { env: { KEY: secret } });
    const attaching = attach();
    void bench.broker.revoke('key');
    await expect(attaching).rejects.toEqual(refused);
  });
});

describe('a stored one', () => {
  const stored = yaml('{source: {stored: true}, upstreams: [crm]}');

  test('is attached once it was set, also after a restart, and lies nowhere in clear', async () => {
    await open(stored);
    await expect(attach()).rejects.toMatchObject({ detail: expect.stringContaining('sallyport credentials set key') });
    await bench.broker.set('key', `${secret}\n`);
    expect((await attach()).headers['authorization']).toBe(`Bearer ${secret}`);
    expect((await (await bench.restart()).attach(use())).headers['authorization']).toBe(`Bearer ${secret}`);
    const row = await bench.store.sealed('key', 'value');
    expect(Buffer.from(row?.sealed ?? []).includes(secret)).toBe(false);
    await bench.broker.set('key', 'another-value');
    expect((await attach()).headers['authorization']).toBe('Bearer another-value');
  });

  test('is in force again when it is set after it was revoked', async () => {
    await open(stored);
    await bench.broker.set('key', secret);
    await bench.broker.revoke('key');
    await bench.broker.set('key', 'another-value');
    expect((await attach()).headers['authorization']).toBe('Bearer another-value');
  });

  test.each(['abc', 'with a space', 'line\nbreak', ''])(
    'is refused where no header could carry it: %j',
    async (value) => {
      await open(stored);
      await expect(bench.broker.set('key', value)).rejects.toMatchObject({ code: 'invalid_request', path: 'value' });
    },
  );

  test('cannot be set where it is kept elsewhere', async () => {
    await open(fromEnv(), { env: { KEY: secret } });
    await expect(bench.broker.set('key', secret)).rejects.toMatchObject({ code: 'invalid_request' });
  });
});
