import type { Cost } from './gateway-load.ts';
import type { Measured } from './gateway-process.ts';
import type { Era } from './mcp-traffic.ts';
import { Pool } from 'undici';
import { orderOf, request, servers, steps } from './mcp-traffic.ts';

/** A gateway, or the server itself, as an MCP client meets it. */
export interface McpTarget {
  readonly process: Measured;
  readonly pool: Pool;
  /** Where it listens for clients of the era. */
  readonly path: (era: Era) => string;
  /** How it names the server's tools. */
  readonly prefixed: boolean;
  /** What the next caller says beside what the protocol wants: a session of its own, where the target has sessions. */
  readonly caller: () => Promise<Readonly<Record<string, string>>>;
}

export type Caller = Readonly<Record<string, string>>;

export const mcpTarget = (
  process: Measured,
  { path, prefixed, caller }: Pick<McpTarget, 'path' | 'prefixed' | 'caller'>,
): McpTarget => ({
  process,
  path,
  prefixed,
  caller,
  pool: new Pool(process.origin, { connections: 64, pipelining: 1 }),
});

let ids = 0;

export async function ask(
  { pool, path, process }: McpTarget,
  era: Era,
  caller: Caller,
  method: string,
  params: object,
): Promise<{ status: number; text: string; session: string | undefined }> {
  const { body, headers } = request(era, method, params, ++ids);
  const answer = await pool.request({
    path: path(era),
    method: 'POST',
    headers: { ...process.headers, ...headers, ...caller },
    body,
  });
  const session = answer.headers['mcp-session-id'];
  return {
    status: answer.statusCode,
    text: await answer.body.text(),
    session: typeof session === 'string' ? session : undefined,
  };
}

/** Callers that have introduced themselves and made one call: what a session costs once is not what a call costs. */
export async function callers(to: McpTarget, era: Era, count: number): Promise<Caller[]> {
  const found: Caller[] = [];
  for (let i = 0; i < count; i++) {
    let caller = await to.caller();
    if (era === '2025-11-25') {
      const info = { protocolVersion: era, capabilities: {}, clientInfo: { name: 'bench', version: '1.0.0' } };
      const { session, status, text } = await ask(to, era, caller, 'initialize', info);
      if (session === undefined) throw new Error(`${to.process.name} answered initialize ${status}: ${text}`);
      caller = { ...caller, 'mcp-session-id': session };
      const body = '{"jsonrpc":"2.0","method":"notifications/initialized"}';
      const { headers } = request(era, 'notifications/initialized', {}, 0);
      const sent = { ...to.process.headers, ...headers, ...caller };
      await (await to.pool.request({ path: to.path(era), method: 'POST', headers: sent, body })).body.dump();
    }
    await call(to, era, caller, i);
    found.push(caller);
  }
  return found;
}

export function nameOf({ prefixed }: McpTarget, era: Era, of: 'lookUp' | 'watch' | 'forbidden'): string {
  const { name, [of]: tool } = servers[era];
  return prefixed ? `${name}__${tool}` : tool;
}

/** One call, verified: a fast error is no speed. */
async function call(to: McpTarget, era: Era, caller: Caller, n: number): Promise<void> {
  const order = orderOf(n);
  const params = { name: nameOf(to, era, 'lookUp'), arguments: { order_id: order } };
  const { status, text } = await ask(to, era, caller, 'tools/call', params);
  if (status !== 200 || !text.includes(`"tracking":"TRK-${order.slice(2)}-7741"`)) throw wrongAnswer(to, status, text);
}

/** Calls by 16 callers at a time, each of whom makes `count / callers.length` of them, one after the other. */
export async function load(to: McpTarget, era: Era, by: readonly Caller[], count: number): Promise<Cost> {
  const each = Math.ceil(count / by.length);
  let next = 0;
  const work = async () => {
    for (let caller = by[next++]; caller; caller = by[next++]) {
      for (let i = 0; i < each; i++) await call(to, era, caller, next * each + i);
    }
  };
  return costOf(to, each * by.length, () => Promise.all(Array.from({ length: 16 }, work)));
}

/** Calls that report their progress, side by side; the cost is per message. */
export async function loadStreams(to: McpTarget, era: Era, by: readonly Caller[], times: number): Promise<Cost> {
  const work = async (caller: Caller, n: number) => {
    for (let i = 0; i < times; i++) {
      const params = { name: nameOf(to, era, 'watch'), arguments: { order_id: orderOf(n) } };
      const { status, text } = await ask(to, era, caller, 'tools/call', params);
      const told = text.split('"notifications/progress"').length - 1;
      if (status !== 200 || told !== steps || !text.includes('"tracking"')) throw wrongAnswer(to, status, text);
    }
  };
  return costOf(to, by.length * times * steps, () => Promise.all(by.map(work)));
}

async function costOf(to: McpTarget, count: number, work: () => Promise<unknown>): Promise<Cost> {
  const cpu = to.process.cpuSeconds();
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  return { cpuMicros: ((to.process.cpuSeconds() - cpu) * 1e6) / count, perSecond: count / seconds };
}

export const wrongAnswer = ({ process }: McpTarget, status: number, text: string): Error =>
  new Error(`${process.name} answered ${status}, not what the server said: ${text.slice(0, 600)}`);
