import { readFileSync, readdirSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { run } from '../cli/run.ts';
import { serve } from '../upstreams/support.ts';
import { stage } from './stage.ts';

/** Built, so that no scanner of secrets takes this file for one. All lower case and of the characters that any place takes. */
const canary = (kind: string) => ['canary', kind, 'q8x1z', '0f3c9a77e2'].join('-');
const kinds = ['bearer', 'header', 'query', 'basic', 'client', 'access', 'program'].map(canary);
const shapes = (secret: string) => [
  secret,
  secret.toUpperCase(),
  Buffer.from(secret).toString('base64'),
  Buffer.from(`Bearer ${secret}`).toString('base64'),
  Buffer.from(`sally:${secret}`).toString('base64'),
  Buffer.from(secret).toString('hex'),
];

/** What a request was sent that is secret, as bare as an upstream can take it out. */
function secretOf({ headers, url = '' }: IncomingMessage): string {
  const { authorization = '' } = headers;
  const basic = /^Basic (.+)$/.exec(authorization)?.[1];
  const query = new URL(url, 'http://x').searchParams.get('key');
  return basic === undefined
    ? authorization.replace(/^\w+ /, '') || headers['x-key']?.toString() || query || 'none'
    : decodeURIComponent(atob(basic).split(':')[1] ?? '');
}

/** Every way in which an answer can repeat it. */
const manners: Readonly<Record<string, (secret: string, response: ServerResponse) => void>> = {
  result: (secret, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify({ secret })),
  refuses: (secret, response) =>
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${secret}", error="${secret}"` }).end(secret),
  forbids: (secret, response) =>
    response
      .writeHead(403, { 'www-authenticate': `Bearer error="insufficient_scope", scope="${secret}"` })
      .end(JSON.stringify({ error: { message: secret } })),
  fails: (secret, response) => response.writeHead(500, secret, { 'x-why': secret }).end(secret),
  redirects: (secret, response) => response.writeHead(307, { location: `https://${secret}.example/${secret}` }).end(),
  type: (secret, response) => response.writeHead(200, { 'content-type': `application/${secret}` }).end('\0bytes'),
  image: (secret, response) => response.writeHead(200, { 'content-type': `image/${secret}` }).end('\0bytes'),
  broken: (secret, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(`{"a": ${secret}`),
  encoding: (secret, response) => response.writeHead(200, { 'content-encoding': secret }).end(secret),
  session: (secret, response) =>
    response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': secret }).end(secret),
  events: (secret, response) =>
    response
      .writeHead(200, { 'content-type': 'text/event-stream' })
      .end(`id: ${secret}\nevent: endpoint\ndata: https://${secret}/\n\n`),
  odd: (secret, response) => response.socket?.end(`HTTP/1.1 200 ${secret}\r\n${secret}\r\n\r\n`),
  rpc: (secret, response) =>
    response.writeHead(400, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        jsonrpc: '2.0',
        id: null,
        error: { code: -32000, message: secret, data: { [secret]: secret } },
      }),
    ),
};

/** A server of 2025-11-25 with one tool, so that there is something to call. Whether it was not asked for that. */
function speaksMcp({ method: http, url = '' }: IncomingMessage, response: ServerResponse, body: string): boolean {
  const kind = /mcp-(\w+)/.exec(url)?.[1];
  if (kind === undefined) return false;
  const { id, method = '' } = (http === 'POST' ? JSON.parse(body) : {}) as { id?: number; method?: string };
  if (method === 'tools/call') return false;
  const results: Readonly<Record<string, object>> = {
    initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } },
    'tools/list': { tools: [{ name: `any-${kind}`, inputSchema: { type: 'object' } }] },
  };
  const answer = results[method] ? { result: results[method] } : { error: { code: -32601, message: 'none' } };
  response.writeHead(http !== 'POST' ? 405 : id === undefined ? 202 : 200, { 'content-type': 'application/json' });
  response.end(id === undefined ? '' : JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
  return true;
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((each) =>
    each.isFile() ? [join(each.parentPath, each.name)] : [],
  );

/** How each is attached; `ECHO` stands for the upstreams' address. */
const attached: Readonly<Record<string, string>> = {
  bearer: '{ kind: bearer }',
  header: '{ kind: header, name: X-Key }',
  query: '{ kind: query, name: key }',
  basic: '{ kind: basic, username: sally }',
  client: '{ kind: client_credentials, tokenUrl: "ECHO/token", clientId: sally }',
};
const names = Object.keys(attached);
const variableOf = (name: string): string => `CANARY_${name.toUpperCase()}`;
const lines = (line: (name: string) => string): string => names.map((name) => `  ${line(name)}\n`).join('');

const config = (echo: string, program: string): string =>
  `
credentials:
${lines((name) => `${name}: { source: { env: ${variableOf(name)} }, upstreams: [${name}, mcp-${name}], attach: ${attached[name]} }`)}
  program: { source: { env: CANARY_PROGRAM }, upstreams: [program], attach: { kind: environment } }
upstreams:
${lines((name) => `${name}: { kind: endpoints, url: "ECHO", credential: ${name}, firstUse: pin, endpoints: { get-${name}: { method: GET, path: /get } } }`)}
${lines((name) => `mcp-${name}: { kind: mcp, url: "ECHO-${name}", credential: ${name}, firstUse: pin }`)}
  program: { kind: stdio, command: node, args: ["${program}"], firstUse: pin, env: { KEY: { credential: program } } }
tools: { '*__*': { effect: read, results: { trust: trusted } } }
guards: { redact: { mode: off } }`.replaceAll('ECHO', echo);

/** Shows its variable in every way that it has, and ends. */
const shows = `const { KEY } = process.env;
process.stderr.write(KEY + '\\n');
process.stdout.write(KEY + '\\n');
throw new Error(KEY);`;

/** An upstream of each kind; what they were sent that is secret, and in which manner they answer. */
async function startEcho() {
  const state = { manner: 'result', sent: new Set<string>() };
  const server = await serve((request, response, body) => {
    const secret = secretOf(request);
    state.sent.add(secret);
    if (request.url?.endsWith('/token')) {
      const token = { access_token: canary('access'), token_type: 'Bearer', expires_in: 600 };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(token));
    } else if (!speaksMcp(request, response, body)) manners[state.manner]?.(secret, response);
  });
  return Object.assign(state, { url: server.url });
}

async function openFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-canary-'));
  const program = join(folder, 'program.mjs');
  writeFileSync(program, shows);
  for (const name of [...names, 'program']) process.env[variableOf(name)] = canary(name);
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
    for (const name of [...names, 'program']) delete process.env[variableOf(name)];
  });
  return { folder, program };
}

test('of no kind of credential, however an upstream repeats it, is anything in an answer, a log, a command’s output or a file', async () => {
  const echo = await startEcho();
  const { folder, program } = await openFolder();
  const { open, lines: logged, dataDir, admin, runtime } = await stage({ config: config(echo.url, program) });
  const { id, modern, old } = await open();
  const said: unknown[] = [];
  const note = async (work: Promise<unknown>) =>
    said.push(await work.catch((error: unknown) => [String(error), JSON.stringify(error), (error as Error).stack]));
  const [client, older, operator] = [await modern(), await old(), await admin()];
  for (const manner of Object.keys(manners)) {
    echo.manner = manner;
    for (const name of names) {
      await note(client.callTool({ name: `${name}__get-${name}`, arguments: {} }));
      await note(older.callTool({ name: `mcp-${name}__any-${name}`, arguments: {} }));
    }
    await note(client.listTools());
  }
  for (const route of ['upstreams.list', 'credentials.list', 'pins.list', 'tools.list'] as const)
    await note(operator.call(route, {}));
  await note(operator.call('entries.list', { query: { sessionId: id } }));
  for (const command of [['doctor'], ['credentials', 'list'], ['tools', 'list']])
    await note(run([...command, '--data', dataDir], { cwd: folder }));
  await runtime.stop();
  const written = filesIn(dataDir).map((file) => readFileSync(file, 'latin1'));
  const everything = [...said.map((each) => JSON.stringify(each)), ...logged, ...written];
  for (const shape of kinds.flatMap(shapes)) {
    const found = everything.find((text) => text.includes(shape));
    expect(found?.slice(Math.max(0, found.indexOf(shape) - 200)).slice(0, 300), shape).toBeUndefined();
  }
  // All of it was sent, and repeated.
  for (const secret of kinds.filter((each) => each !== canary('program'))) expect(echo.sent).toContain(secret);
  expect(JSON.stringify(said).split('[credential]').length).toBeGreaterThan(names.length * 10);
}, 120_000);
