import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import type { JsonObject } from '@sallyport/core';
import { serve, type Served } from './served.ts';

let served: Served;
beforeEach(async () => {
  served = await serve();
});
afterEach(async () => {
  expect(served.faults).toEqual([]);
  await served.close();
});

const requestInit = { headers: { authorization: 'Bearer ada' } };
const name = { name: 'test', version: '1' };
const form = { mode: 'form', message: 'Sure?', requestedSchema: { type: 'object', properties: {} } } as const;

describe('the official client of the 1.x line', () => {
  const connect = async () => {
    const client = new Client(name, { capabilities: { elicitation: {} } });
    const transport = new StreamableHTTPClientTransport(new URL(served.url), { requestInit });
    await client.connect(transport);
    return { client, transport };
  };

  it('lists and calls tools in a session that it ends', async () => {
    const { client, transport } = await connect();
    expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(['echo']);
    const result = await client.callTool({ name: 'echo', arguments: { a: 1 } });
    expect(result.content).toEqual([{ type: 'text', text: '{"a":1}' }]);
    expect(transport.protocolVersion).toBe('2025-11-25');
    await transport.terminateSession();
    await expect(client.listTools()).rejects.toThrow();
    await client.close();
  });

  it('sees progress, is asked, and hears that the tools are others now', async () => {
    const { client } = await connect();
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { sure: true } }));
    const changed = Promise.withResolvers<void>();
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => changed.resolve());
    served.gateway.handlers['tools/call'] = async (_, met) => {
      const { progressToken = 0 } = met.meta;
      met.notify('notifications/progress', { progressToken, progress: 1, total: 2 });
      return { content: [{ type: 'text', text: JSON.stringify(await met.ask?.('elicitation/create', form)) }] };
    };
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => void seen.push(progress);
    const result = await client.callTool({ name: 'echo' }, undefined, { onprogress });
    expect(result.content).toEqual([{ type: 'text', text: '{"action":"accept","content":{"sure":true}}' }]);
    expect(seen).toEqual([1]);
    await expect.poll(() => served.gateway.listeners.size).toBe(1);
    for (const { tell } of served.gateway.listeners) tell('notifications/tools/list_changed', {});
    await changed.promise;
    await client.close();
  });

  it('takes a call back, and the gateway stops', async () => {
    const { client } = await connect();
    const begun = Promise.withResolvers<AbortSignal>();
    served.gateway.handlers['tools/call'] = async (_, { signal }) => {
      begun.resolve(signal);
      return await new Promise<JsonObject>(() => undefined);
    };
    const stop = new AbortController();
    const called = client.callTool({ name: 'echo' }, undefined, { signal: stop.signal });
    const signal = await begun.promise;
    stop.abort('enough');
    await expect(called).rejects.toThrow('enough');
    await expect.poll(() => signal.aborted).toBe(true);
    await client.close();
  });
});

describe.each(['auto', { pin: '2026-07-28' }, 'legacy'] as const)('the official client of the 2.x line, %j', (mode) => {
  const connect = async () => {
    const client = new ModernClient(name, { capabilities: { elicitation: {} }, versionNegotiation: { mode } });
    await client.connect(new ModernTransport(new URL(served.url), { requestInit }));
    return client;
  };

  it('lists and calls tools, and sees progress', async () => {
    const client = await connect();
    expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(['echo']);
    served.gateway.handlers['tools/call'] = ({ arguments: given }, met) => {
      const { progressToken = 0 } = met.meta;
      met.notify('notifications/progress', { progressToken, progress: 1 });
      return { content: [{ type: 'text', text: JSON.stringify(given) }] };
    };
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => void seen.push(progress);
    const result = await client.callTool({ name: 'echo', arguments: { a: 1 } }, { onprogress });
    expect(result.content).toEqual([{ type: 'text', text: '{"a":1}' }]);
    expect(seen).toEqual([1]);
    await client.close();
  });

  it('is asked, in its era’s way', async () => {
    const client = await connect();
    client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: {} }));
    served.gateway.handlers['tools/call'] = async ({ inputResponses }, { ask }) => {
      const answered = ask
        ? await ask('elicitation/create', form)
        : (inputResponses as JsonObject | undefined)?.['sure'];
      if (!answered)
        return {
          resultType: 'input_required',
          inputRequests: { sure: { method: 'elicitation/create', params: form } },
        };
      return { content: [{ type: 'text', text: JSON.stringify(answered) }] };
    };
    const result = await client.callTool({ name: 'echo' });
    expect(result.content).toEqual([{ type: 'text', text: '{"action":"accept","content":{}}' }]);
    expect(served.gateway.handled.filter(({ method }) => method === 'tools/call')).toHaveLength(
      mode === 'legacy' ? 1 : 2,
    );
    await client.close();
  });

  it('repeats marked arguments in headers, and is believed', async () => {
    const schema = { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } };
    served.gateway.schemas['echo'] = schema;
    served.gateway.handlers['tools/list'] = () => ({ tools: [{ name: 'echo', inputSchema: schema }] });
    const client = await connect();
    await client.listTools();
    const result = await client.callTool({ name: 'echo', arguments: { region: 'Zürich ' } });
    expect(result.content).toEqual([{ type: 'text', text: '{"region":"Zürich "}' }]);
    await client.close();
  });
});
