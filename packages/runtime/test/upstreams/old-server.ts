import { randomUUID } from 'node:crypto';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { stop } from './waits.ts';

/** A server made with the official SDK of the 2025 line. */
export function oldServer(): McpServer {
  const server = new McpServer(
    { name: 'old', version: '1.2.3' },
    { capabilities: { logging: {}, tools: { listChanged: true } }, instructions: 'Be kind.' },
  );
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }, extra) => ({
    content: [{ type: 'text', text: `${text} ${JSON.stringify(extra['_meta'] ?? {})}` }],
  }));
  server.registerTool('headers', {}, (extra) => ({
    content: [{ type: 'text', text: JSON.stringify(extra.requestInfo?.headers ?? {}) }],
  }));
  server.registerTool('slow', { inputSchema: { steps: z.number() } }, async ({ steps }, extra) => {
    for (let step = 1; step <= steps && !extra.signal.aborted; step++) {
      const progressToken = extra['_meta']?.progressToken;
      if (progressToken !== undefined) {
        await extra.sendNotification({
          method: 'notifications/progress',
          params: { progressToken, progress: step, total: steps, message: `step ${step}` },
        });
      }
      await extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data: `log ${step}` } });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return { content: [{ type: 'text', text: 'done' }] };
  });
  server.registerTool('wait', { inputSchema: { label: z.string() } }, ({ label }, extra) => stop(label, extra.signal));
  server.registerTool('ask', { inputSchema: { question: z.string() } }, async ({ question }, extra) => {
    const answer = await extra
      .sendRequest(
        {
          method: 'elicitation/create',
          params: { message: question, requestedSchema: { type: 'object', properties: { ok: { type: 'boolean' } } } },
        },
        z.looseObject({}),
      )
      .catch((error: unknown) => ({ refused: String(error) }));
    return { content: [{ type: 'text', text: JSON.stringify(answer) }] };
  });
  server.registerTool('grow', {}, () => {
    server.registerTool(`grown-${randomUUID()}`, {}, () => ({ content: [] }));
    return { content: [] };
  });
  server.registerResource('note', 'note://one', {}, (uri) => ({ contents: [{ uri: uri.href, text: 'a note' }] }));
  server.registerPrompt('greet', { argsSchema: { name: z.string() } }, ({ name }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `Hello ${name}` } }],
  }));
  return server;
}
