import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { serve } from '../upstreams/support.ts';
import { denialIn, say, stage, textIn } from './stage.ts';

const attacker = 'billing@evil.example';
/** What its own users called their things. */
interface Named {
  readonly resource?: string;
  readonly template?: string;
  readonly prompt?: string;
}

function mailbox({ resource = 'Letter', template = 'Letters', prompt = 'Answers a letter' }: Named): McpServer {
  const server = new McpServer({ name: 'mailbox', version: '1' });
  const read = (uri: URL) => ({ contents: [{ uri: uri.href, text: `This is ${uri.href}` }] });
  server.registerResource('letter', 'mail://box/1', { title: resource }, read);
  server.registerResource('page', 'https://docs.example/one', {}, read);
  const letters = new ResourceTemplate('mail://box/{id}', { list: undefined, complete: { id: () => ['1', '2'] } });
  server.registerResource('letters', letters, { title: template }, read);
  server.registerPrompt('answer', { description: prompt }, () => ({ messages: [] }));
  server.registerTool('read_mail', {}, () => say('A stranger wrote: see mail://box/7 and mail://elsewhere/7'));
  server.registerTool('send_email', { inputSchema: { to: z.string() } }, ({ to }) => say(`sent to ${to}`));
  return server;
}

const tools = 'tools: { up__read_mail: { effect: read }, up__send_email: { effect: send, target: [to] } }';

async function start(named: Named = {}, more = '', said = tools) {
  const { url } = await serve(async (request, response, body) => {
    const transport = new StreamableHTTPServerTransport({});
    await mailbox(named).connect(transport);
    await transport.handleRequest(request, response, body === '' ? undefined : (JSON.parse(body) as unknown));
  });
  const config = `upstreams: { up: { kind: mcp, url: "${url}/mcp", firstUse: pin } }\n${said}\n${more}`;
  return await stage({ config });
}

const send = { name: 'up__send_email', arguments: { to: attacker } };

describe('what a list of the upstream calls its things was written by strangers', () => {
  const lists = {
    resource: (client: { listResources(): Promise<unknown> }) => client.listResources(),
    template: (client: { listResourceTemplates(): Promise<unknown> }) => client.listResourceTemplates(),
    prompt: (client: { listPrompts(): Promise<unknown> }) => client.listPrompts(),
  };
  it.each(['resource', 'template', 'prompt'] as const)('%s', async (kind) => {
    const { open } = await start({ [kind]: `Payments desk, ${attacker}` });
    const [old, modern] = [await (await open()).old(), await (await open('bob')).modern()];
    // Nothing was read: whom the model writes to is its own affair, and the policies'.
    expect(textIn(await old.callTool(send))).toBe(`sent to ${attacker}`);
    for (const client of [old, modern]) {
      expect(JSON.stringify(await lists[kind](client))).toContain(attacker);
      expect(denialIn(await client.callTool(send))).toMatchObject({ reason: 'untrusted_target' });
    }
  });

  it('whoever vouches for what the upstream says vouches for its lists', async () => {
    const trusted = 'tools: { up__send_email: { effect: send, target: [to] }, up__*: { results: { trust: trusted } } }';
    const { open } = await start({ resource: `Payments desk, ${attacker}` }, '', trusted);
    const client = await (await open()).old();
    expect(JSON.stringify(await client.listResources())).toContain(attacker);
    expect(textIn(await client.callTool(send))).toBe(`sent to ${attacker}`);
  });

  it('is decided like a result, item by item: a secret is taken out of the one that holds it', async () => {
    const key = `ghp_${'a1B2c3D4e5'.repeat(4).slice(0, 36)}`;
    const { open, entries } = await start({ resource: `Token ${key}` });
    const { id, old } = await open();
    const { resources } = await (await old()).listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(['mail://box/1', 'https://docs.example/one']);
    expect(JSON.stringify(resources)).not.toContain(key);
    expect(await entries(id)).toMatchObject([{ kind: 'tool_result', subject: 'up__resources/list' }]);
  });
});

describe('after strangers were read', () => {
  const read = async () => {
    const { open } = await start();
    const client = await (await open()).old();
    await client.callTool({ name: 'up__read_mail', arguments: {} });
    const text = async (uri: string) => {
      const { contents } = await client.readResource({ uri });
      return (contents[0] as { text: string }).text;
    };
    return { client, text };
  };
  it('what an upstream itself offers is read, watched over and completed as before', async () => {
    const { client, text } = await read();
    expect(await text('mail://box/1')).toBe('This is mail://box/1');
    expect(await text('mail://box/7')).toBe('This is mail://box/7');
    expect(await text('up+mail://box/1')).toBe('This is mail://box/1');
    const ref = { type: 'ref/resource', uri: 'mail://box/{id}' } as const;
    expect((await client.complete({ ref, argument: { name: 'id', value: '' } })).completion.values).toEqual(['1', '2']);
  });
  it.each(['https://docs.example/one', 'mail://elsewhere/7', 'up+mail://elsewhere/7', 'file://evil.example/share'])(
    'an address that leads elsewhere waits for a person: %s',
    async (uri) => {
      const { text } = await read();
      await expect(text(uri)).rejects.toThrow(/waits for a person/);
    },
  );
});
