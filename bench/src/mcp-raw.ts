import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { Pool } from 'undici';
import { announce } from './gateway-process.ts';
import { eras, servers } from './mcp-traffic.ts';

/*
 * The least that could be called a tool gateway: look the caller up by the hash of its key, read the call, find the upstream
 * by the tool's prefix, send the call on under the tool's own name, read the answer and write it out again. Nothing is
 * decided, nothing is recorded, and nothing of the protocol is checked.
 */

const key = 'bench-key-0123456789';
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const callers = new Map([[hashOf(key), { agent: 'bench' }]]);
const pool = new Pool(process.env['UPSTREAM_ORIGIN'] ?? '', { connections: 256, pipelining: 1 });
const paths = new Map(eras.map((era) => [servers[era].name, servers[era].path]));
const pathOfEra = new Map<string, string>(eras.map((era) => [era, servers[era].path]));

interface Rpc {
  readonly method: string;
  readonly params?: { readonly name?: unknown };
}

/** The call as the upstream knows it. Without a tool the era says which upstream is meant. */
function routed(rpc: Rpc, headers: IncomingHttpHeaders): { path: string; rpc: Rpc; tool?: string } {
  const name = rpc.params?.name;
  if (rpc.method !== 'tools/call' || typeof name !== 'string') {
    const era = headers['mcp-protocol-version'] ?? '2025-11-25';
    return { path: pathOfEra.get(String(era)) ?? '/', rpc };
  }
  const at = name.indexOf('__');
  const tool = name.slice(at + 2);
  return { path: paths.get(name.slice(0, at)) ?? '/', rpc: { ...rpc, params: { ...rpc.params, name: tool } }, tool };
}

const passedOn = ['accept', 'content-type', 'mcp-protocol-version', 'mcp-method', 'mcp-session-id'];

async function passOn(headers: IncomingHttpHeaders, sent: Buffer, response: ServerResponse): Promise<void> {
  if (!callers.has(hashOf(headers.authorization?.slice('Bearer '.length) ?? '')))
    return void response.writeHead(401).end();
  const { path, rpc, tool } = routed(JSON.parse(sent.toString()) as Rpc, headers);
  const forwarded: Record<string, string> = {};
  for (const name of passedOn) {
    const value = headers[name];
    if (typeof value === 'string') forwarded[name] = value;
  }
  if (tool !== undefined && headers['mcp-name'] !== undefined) forwarded['mcp-name'] = tool;
  const answer = await pool.request({ path, method: 'POST', headers: forwarded, body: JSON.stringify(rpc) });
  const type = String(answer.headers['content-type'] ?? '');
  if (type.startsWith('text/event-stream')) return await stream(answer.body, response);
  const parts: Buffer[] = [];
  for await (const part of answer.body as AsyncIterable<Buffer>) parts.push(part);
  const text = Buffer.concat(parts).toString();
  const body = text === '' ? '' : JSON.stringify(JSON.parse(text));
  const session = answer.headers['mcp-session-id'];
  response.writeHead(answer.statusCode, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(typeof session === 'string' ? { 'mcp-session-id': session } : {}),
  });
  response.end(body);
}

async function stream(body: AsyncIterable<Buffer>, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let rest = '';
  for await (const part of body) {
    rest += part.toString();
    for (let end = rest.indexOf('\n\n'); end !== -1; end = rest.indexOf('\n\n')) {
      const data = rest.slice(rest.indexOf('data: ') + 6, end);
      rest = rest.slice(end + 2);
      response.write(`event: message\ndata: ${JSON.stringify(JSON.parse(data))}\n\n`);
    }
  }
  response.end();
}

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    passOn(request.headers, Buffer.concat(parts), response).catch(() => response.destroy());
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address)
    announce({ port: address.port, headers: { authorization: `Bearer ${key}` } });
});
