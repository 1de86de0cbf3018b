import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AttachedCredential } from '@sallyport/core';
import { openBench, use, type Bench } from './fixtures.ts';

/** A certificate that is its own authority, with its key. */
function certify(folder: string, name: string): void {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync(
    'openssl',
    [...args, '-keyout', key, '-out', cert, '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'],
    { stdio: 'ignore' },
  );
}

let folder: string;
let server: Server;
let bench: Bench;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-mtls-'));
  for (const name of ['server', 'sally', 'mallory']) certify(folder, name);
  const read = (name: string) => readFileSync(join(folder, name));
  const options = {
    key: read('server.key'),
    cert: read('server.pem'),
    ca: read('sally.pem'),
    requestCert: true,
    rejectUnauthorized: true,
  };
  server = createServer(options, (asked, response) =>
    response.end((asked.socket as TLSSocket).getPeerCertificate().subject.CN),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  bench = await openBench(`upstreams: {crm: {kind: mcp, url: "${url}", credential: key}}
credentials: {key: {source: {file: client.key}, upstreams: [crm], attach: {kind: mtls, certFile: client.pem, caFile: server.pem}}}`);
  copyFileSync(join(folder, 'server.pem'), join(bench.folder, 'server.pem'));
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await bench.close();
  rmSync(folder, { recursive: true });
});

const install = (name: string) => {
  copyFileSync(join(folder, `${name}.key`), join(bench.folder, 'client.key'));
  copyFileSync(join(folder, `${name}.pem`), join(bench.folder, 'client.pem'));
};
const url = () => `https://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
const call = ({ tls }: AttachedCredential) =>
  new Promise<string>((resolve, reject) => {
    const asked = request(url(), { ...tls, agent: false }, (answer) => {
      answer.setEncoding('utf8').on('data', resolve).on('error', reject);
    });
    asked.on('error', reject).end();
  });

test('a client certificate opens the connection, and the one that took its place does as soon as its files do', async () => {
  install('sally');
  expect(await call(await bench.broker.attach(use({ url: url() })))).toBe('sally');
  install('mallory');
  await expect(call(await bench.broker.attach(use({ url: url() })))).rejects.toThrow();
  install('sally');
  expect(await call(await bench.broker.attach(use({ url: url() })))).toBe('sally');
});

test('its key is taken out of texts, on lines and on one, and what is no key is refused', async () => {
  install('sally');
  await bench.broker.attach(use({ url: url() }));
  const key = readFileSync(join(folder, 'sally.key'), 'utf8').trimEnd();
  const body = key.split('\n').slice(1, -1).join('');
  for (const text of [key, JSON.stringify(key), key.replaceAll('\n', ' '), key.replaceAll('\n', '\\n')]) {
    expect(bench.broker.mask(`key: ${text}`)).not.toContain(body.slice(40, 60));
  }
  copyFileSync(join(folder, 'sally.pem'), join(bench.folder, 'client.key'));
  await expect(bench.broker.attach(use({ url: url() }))).rejects.toMatchObject({
    detail: expect.stringContaining('no private key in PEM'),
  });
});
