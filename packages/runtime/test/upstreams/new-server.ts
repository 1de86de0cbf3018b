import { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { stop } from './waits.ts';

/** A server made with the official SDK of the 2026 line. */
export function newServer(): McpServer {
  const server = new McpServer(
    { name: 'new', version: '2.0.0' },
    { capabilities: { tools: { listChanged: true }, resources: { subscribe: true } }, instructions: 'Be brief.' },
  );
  server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  server.registerTool('slow', { inputSchema: z.object({ steps: z.number() }) }, async ({ steps }, context) => {
    const progressToken = context.mcpReq['_meta']?.progressToken;
    for (let step = 1; step <= steps && !context.mcpReq.signal.aborted; step++) {
      if (progressToken !== undefined) {
        await context.mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress: step, total: steps },
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return { content: [{ type: 'text', text: 'done' }] };
  });
  server.registerTool('wait', { inputSchema: z.object({ label: z.string() }) }, ({ label }, context) =>
    stop(label, context.mcpReq.signal),
  );
  server.registerResource('note', 'note://one', {}, (uri) => ({ contents: [{ uri: uri.href, text: 'a note' }] }));
  return server;
}
