import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Captured } from './capture.ts';
import { credentialsShape, startedShape } from '../../src/cli/shapes.ts';
import { run } from './run.ts';

const value = 'canary-of-the-command-line';
let cwd: string;
let server: Server;
const interruption = new AbortController();
let ended: ReturnType<typeof run>;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sallyport-credentials-'));
  server = createServer((_, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await writeFile(
    join(cwd, 'sallyport.yaml'),
    `upstreams:
  crm: { kind: endpoints, url: "${url}", endpoints: {}, credential: crm-key }
  erp: { kind: endpoints, url: "${url}", endpoints: {}, credential: erp-key }
credentials:
  crm-key: { source: { stored: true }, upstreams: [crm] }
  erp-key: { source: { file: erp.txt }, upstreams: [erp] }
`,
  );
  const stdout = new Captured();
  ended = run(['dev', '--json', '--port', '0'], { cwd, stdout, interrupted: interruption.signal });
  await Promise.race([vi.waitUntil(() => stdout.text.includes('\n'), { timeout: 20_000 }), ended]);
  startedShape.parse(JSON.parse(stdout.text === '' ? (await ended).stderr : stdout.text));
}, 30_000);
afterAll(async () => {
  interruption.abort();
  await ended;
  server.close();
  await rm(cwd, { recursive: true, force: true });
});

const sallyport = (line: readonly string[], stdin?: string) =>
  run(line, { cwd, ...(stdin !== undefined && { stdin: Readable.from([Buffer.from(stdin)]) }) });
const states = async () => {
  const { credentials } = credentialsShape.parse(
    JSON.parse((await sallyport(['credentials', 'list', '--json'])).stdout),
  );
  return credentials.map(({ name, state }) => [name, state]);
};

describe('sallyport credentials', () => {
  test('says as a check which cannot be read', async () => {
    const { code, stdout } = await sallyport(['doctor']);
    expect(stdout).toMatch(/✗ Credentials {2}\d of 2 cannot be read:\n.*erp/s);
    expect(code).toBe(1);
  });

  test('sets a stored one from standard input, revokes it and restores it', async () => {
    await writeFile(join(cwd, 'erp.txt'), 'file-secret-value\n');
    expect(await sallyport(['credentials', 'set', 'crm-key'], `${value}\n`)).toMatchObject({
      code: 0,
      stdout: 'crm-key: set.\n',
    });
    // What could not be read is not read again at once.
    const doctor = async () => (await sallyport(['doctor'])).stdout;
    await expect.poll(doctor, { timeout: 10_000 }).not.toContain('✗ Credentials');
    expect((await sallyport(['credentials', 'revoke', 'crm-key'])).code).toBe(0);
    expect(await states()).toEqual([
      ['crm-key', 'revoked'],
      ['erp-key', expect.stringMatching(/ok|unused/)],
    ]);
    expect((await sallyport(['credentials', 'restore', 'crm-key'])).code).toBe(0);
    expect((await sallyport(['credentials', 'list'])).stdout).toMatch(
      /crm-key\s+stored\s+bearer\s+crm\s+127\.0\.0\.1:\d+/,
    );
  });

  test.each([
    [['credentials', 'set', 'crm-key', value], '', /command line is kept by the shell/],
    [['credentials', 'set', 'crm-key'], '', /No value came from standard input/],
    [['credentials', 'set', 'crm-key'], 'abc', />=6 characters|shorter than 6/],
    [['credentials', 'set', 'crm-key'], 'two\nlines-of-it', /line breaks/],
    [['credentials', 'set', 'erp-key'], value, /is not kept here but in: file/],
    [['credentials', 'set', 'crm-kye'], value, /Did you mean crm-key\?/],
    [['credentials', 'revoke', 'nothing-like-it'], '', /There is no credential/],
  ])('%j with %j on standard input is refused in words', async (line, stdin, words) => {
    const { code, stderr, stdout } = await sallyport(line, stdin);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(words);
    expect(`${stderr}${stdout}`).not.toContain(value);
  });

  test('what was set is in the log by name, and nowhere by value', async () => {
    const config = await sallyport(['config', 'show', '--json']);
    const { url, token } = JSON.parse(await readFile(join(cwd, '.sallyport/runtime.json'), 'utf8')) as {
      url: string;
      token: string;
    };
    const ask = async (path: string) =>
      await (await fetch(`${url}/admin/api${path}`, { headers: { authorization: `Bearer ${token}` } })).text();
    const log = await ask('/entries');
    expect(log).toContain('"action":"credentials.set","subject":"crm-key"');
    const seen = [log, await ask('/credentials'), await ask('/settings'), await ask('/settings/doctor'), config.stdout];
    for (const name of ['sallyport.db', 'sallyport.db-wal'])
      seen.push(await readFile(join(cwd, '.sallyport', name), 'latin1'));
    for (const secret of [value, 'file-secret-value']) {
      for (const form of [
        secret,
        Buffer.from(secret).toString('base64').slice(0, -4),
        Buffer.from(secret).toString('hex'),
      ]) {
        expect(seen.filter((text) => text.includes(form))).toEqual([]);
      }
    }
  });
});
