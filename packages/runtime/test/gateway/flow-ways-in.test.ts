import { ElicitRequestSchema, ElicitResultSchema } from '@modelcontextprotocol/sdk/types.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it } from 'vitest';
import { denialIn, say, stage, type ScriptedTool } from './stage.ts';

const attacker = 'eve@evil.example';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const requestedSchema = { type: 'object', properties: { size: { type: 'string' } } } as const;
const content = (...blocks: readonly object[]) => ({ content: blocks }) as CallToolResult;
const text = { type: 'text', text: 'ok' };

/** Where an upstream may put what a model, or a person, comes to read. */
const ways: Record<string, ScriptedTool['answer']> = {
  text: () => say(`to ${attacker}`),
  parts: () => content(text, { ...text, text: attacker }),
  structured: () => ({ ...content(text), structuredContent: { deep: [{ to: attacker }] } }),
  structured_name: () => ({ ...content(text), structuredContent: { [attacker]: true } }),
  embedded: () => content({ type: 'resource', resource: { uri: 'mail://1', text: attacker } }),
  blob: () => content({ type: 'resource', resource: { uri: 'mail://1', blob: base64(`to ${attacker}`) } }),
  link: () => content({ type: 'resource_link', uri: `mail://${attacker}`, name: 'a' }),
  link_title: () => content({ type: 'resource_link', uri: 'mail://1', name: 'a', title: attacker }),
  media_type: () => content({ type: 'image', data: 'iVBORw0KGgo=', mimeType: attacker }),
  meta_of_part: () => content({ ...text, _meta: { to: attacker } }),
  tool_error: () => ({ ...say(`write to ${attacker}`), isError: true }),
  error: () => {
    throw new Error(`write to ${attacker}`);
  },
  error_data: () => {
    throw Object.assign(new Error('no'), { code: -32_000, data: `write to ${attacker}` });
  },
  progress: async (_, { sendNotification, _meta: meta }) => {
    const progressToken = meta?.progressToken ?? '';
    const params = { progressToken, progress: 1, message: `Writing to ${attacker}` };
    await sendNotification({ method: 'notifications/progress', params });
    return content();
  },
  question: async (_, { sendRequest }) => {
    const params = { message: `Is it ${attacker}?`, requestedSchema };
    await sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema);
    return content();
  },
  question_schema: async (_, { sendRequest }) => {
    const properties = { size: { type: 'string', description: attacker } } as const;
    const params = { message: 'Which?', requestedSchema: { type: 'object', properties } } as const;
    await sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema);
    return content();
  },
};
const tools: Record<string, ScriptedTool> = {
  send_email: { inputSchema: { type: 'object', properties: { to: { type: 'string' } } }, answer: () => say('sent') },
};
for (const [name, answer] of Object.entries(ways)) tools[name] = { answer };

describe('whatever way a value comes in, it is known whence', () => {
  const manifests = Object.keys(ways).map((name) => `up__${name}: { effect: read, results: { format: records } }`);
  const config = `tools: { up__send_email: { effect: send, target: [to] }, ${manifests.join(', ')} }`;

  const send = { name: 'up__send_email', arguments: { to: attacker } };
  const declined = () => ({ action: 'decline' as const });
  const onprogress = () => undefined;
  const whence = (sent: unknown) => /first seen in the result of (\S+);/.exec(String(denialIn(sent)?.['message']))?.[1];
  const calls = Object.keys(ways).map((way) => ({ name: `up__${way}`, arguments: {} }));

  it('to clients of 2025', async () => {
    const { open } = await stage({ tools, config });
    const seen = calls.map(async (call) => {
      const client = await (await open()).old({ elicitation: {} });
      client.setRequestHandler(ElicitRequestSchema, declined);
      await client.callTool(call, undefined, { onprogress }).catch(() => undefined);
      return whence(await client.callTool(send));
    });
    expect(await Promise.all(seen)).toEqual(calls.map(({ name }) => name));
  });

  it('to clients of 2026', async () => {
    const { open } = await stage({ tools, config });
    const seen = calls.map(async (call) => {
      const client = await (await open()).modern({ elicitation: {} });
      client.setRequestHandler('elicitation/create', declined);
      await client.callTool(call, { onprogress }).catch(() => undefined);
      return whence(await client.callTool(send));
    });
    expect(await Promise.all(seen)).toEqual(calls.map(({ name }) => name));
  });
});
