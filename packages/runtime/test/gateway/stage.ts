import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { CallToolResult, ServerNotification, ServerRequest, Tool } from '@modelcontextprotocol/sdk/types.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import OpenAI from 'openai';
import { onTestFinished } from 'vitest';
import { parseConfig } from '@sallyport/core';
import type { Json, JsonObject } from '@sallyport/core';
import type { Script } from '../../src/providers/scripted/script.ts';
import { connect } from '../../src/cli/client.ts';
import { serve } from '../upstreams/support.ts';
import { startRuntime } from '../../src/compose.ts';
import { startScriptedModel } from '../../src/providers/scripted/server.ts';

export type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;
type Answer = (args: Record<string, unknown>, extra: Extra) => CallToolResult | Promise<CallToolResult>;

export interface ScriptedTool extends Partial<Tool> {
  answer: Answer;
}

export const say = (text: string): CallToolResult => ({ content: [{ type: 'text', text }] });

/** An MCP server of 2025-11-25 whose tools a test can change while it runs. */
export async function startServer(tools: Record<string, ScriptedTool>) {
  const calls: { readonly tool: string; readonly args: Record<string, unknown> }[] = [];
  /** What happens between a list's making and its answer. */
  const hooks = { listed: (): Promise<void> => Promise.resolve() };
  const running = new Map<string, { server: Server; transport: StreamableHTTPServerTransport }>();
  const made = () => {
    const server = new Server(
      { name: 'scripted', version: '1' },
      { capabilities: { tools: { listChanged: true }, logging: {} } },
    );
    server.setRequestHandler(ListToolsRequestSchema, async () => {
      const listed = Object.entries(tools).map(([name, scripted]) => {
        const tool: Partial<ScriptedTool> = { ...scripted };
        delete tool.answer;
        return { inputSchema: { type: 'object' as const }, ...tool, name };
      });
      await hooks.listed();
      return { tools: listed };
    });
    server.setRequestHandler(CallToolRequestSchema, async ({ params: { name, arguments: args = {} } }, extra) => {
      calls.push({ tool: name, args });
      return (await tools[name]?.answer(args, extra)) ?? say('no such tool');
    });
    return server;
  };
  const server = await serve(async (request, response, body) => {
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? running.get(id) : undefined;
    if (known)
      return await known.transport.handleRequest(
        request,
        response,
        body === '' ? undefined : (JSON.parse(body) as unknown),
      );
    const own = made();
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (session) => void running.set(session, { server: own, transport }),
    });
    await own.connect(transport);
    await transport.handleRequest(request, response, JSON.parse(body) as unknown);
  });
  /** As a server says that its tools are others now. */
  const changed = () => Promise.all([...running.values()].map((each) => each.server.sendToolListChanged()));
  return { url: `${server.url}/mcp`, calls, tools, changed, hooks };
}

export interface StageOptions {
  /** YAML of the configuration; `SERVER` stands for the scripted server's address. */
  readonly config?: string;
  readonly permissions?: string;
  readonly tools?: Record<string, ScriptedTool>;
  readonly script?: Script;
}

const allowAll = "roles: { support: { models: { '*': allow }, tools: { '*': allow } } }";

/** Makes a request of 2026 as it stands, whatever a client would make of it. */
const asking =
  (url: URL, token: string) =>
  async (method: string, params: JsonObject = {}, capabilities: JsonObject = {}) => {
    const name = params['name'] ?? params['uri'];
    const meta = {
      ...(params['_meta'] as JsonObject | undefined),
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': capabilities,
    };
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
    });
    const text = await answer.text();
    const message = text.split('\n').findLast((line) => line.startsWith('data: '));
    return JSON.parse(message?.slice(6) ?? text) as {
      result?: JsonObject;
      error?: { code: number; message: string; data?: Json };
    };
  };

/** A whole runtime with an upstream `up`, in a folder of its own. */
export async function stage({ config = '', permissions = allowAll, tools = {}, script }: StageOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-gateway-'));
  writeFileSync(join(folder, 'permissions.yaml'), permissions);
  const server = await startServer(tools);
  const model = script ? await startScriptedModel({ models: ['m'], script }) : undefined;
  const provider = model ? `providers: { p: { baseUrl: "${model.url}" } }\n` : '';
  const upstreams = config.includes('upstreams:')
    ? ''
    : 'upstreams: { up: { kind: mcp, url: "SERVER", firstUse: pin } }\n';
  const text = `policies: ${folder}\naudit: { content: messages }\n${provider}${upstreams}${config}`.replaceAll(
    'SERVER',
    server.url,
  );
  const lines: string[] = [];
  const dataDir = join(folder, 'data');
  const runtime = await startRuntime({
    config: parseConfig(text, { env: {}, readFile: () => '' }),
    dataDir,
    port: 0,
    env: process.env,
    logFault: (line) => void lines.push(line),
  });
  const key = await runtime.createAgentKey({ agent: 'support', roles: ['support'], namesUsers: true });
  const clients: { close(): Promise<void> }[] = [];
  onTestFinished(async () => {
    await Promise.all(clients.map((client) => client.close().catch(() => undefined)));
    await runtime.stop();
    await model?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const open = async (user = 'ann', rest: object = {}) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ user, purpose: 'test', ...rest });
    const answer = await fetch(`${runtime.url}/v1/sessions`, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(await answer.text());
    const { id, token } = (await answer.json()) as { id: string; token: string };
    const requestInit = { headers: { authorization: `Bearer ${token}` } };
    const url = new URL(`${runtime.url}/mcp`);
    /** An official client of the 2025 line. */
    const old = async (capabilities: object = {}) => {
      const client = new Client({ name: 'old', version: '1' }, { capabilities });
      await client.connect(new StreamableHTTPClientTransport(url, { requestInit }));
      clients.push(client);
      return client;
    };
    /** An official client of the 2026 line, which speaks 2026-07-28 here. */
    const modern = async (capabilities: object = {}) => {
      const client = new NewClient(
        { name: 'new', version: '1' },
        { capabilities, versionNegotiation: { mode: { pin: '2026-07-28' } } },
      );
      await client.connect(new NewTransport(url, { requestInit }));
      clients.push(client);
      return client;
    };
    const ask = asking(url, token);
    return {
      id,
      token,
      old,
      modern,
      ask,
      openai: () => new OpenAI({ baseURL: `${runtime.url}/v1`, apiKey: token, maxRetries: 0 }),
    };
  };
  const admin = () => connect(dataDir);
  const entries = async (sessionId: string) =>
    (await (await admin()).call('entries.list', { query: { sessionId } })).entries;
  const pending = async () => (await (await admin()).call('approvals.list', { query: { state: 'pending' } })).approvals;
  return { runtime, server, model, open, admin, entries, pending, lines, folder, dataDir };
}

/** The denial that a tool's result carries, as a model reads it. */
export function denialIn(result: unknown): Record<string, unknown> | undefined {
  const { isError, content } = result as CallToolResult;
  const [first] = content;
  if (isError !== true || first?.type !== 'text' || !first.text.includes('"denied":true')) return undefined;
  return JSON.parse(first.text) as Record<string, unknown>;
}

/** The first text of a result. */
export const textIn = (result: unknown): string => {
  const [first] = (result as CallToolResult).content;
  return first?.type === 'text' ? first.text : '';
};
