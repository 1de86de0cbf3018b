import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { serve, type Served } from './served.ts';

let served: Served;
beforeEach(async () => {
  served = await serve();
});
afterEach(async () => await served.close());

const requestInit = { headers: { authorization: 'Bearer ada' } };

describe('the official client of the 1.x line', () => {
  it('lists and calls tools in a session that it ends', async () => {
    const client = new Client({ name: 'test', version: '1' });
    const transport = new StreamableHTTPClientTransport(new URL(served.url), { requestInit });
    await client.connect(transport);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['echo']);
    const result = await client.callTool({ name: 'echo', arguments: { a: 1 } });
    expect(result.content).toEqual([{ type: 'text', text: '{"a":1}' }]);
    expect(transport.protocolVersion).toBe('2025-11-25');
    await transport.terminateSession();
    await client.close();
  });
});

describe.each(['auto', { pin: '2026-07-28' }, 'legacy'] as const)('the official client of the 2.x line, %j', (mode) => {
  it('lists and calls tools', async () => {
    const client = new ModernClient({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
    await client.connect(new ModernTransport(new URL(served.url), { requestInit }));
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['echo']);
    const result = await client.callTool({ name: 'echo', arguments: { a: 1 } });
    expect(result.content).toEqual([{ type: 'text', text: '{"a":1}' }]);
    await client.close();
  });
});
