import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Json, JsonObject } from '@sallyport/core';
import type { Served } from './served.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The JSON body, or the last message of a stream. */
  readonly json: JsonObject;
}

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string | string[] | undefined>;
  /** What is no string is sent as JSON. */
  readonly body?: unknown;
}

const both = 'application/json, text/event-stream';

/** A request as it stands, with the headers of a well-behaved client unless they are overridden; `undefined` leaves one out. */
export function open(served: Served, { method = 'POST', path = '/mcp', headers = {}, body }: Sent): ClientRequest {
  const all = {
    authorization: 'Bearer ada',
    accept: method === 'GET' ? 'text/event-stream' : both,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...headers,
  };
  const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  const sent = request({ port: served.port, host: '127.0.0.1', method, path, headers: kept as never });
  sent.on('error', () => undefined);
  sent.end(body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
  return sent;
}

export const responded = (sent: ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    sent.once('response', resolve);
    sent.once('error', reject);
  });

export async function send(served: Served, sent: Sent): Promise<Answer> {
  const response = await responded(open(served, sent));
  const text = Buffer.concat(await response.toArray()).toString('utf8');
  return { status: response.statusCode ?? 0, headers: response.headers, text, json: lastOf(text) };
}

function lastOf(text: string): JsonObject {
  const data = text.split('\n').findLast((line) => line.startsWith('data: '));
  try {
    return JSON.parse(data?.slice(6) ?? text) as JsonObject;
  } catch {
    return {};
  }
}

export const messagesOf = (text: string): JsonObject[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice(6)) as JsonObject);

/** The messages of a stream as they come. */
export async function* messages(response: IncomingMessage): AsyncGenerator<JsonObject & { readonly event?: string }> {
  let rest = '';
  for await (const bytes of response) {
    const events = (rest + (bytes as Buffer).toString('utf8')).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      const id = /^id: (.*)$/m.exec(event)?.[1];
      if (data !== undefined) yield { ...(JSON.parse(data) as JsonObject), ...(id === undefined ? {} : { event: id }) };
    }
  }
}

export const call = (method: string, params: JsonObject = {}, id: Json = 1) => ({ jsonrpc: '2.0', id, method, params });
export const note = (method: string, params: JsonObject = {}) => ({ jsonrpc: '2.0', method, params });

/** A 2025 session, and how to speak in it. */
export async function begin(served: Served, token = 'ada', protocolVersion = '2025-11-25') {
  const params = { protocolVersion, capabilities: { elicitation: {} }, clientInfo: { name: 'test', version: '1' } };
  const authorization = `Bearer ${token}`;
  const answer = await send(served, { headers: { authorization }, body: call('initialize', params) });
  const headers = { authorization, 'mcp-session-id': String(answer.headers['mcp-session-id']) };
  const post = (body: unknown, more: Sent['headers'] = {}): Sent => ({ headers: { ...headers, ...more }, body });
  return { answer, headers, post, send: (body: unknown, more: Sent['headers'] = {}) => send(served, post(body, more)) };
}

const version = '2026-07-28';
export const envelope: JsonObject = {
  'io.modelcontextprotocol/protocolVersion': version,
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A 2026 request with the headers that belong to it. */
export function modern(method: string, params: JsonObject = {}, headers: Sent['headers'] = {}): Sent {
  const name = params['name'] ?? params['uri'];
  return {
    body: call(method, { ...params, _meta: { ...envelope, ...((params['_meta'] ?? {}) as JsonObject) } }),
    headers: {
      'mcp-protocol-version': version,
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
      ...headers,
    },
  };
}
