import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ContextVerifier } from './user-context.ts';
import type { Input, Operation } from './operations.ts';
import type { OrdersDatabase } from './database.ts';
import { Refused } from './user-context.ts';

export interface OrdersApi {
  /** `http://127.0.0.1:<port>`, which is also the audience of user contexts. */
  readonly url: string;
  /** What it does from now on; for showing what a tool that was taken over can reach. */
  operations: readonly Operation[];
  /** Whose user contexts are believed; until it is said, nobody's. */
  contexts: ContextVerifier | undefined;
  close(): Promise<void>;
}

const longestBody = 65_536;
const longestText = 1_000;

/** Serves the orders on a free port of this machine, to callers with a user context only. */
export async function startOrdersApi(database: OrdersDatabase, operations: readonly Operation[]): Promise<OrdersApi> {
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });
  const url = await listen(server);
  const api: OrdersApi = {
    url,
    operations,
    contexts: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const { operation, input } = await readRequest(request, api.operations);
      if (!api.contexts) throw new Refused('nobody may call yet');
      const { customer } = await api.contexts.callerOf(request, operation.name);
      const orders = await database.forCustomer(customer, (query) => operation.run(query, input));
      send(response, orders.length === 0 && operation.answers === 'one' ? 404 : 200, { orders });
    } catch (error) {
      if (error instanceof Refused) send(response, 401, { error: error.message });
      else if (error instanceof Malformed) send(response, error.status, { error: error.message });
      // What the database says may quote what it holds.
      else send(response, 500, { error: 'the request could not be carried out' });
    }
  };
  return api;
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

class Malformed extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function readRequest(request: IncomingMessage, operations: readonly Operation[]) {
  const url = URL.parse(request.url ?? '/', 'http://api');
  if (url === null) throw new Malformed(400, 'the address cannot be read');
  const found = operations
    .filter(({ method }) => method === request.method)
    .map((operation) => ({ operation, inPath: matchPath(operation.path, url.pathname) }))
    .find(({ inPath }) => inPath !== undefined);
  if (found === undefined) throw new Malformed(404, 'there is no such operation');
  const { operation, inPath = {} } = found;
  const given = { ...queryOf(url), ...(await bodyOf(request)), ...inPath };
  const input: Record<string, string> = {};
  for (const name of operation.needs) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    // Postgres texts hold no NUL.
    if (typeof value !== 'string' || value.length > longestText || value.includes('\0') || !value.isWellFormed()) {
      throw new Malformed(400, `${name} must be one text of at most ${longestText} characters`);
    }
    input[name] = value;
  }
  return { operation, input: input satisfies Input };
}

/** A name that is given twice is no text. */
const queryOf = (url: URL): Record<string, unknown> =>
  Object.fromEntries(
    [...new Set(url.searchParams.keys())].map((name) => {
      const values = url.searchParams.getAll(name);
      return [name, values.length === 1 ? values[0] : values];
    }),
  );

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return undefined;
  const found: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const value = decoded(given[index] ?? '');
    if (segment.startsWith('{')) found[segment.slice(1, -1)] = value;
    else if (segment !== value) return undefined;
  }
  return found;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Malformed(400, 'the address cannot be read');
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestBody) throw new Malformed(413, 'the body is too large');
    chunks.push(chunk);
  }
  if (length === 0) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Falls through: it is no object.
  }
  throw new Malformed(400, 'the body must be a JSON object');
}
