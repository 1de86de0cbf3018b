import type { Person } from './shop.ts';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { createRemoteJWKSet } from 'jose';
import { parseConfig } from '@sallyport/core';
import { startRuntime } from 'sallyport';
import { ContextVerifier } from './user-context.ts';

export type Policies = 'policies' | 'policies-wide-open';

/** A runtime before the orders API, and what the shop's back end does with it. */
export interface Gateway {
  readonly url: string;
  /** By which the API believes this runtime. */
  readonly contexts: ContextVerifier;
  /** Of the back end; no agent ever holds it. */
  readonly agentKey: string;
  /** Opens a session for a person who has signed in with the shop, and returns its token. */
  openSession(person: Person): Promise<string>;
  stop(): Promise<void>;
}

const example = import.meta.dirname;

export async function startGateway(ordersUrl: string, policies: Policies): Promise<Gateway> {
  // A folder of its own: beside the configuration the runtime keeps what was reviewed, for this address of the API.
  const folder = mkdtempSync(join(tmpdir(), 'orders-runtime-'));
  const configPath = join(folder, 'sallyport.yaml');
  for (const name of ['openapi.yaml', policies]) cpSync(join(example, name), join(folder, name), { recursive: true });
  const text = readFileSync(join(example, 'sallyport.yaml'), 'utf8').replace(
    'policies: policies',
    `policies: ${policies}`,
  );
  writeFileSync(configPath, text);
  const config = parseConfig(text, { env: { ORDERS_URL: ordersUrl }, readFile: (path) => readFileSync(path, 'utf8') });
  const runtime = await startRuntime({ config, configPath, dataDir: join(folder, '.sallyport'), port: 0 });
  const agentKey = await runtime.createAgentKey({ agent: 'orders-agent', roles: ['orders'], namesUsers: true });
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', runtime.url));
  return {
    url: runtime.url,
    contexts: new ContextVerifier({ keys, issuer: runtime.url, audience: ordersUrl }),
    agentKey,
    openSession: (person) => openSession(runtime.url, agentKey, person),
    async stop() {
      await runtime.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The back end knows who has signed in, and which customer that is. The agent gets the token, and nothing to choose. */
async function openSession(url: string, agentKey: string, { id, customer }: Person): Promise<string> {
  const answer = await fetch(`${url}/v1/sessions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${agentKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ user: id, claims: { customer: [customer] }, purpose: 'Help with orders' }),
  });
  if (!answer.ok) throw new Error(`No session: ${answer.status} ${await answer.text()}`);
  const { token } = (await answer.json()) as { token: string };
  return token;
}

/** An agent's tools, by an ordinary MCP client. It knows an address and a token, and nothing of Sallyport. */
export class AgentTools {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  /** @param send how requests leave; for attacks on their headers */
  static async connect(url: string, token: string, send: typeof fetch = fetch): Promise<AgentTools> {
    const client = new Client({ name: 'orders-agent', version: '1.0.0' });
    const options = { requestInit: { headers: { authorization: `Bearer ${token}` } }, fetch: send };
    await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url), options));
    return new AgentTools(client);
  }

  async names(): Promise<readonly string[]> {
    const { tools } = await this.#client.listTools();
    return tools.map(({ name }) => name);
  }

  /** What the agent's model would read; an error of the protocol as well. */
  async call(name: string, args: Record<string, unknown>): Promise<string> {
    try {
      return JSON.stringify(await this.#client.callTool({ name, arguments: args }));
    } catch (error) {
      return String(error);
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
