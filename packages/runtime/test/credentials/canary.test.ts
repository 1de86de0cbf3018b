import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { aSession } from '../store/fixtures.ts';
import { openBench, use, type Bench } from './fixtures.ts';
import { openTokenServer, type TokenServer } from './token-server.ts';

const canary = (name: string) => `canary-${name}/${name.split('').toReversed().join('')}+42`;
const planted = ['env', 'file', 'stored', 'basic', 'query', 'program', 'client', 'refresh', 'subject', 'vault'].map(
  canary,
);
/** What the token endpoint gives: each is a canary as well. */
let given: string[] = [];

let server: TokenServer;
let bench: Bench;
afterEach(async () => {
  await bench?.close();
  await server?.close();
});

const names = ['env', 'file', 'stored', 'basic', 'query', 'client', 'refresh', 'exchange', 'vault'] as const;
const yaml = (url: string) => `upstreams:
${names.map((name) => `  ${name}: {kind: mcp, url: "https://${name}.example/mcp", credential: ${name}}`).join('\n')}
  program: {kind: stdio, command: node, env: {TOKEN: {credential: program}}}
credentials:
  env: {source: {env: ENV}, upstreams: [env]}
  file: {source: {file: file.txt}, upstreams: [file], attach: {kind: header, name: x-key}}
  stored: {source: {stored: true}, upstreams: [stored]}
  basic: {source: {env: BASIC}, upstreams: [basic], attach: {kind: basic, username: sally}}
  query: {source: {env: QUERY}, upstreams: [query], attach: {kind: query, name: key}}
  program: {source: {env: PROGRAM}, upstreams: [program], attach: {kind: environment}}
  client: {source: {env: CLIENT}, upstreams: [client], attach: {kind: client_credentials, tokenUrl: "${url}", clientId: sally, dpop: true}}
  refresh: {source: {env: REFRESH}, upstreams: [refresh], attach: {kind: refresh_token, tokenUrl: "${url}", clientId: sally, clientAuth: none}}
  exchange: {source: {env: CLIENT}, upstreams: [exchange], attach: {kind: token_exchange, audience: a, tokenUrl: "${url}", clientId: sally}}
  vault: {source: {vault: {address: "${new URL(url).origin}", path: secret/data/x, token: {env: VAULT}}}, upstreams: [vault]}
`;

/** How the servers behave: well, then in every way in which they may fail while they repeat what they were sent. */
const manners = ['well', 'echo as error', 'echo as text', 'redirect', 'wrong type', 'hang up'] as const;

function answerOf(manner: () => (typeof manners)[number]): TokenServer['answer'] {
  return (request, response) => {
    const echo = JSON.stringify([request.form, request.headers, atob((request.headers.authorization ?? '').slice(6))]);
    if (manner() === 'hang up') return void response.destroy();
    if (manner() === 'redirect')
      return void response.writeHead(302, { location: `/?${encodeURIComponent(echo)}` }).end(echo);
    if (manner() === 'echo as text')
      return void response.writeHead(500, echo.replaceAll(/[^\w ]/g, ' ').slice(0, 200)).end(echo);
    if (manner() === 'echo as error') {
      response.writeHead(400, { 'content-type': 'application/json' });
      return { error: request.form['refresh_token'] ?? echo, error_description: echo, errors: [echo] };
    }
    const token = `canary-access-${given.length}/token`;
    const next = `canary-refresh-${given.length}/token`;
    given.push(token, next);
    const type = request.headers['dpop'] === undefined ? 'Bearer' : 'DPoP';
    return {
      access_token: token,
      refresh_token: next,
      token_type: manner() === 'wrong type' ? token : type,
      expires_in: 60,
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      data: { data: { value: canary('vault') } },
    };
  };
}

const forms = (secret: string) => {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(before === 0 ? 0 : 4, -4),
  );
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), bytes.toString('hex'), ...base64];
};

test('whatever is done, and however it fails, no secret is in a fault, an answer or the data folder', async () => {
  given = [];
  let manner: (typeof manners)[number] = 'well';
  server = await openTokenServer(answerOf(() => manner));
  const session = aSession();
  const secrets = {
    ENV: 'env',
    BASIC: 'basic',
    QUERY: 'query',
    PROGRAM: 'program',
    CLIENT: 'client',
    REFRESH: 'refresh',
  };
  const env = Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, canary(secret)]));
  bench = await openBench(yaml(server.url), {
    env: { ...env, VAULT: canary('vault') },
    subjectTokens: { of: async () => ({ token: canary('subject'), kind: 'access' }) },
  });
  const { broker, clock } = bench;
  writeFileSync(join(bench.folder, 'file.txt'), canary('file'));
  await broker.set('stored', canary('stored'));
  const seen: string[] = [];
  const attached: string[] = [];
  const note = (what: unknown) =>
    void seen.push(inspect(what, { depth: 12, showHidden: true }), String(what), JSON.stringify(what) ?? '');
  const tryOut = async (work: () => Promise<unknown>) => {
    try {
      const done = await work();
      note(done);
      return done;
    } catch (error) {
      note(error);
      note(error instanceof Error ? [error.stack, error.cause, Object.entries(error)] : error);
      return undefined;
    }
  };
  for (const each of manners) {
    manner = each;
    clock.advance(301_000);
    for (const name of names) {
      const made = use({ upstream: name, url: `https://${name}.example/x`, session });
      await tryOut(() => broker.attach(made));
      await tryOut(() => broker.rejected(made));
      await tryOut(async () => {
        attached.push(...Object.values({ ...(await broker.attach(made)).headers }));
      });
      await tryOut(() => broker.attach({ ...made, url: `https://evil.example/?${name}` }));
    }
    note(Object.keys(await broker.environment('program')));
    note(await broker.check());
    note(broker.list());
  }
  env['PROGRAM'] = undefined as never;
  await tryOut(() => broker.set('env', canary('env')));
  await tryOut(() => broker.set('stored', `${canary('stored')}\n${canary('stored')}`));
  note(broker);

  // The test has seen what it looks for: it was all attached, and all of it went out.
  for (const value of [canary('env'), canary('stored')]) expect(attached.join(' ')).toContain(value);
  expect(given.length).toBeGreaterThan(10);
  expect(seen.filter((text) => text.includes('credential_unavailable')).length).toBeGreaterThan(20);
  const folder = join(bench.folder, 'data');
  const written = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
  expect(written.length).toBeGreaterThan(0);
  const everything = [...seen, ...written];
  for (const secret of [...planted, ...given]) {
    for (const form of forms(secret)) expect(everything.filter((text) => text.includes(form))).toEqual([]);
  }
  for (const secret of planted) {
    for (const before of ['', 'u', 'u:']) {
      const echoed = btoa(`${before}${secret}`);
      expect(broker.mask(`<${echoed}>`)).not.toContain(echoed.slice(6, -6));
    }
  }
});
