import { createHash, createHmac, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { jwtVerify } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { loadClient } from '../../src/credentials/sources/client.ts';
import { openBench, use, type Bench } from './fixtures.ts';

const secret = 'from-the-store/+1';
type Answer = (request: IncomingMessage, body: string, response: ServerResponse) => unknown;

let bench: Bench | undefined;
let stop: (() => Promise<void>) | undefined;
const before = { ...process.env };
afterEach(async () => {
  await bench?.close();
  await stop?.();
  bench = undefined;
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
});

/** A secret store on this machine that speaks the real one's protocol, as far as one secret needs it. */
async function serve(answer: Answer): Promise<string> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = await answer(request, await text(request), response);
      if (body === undefined) return;
      if (!response.hasHeader('content-type')) response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(body));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const open = async (source: string, env: Record<string, string> = {}) => {
  bench = await openBench(
    `upstreams: {crm: {kind: mcp, url: "https://crm.example/mcp", credential: key}}
credentials: {key: {source: ${source}, upstreams: [crm], refreshSeconds: 60}}`,
    { env },
  );
  return bench;
};
const attached = async () => (await bench?.broker.attach(use()))?.headers['authorization'];
const refuse = (status: number, response: ServerResponse, body: unknown) => {
  response.statusCode = status;
  return body;
};

/** What every secret store must do for us, whoever it is. */
async function failsClosed(fail: (how: 'refuses' | 'hangs up') => void, told: RegExp): Promise<void> {
  for (const how of ['refuses', 'hangs up'] as const) {
    fail(how);
    bench?.clock.advance(60_000);
    const fault = await attached().catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'credential_unavailable', detail: expect.stringMatching(told) });
    expect(inspect(fault, { depth: 9 })).not.toMatch(/hvs\.token|from-the-store|AKIDEXAMPLE|a secret of the server/);
  }
}

describe('HashiCorp Vault', () => {
  const token = 'hvs.token-of-sallyport';
  const kv =
    (state: { how?: string; value: string; asked: string[] }): Answer =>
    (request, _, response) => {
      state.asked.push(`${request.method} ${request.url} ${String(request.headers['x-vault-namespace'] ?? '')}`);
      if (state.how === 'hangs up') return void response.destroy();
      if (state.how === 'redirects') return void response.writeHead(307, { location: `/v1/elsewhere` }).end();
      if (state.how === 'refuses' || request.headers['x-vault-token'] !== token) {
        return refuse(403, response, { errors: [`permission denied: a secret of the server ${token}`] });
      }
      return {
        request_id: '5e0c1e2f',
        lease_id: '',
        renewable: false,
        lease_duration: 0,
        data: { data: { key: state.value }, metadata: { version: 1, created_time: '2026-01-01T00:00:00Z' } },
      };
    };

  test('is read with the token of the environment or of a file, and again when it is time', async () => {
    const state: Parameters<typeof kv>[0] = { value: secret, asked: [] };
    const address = await serve(kv(state));
    const source = `{vault: {address: "${address}", path: secret/data/crm, field: key, token: {env: VAULT}, namespace: team}}`;
    const { broker, clock } = await open(source, { VAULT: token });
    expect(await attached()).toBe(`Bearer ${secret}`);
    state.value = 'rotated-in-vault';
    expect(await attached()).toBe(`Bearer ${secret}`);
    clock.advance(60_000);
    expect(await attached()).toBe('Bearer rotated-in-vault');
    expect(state.asked).toEqual(['GET /v1/secret/data/crm team', 'GET /v1/secret/data/crm team']);
    expect(broker.mask(`${token} ${secret} rotated-in-vault`)).toBe('[credential] [credential] [credential]');
    await failsClosed((how) => (state.how = how), /Vault answered secret\/data\/crm with/);
  });

  test('its token goes nowhere else: a redirect is not followed', async () => {
    const state: Parameters<typeof kv>[0] = { value: secret, asked: [], how: 'redirects' };
    const address = await serve(kv(state));
    await open(`{vault: {address: "${address}", path: secret/data/crm, field: key, token: {file: token}}}`);
    writeFileSync(join(bench?.folder ?? '', 'token'), `${token}\n`);
    await expect(attached()).rejects.toMatchObject({ detail: expect.stringContaining('status 307') });
    expect(state.asked).toHaveLength(1);
  });

  test('a secret without the field, or of another engine, is none', async () => {
    const state: Parameters<typeof kv>[0] = { value: secret, asked: [] };
    const address = await serve(kv(state));
    await open(`{vault: {address: "${address}", path: secret/data/crm, field: other, token: {env: VAULT}}}`, {
      VAULT: token,
    });
    await expect(attached()).rejects.toMatchObject({ detail: expect.stringContaining('no text other') });
  });
});

describe('AWS Secrets Manager', () => {
  const [id, key] = ['AKIDEXAMPLE', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'];
  const hmac = (with_: string | Buffer, data: string) => createHmac('sha256', with_).update(data).digest();
  const sha256 = (data: string) => createHash('sha256').update(data).digest('hex');

  /** AWS Signature Version 4, as the service itself verifies it. */
  function isSigned({ method = '', url = '', headers }: IncomingMessage, body: string): boolean {
    const match =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d+)\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)$/;
    const [, user, day = '', region = '', service = '', names = '', signature] =
      match.exec(headers.authorization ?? '') ?? [];
    const canonical = [
      method,
      url,
      '',
      ...names.split(';').map((name) => `${name}:${String(headers[name]).trim()}`),
      '',
      names,
      sha256(body),
    ].join('\n');
    const scope = `${day}/${region}/${service}/aws4_request`;
    const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
    const signing = [region, service, 'aws4_request'].reduce<Buffer>(
      (from, part) => hmac(from, part),
      hmac(`AWS4${key}`, day),
    );
    return user === id && service === 'secretsmanager' && hmac(signing, toSign).toString('hex') === signature;
  }

  test('is asked with signed requests, whole or for one field of a JSON secret', async () => {
    let how = '';
    let value: object = { SecretString: JSON.stringify({ key: secret, other: 1 }) };
    const endpoint = await serve((request, body, response) => {
      if (how === 'hangs up') return void response.destroy();
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      const asked = [request.headers['x-amz-target'], JSON.parse(body)];
      if (how === 'refuses' || !isSigned(request, body)) {
        return refuse(400, response, { __type: 'AccessDeniedException', Message: `a secret of the server ${id}` });
      }
      expect(asked).toEqual(['secretsmanager.GetSecretValue', { SecretId: 'prod/crm' }]);
      return { ARN: 'arn:aws:secretsmanager:eu-west-1:1:secret:prod/crm', Name: 'prod/crm', VersionId: 'v1', ...value };
    });
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key });
    const { clock } = await open(`{aws: {region: eu-west-1, secretId: prod/crm, field: key, endpoint: "${endpoint}"}}`);
    expect(await attached()).toBe(`Bearer ${secret}`);
    value = { SecretBinary: Buffer.from(JSON.stringify({ key: 'rotated-binary' })).toString('base64') };
    clock.advance(60_000);
    expect(await attached()).toBe('Bearer rotated-binary');
    value = { SecretString: JSON.stringify({ key: 5 }) };
    clock.advance(60_000);
    await expect(attached()).rejects.toMatchObject({
      detail: expect.stringContaining('no JSON object with the text key'),
    });
    await failsClosed((next) => (how = next), /AWS Secrets Manager answered with (status 400|[A-Z]+)/);
  });
});

describe('Google Secret Manager', () => {
  test('is asked over REST with a token that the service account signed', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    let how = '';
    const endpoint = await serve(async (request, _, response) => {
      if (how === 'hangs up') return void response.destroy();
      const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
      const { payload } = await jwtVerify(token, publicKey);
      if (how === 'refuses' || payload.iss !== 'sallyport@project.iam.gserviceaccount.com') {
        return refuse(403, response, {
          error: { code: 403, message: 'a secret of the server', status: 'PERMISSION_DENIED' },
        });
      }
      expect(URL.parse(request.url ?? '', 'http://x')?.pathname).toBe(
        '/v1/projects/p/secrets/crm/versions/latest:access',
      );
      return { name: 'projects/1/secrets/crm/versions/3', payload: { data: Buffer.from(secret).toString('base64') } };
    });
    await open(`{gcp: {secret: projects/p/secrets/crm/versions/latest, endpoint: "${endpoint}"}}`);
    const file = join(bench?.folder ?? '', 'account.json');
    const account = {
      type: 'service_account',
      project_id: 'p',
      private_key_id: '1',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      client_email: 'sallyport@project.iam.gserviceaccount.com',
      client_id: '1',
    };
    writeFileSync(file, JSON.stringify(account));
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = file;
    expect(await attached()).toBe(`Bearer ${secret}`);
    await failsClosed((next) => (how = next), /Google Secret Manager answered with|did not come/);
  }, 60_000);
});

describe('Azure Key Vault', () => {
  test('is asked again with the token that its challenge wants, had by the managed identity', async () => {
    let how = '';
    const asked: string[] = [];
    const url = await serve((request, _, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
      asked.push(pathname);
      if (pathname === '/msi/token') {
        expect(request.headers['x-identity-header']).toBe('identity');
        expect(searchParams.get('resource')).toBe('https://vault.azure.net');
        const expires = Math.floor(Date.now() / 1000) + 3_600;
        return {
          access_token: 'token-of-the-machine',
          expires_on: expires,
          resource: 'https://vault.azure.net',
          token_type: 'Bearer',
        };
      }
      if (how === 'hangs up') return void response.destroy();
      if (request.headers.authorization !== 'Bearer token-of-the-machine') {
        response.setHeader(
          'www-authenticate',
          'Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net"',
        );
        return refuse(401, response, { error: { code: 'Unauthorized', message: 'no token' } });
      }
      if (how === 'refuses')
        return refuse(403, response, { error: { code: 'Forbidden', message: 'a secret of the server' } });
      expect(searchParams.get('api-version')).toMatch(/^\d/);
      return { value: secret, id: `${url}/secrets/crm/1`, attributes: { enabled: true } };
    });
    Object.assign(process.env, {
      IDENTITY_ENDPOINT: `${url}/msi/token`,
      IDENTITY_HEADER: 'identity',
      AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
    });
    await open(`{azure: {vaultUrl: "${url}", name: crm}}`);
    expect(await attached()).toBe(`Bearer ${secret}`);
    expect(asked.filter((path) => path !== '/msi/token')).toEqual(['/secrets/crm/', '/secrets/crm/']);
    await failsClosed((next) => (how = next), /Azure Key Vault answered with/);
  }, 60_000);
});

test('a client library that is not installed is named, with how to install it', async () => {
  const missing = 'a-package-that-is-not-there';
  await expect(loadClient(missing, () => import(missing))).rejects.toThrow(`npm install ${missing}`);
});

test('a secret store that hangs is given up after its time, and asked once by all who wait', async () => {
  let asked = 0;
  const address = await serve(() => void (asked += 1));
  const source = `{vault: {address: "${address}", path: secret/data/crm, field: key, token: {env: VAULT}}}`;
  const { clock } = await open(source, { VAULT: 'hvs.token-of-sallyport' });
  const late = Promise.allSettled([attached(), attached(), attached()]);
  await expect.poll(() => asked).toBe(1);
  clock.advance(10_000);
  for (const each of await late) {
    expect(each).toMatchObject({
      reason: { code: 'credential_unavailable', detail: expect.stringContaining('10000 ms') },
    });
  }
  expect(asked).toBe(1);
});
