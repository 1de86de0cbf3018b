import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Json } from '@sallyport/core';
import { decodeHeader } from '../../../src/surfaces/mcp/header-values.ts';
import { serve, type Served } from './served.ts';
import { begin, call, envelope, send, type Sent } from './wire.ts';

let served: Served;
let sessionId: string;
beforeAll(async () => {
  served = await serve();
  sessionId = (await begin(served)).headers['mcp-session-id'];
});
afterAll(async () => await served.close());

const methods = ['tools/call', 'tools/list', 'prompts/get', 'resources/read', 'ping', 'initialize', 'server/discover'];
const names = ['echo', 'Echo', 'ecſo', '=?base64?ZWNobw==?=', 'delete', '__proto__', ''];
const versions = ['2026-07-28', '2025-11-25', '2025-03-26', '2027-01-01', 'x'];
const one = <Value>(values: readonly Value[]) => fc.constantFrom(...values);
const odd = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;
const mostly = <Value>(usual: fc.Arbitrary<Value>, other: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: other });

const meta = mostly<Json | undefined>(
  one([envelope, undefined]),
  fc.oneof(
    odd,
    odd.map((value) => ({ ...envelope, 'io.modelcontextprotocol/protocolVersion': value })),
    odd.map((value) => ({ ...envelope, 'io.modelcontextprotocol/clientCapabilities': value })),
  ),
);
const params = fc
  .record({ name: mostly<Json>(one(names), odd), uri: mostly<Json>(one(names), odd), arguments: odd, _meta: meta })
  .map((all) => JSON.parse(JSON.stringify(all)) as Json);
const message = fc.record(
  {
    jsonrpc: mostly<Json>(fc.constant('2.0'), odd),
    id: mostly<Json>(one<Json>([1, 'a', 0]), odd),
    method: mostly<Json>(one(methods), odd),
    params: mostly<Json>(params, odd),
    result: odd,
  },
  { requiredKeys: ['jsonrpc', 'method'] },
);
const header = (values: readonly string[]) => fc.option(one(values), { nil: undefined });
const visible = /^[\t\x20-\x7e]*$/;
const headers = fc.record({
  'mcp-protocol-version': header(versions),
  'mcp-method': header(methods),
  'mcp-name': header(names.filter((name) => visible.test(name))),
  'mcp-session-id': header(['own', 'unknown', '']),
});

const sentOf = (body: unknown, given: Record<string, string | undefined>): Sent => ({
  body,
  headers: { ...given, 'mcp-session-id': given['mcp-session-id'] === 'own' ? sessionId : given['mcp-session-id'] },
});

it('whatever is sent, it is answered, in JSON-RPC, and never with a fault of ours', async () => {
  await fc.assert(
    fc.asyncProperty(mostly<unknown>(message, fc.oneof(odd, fc.string())), headers, async (body, given) => {
      const { status, text, json } = await send(served, sentOf(body, given));
      expect(status).toBeGreaterThanOrEqual(200);
      expect(status).toBeLessThan(500);
      if (text !== '') expect(json['jsonrpc']).toBe('2.0');
    }),
    { numRuns: 300 },
  );
  expect(served.faults).toEqual([]);
});

/** A request of either era that would pass, and one thing about its headers that may be another. */
const nearly = fc
  .record({
    method: one(['tools/call', 'tools/list', 'prompts/get', 'resources/read']),
    name: one(['echo', 'Echo', 'delete']),
    stateless: fc.boolean(),
    repeats: fc.boolean(),
    change: fc.option(
      fc.record({
        header: one(['mcp-protocol-version', 'mcp-method', 'mcp-name', 'mcp-session-id']),
        value: header(['2026-07-28', '2025-11-25', ...methods, 'echo', 'delete', '=?base64?ZWNobw==?=', 'unknown']),
      }),
    ),
  })
  .map(({ method, name, stateless, repeats, change }) => {
    const given: Record<string, string | undefined> = {
      'mcp-protocol-version': stateless ? '2026-07-28' : undefined,
      'mcp-session-id': stateless ? undefined : 'own',
      ...(stateless || repeats ? { 'mcp-method': method, 'mcp-name': name } : {}),
      ...(change ? { [change.header]: change.value } : {}),
    };
    const body = call(method, { name, uri: name, ...(stateless ? { _meta: envelope } : {}) });
    return { body, given };
  });

it('nothing reaches the gateway whose headers say another thing than its body', async () => {
  let reached = 0;
  const property = async ({
    body,
    given,
  }: {
    body: ReturnType<typeof call>;
    given: Record<string, string | undefined>;
  }) => {
    const before = served.gateway.handled.length;
    await send(served, sentOf(body, given));
    const [seen] = served.gateway.handled.slice(before);
    if (!seen) return;
    reached++;
    expect(seen).toMatchObject({ method: body.method, params: body.params });
    const stateless = given['mcp-protocol-version'] === '2026-07-28';
    if (!stateless) expect(given['mcp-session-id']).toBe('own');
    const { 'mcp-method': repeated, 'mcp-name': repeatedName } = given;
    if (stateless || repeated !== undefined) expect(repeated).toBe(body.method);
    if (seen.method === 'tools/list') return;
    if (stateless || repeatedName !== undefined) expect(decodeHeader(repeatedName ?? '')).toBe(body.params['name']);
  };
  await fc.assert(fc.asyncProperty(nearly, property), { numRuns: 500 });
  // A check that lets nothing through proves nothing.
  expect(reached).toBeGreaterThan(100);
  expect(reached).toBeLessThan(500);
});

it('a header’s value is read as one text, and what is read is what was written', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const base64 = Buffer.from(text, 'utf8').toString('base64');
      expect(decodeHeader(`=?base64?${base64}?=`)).toBe(Buffer.from(text, 'utf8').toString('utf8'));
    }),
  );
  fc.assert(
    fc.property(fc.base64String(), fc.string({ maxLength: 3 }), (base64, more) => {
      const read = decodeHeader(`=?base64?${base64}${more}?=`);
      if (read !== undefined) expect(Buffer.from(read, 'utf8').toString('base64')).toBe(base64 + more);
    }),
  );
});
