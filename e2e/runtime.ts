import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig, type JsonObject, type ManifestInput } from '@sallyport/core';
import type { Script } from '../packages/runtime/src/providers/scripted/script.ts';
import { startRuntime as compose } from '../packages/runtime/src/compose.ts';
import { practice } from '../packages/runtime/src/providers/scripted/practice.ts';
import { startScriptedModel } from '../packages/runtime/src/providers/scripted/server.ts';

export interface Harness {
  /** Without a slash at the end. */
  readonly url: string;
  readonly policyFile: string;
  readonly model: string;
  /** A one-time link that signs the owner in. */
  signInUrl(): Promise<string>;
  createKey(agent: string, roles: readonly string[], namesUsers?: boolean): Promise<string>;
  stop(): Promise<void>;
}

export const permissions = `roles:
  support:
    models:
      '*': allow
    tools:
      read_ticket: allow
      search_orders: allow
      send_email:
        decision: allow
        when: { to: '*@customer.example' }
        otherwise: deny
      refund:
        decision: ask
        when:
          amount: { max: 50 }
          currency: { in: [EUR, USD] }
      delete_customer: deny
  finance:
    models:
      practice/practice-1: allow
    tools:
      search_orders: allow
      refund: ask
      'export_*': ask
`;

export interface RuntimeOptions {
  readonly permissions?: string;
  /** `tools` of the configuration. */
  readonly tools?: Readonly<Record<string, ManifestInput>>;
  /** What the model behind it says; the practice model's script by default. */
  readonly script?: Script;
}

/** A runtime as `sallyport dev` starts it, in a fresh folder, with the practice model behind it. */
export async function startRuntime(options: RuntimeOptions = {}): Promise<Harness> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-e2e-'));
  const policyFile = join(folder, 'policies', 'permissions.yaml');
  mkdirSync(join(folder, 'policies'));
  writeFileSync(policyFile, options.permissions ?? permissions);
  const model = await startScriptedModel({ script: options.script ?? practice });
  const config = parseConfig(
    JSON.stringify({
      providers: {
        practice: {
          baseUrl: model.url,
          scripted: true,
          models: { 'practice-1': { price: { input: 2.5, output: 10 } } },
        },
      },
      audit: { content: 'messages' },
      tools: options.tools ?? {},
    }),
    {
      env: {},
      readFile: () => {
        throw new Error('no file is referred to');
      },
    },
  );
  const runtime = await compose({ config, dataDir: folder, port: 0 });
  return {
    url: runtime.url,
    policyFile,
    model: 'practice/practice-1',
    signInUrl: () => runtime.createSignInUrl(),
    createKey: (agent, roles, namesUsers = false) => runtime.createAgentKey({ agent, roles, namesUsers }),
    stop: async () => {
      await runtime.stop();
      await model.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string | null;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly JsonObject[];
}

const tools = ['read_ticket', 'search_orders', 'send_email', 'refund', 'delete_customer', 'run_shell'].map((name) => ({
  type: 'function',
  function: {
    name,
    description: name.replaceAll('_', ' '),
    parameters: { type: 'object', additionalProperties: true },
  },
}));

/** One turn of an agent, as its SDK sends it. Resolves to the body of the answer, denied or not. */
export async function ask(
  { url, model }: Harness,
  key: string,
  messages: readonly Message[],
  settings: JsonObject = {},
): Promise<JsonObject> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages, tools, ...settings }),
  });
  return (await response.json()) as JsonObject;
}

/** Opens a session of its own for a key; resolves to its token. */
export async function openSession(
  { url }: Harness,
  key: string,
  purpose: string,
  user?: string,
): Promise<{ id: string; token: string }> {
  const response = await fetch(`${url}/v1/sessions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ purpose, user }),
  });
  return (await response.json()) as { id: string; token: string };
}

/** The conversation in which a ticket's text gives orders, and the model obeys it. */
export const attackedTicket = (ticket: string, order: string): Message[] => [
  { role: 'system', content: 'You answer support tickets of Acme.' },
  { role: 'user', content: 'Please answer ticket 4711.' },
  {
    role: 'assistant',
    content: null,
    tool_calls: [
      { id: 'call_1', type: 'function', function: { name: 'read_ticket', arguments: JSON.stringify({ id: 4711 }) } },
    ],
  },
  { role: 'tool', tool_call_id: 'call_1', content: ticket },
  { role: 'user', content: order },
];
