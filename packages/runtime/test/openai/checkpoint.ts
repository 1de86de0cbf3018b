import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';
import { onTestFinished } from 'vitest';
import type { ArmedGuard, AuditLog, Clock, Entry, Session } from '@sallyport/core';
import { Monitor, RuntimeFault, armGuards, loadPolicySet, parseConfig, zeroCounters } from '@sallyport/core';
import { ApprovalService } from '../../src/approvals/index.ts';
import { SealedBox, openMasterKey } from '../../src/flow/index.ts';
import type { Script } from '../../src/providers/scripted/script.ts';
import { createHttpServer } from '../../src/surfaces/http.ts';
import { createProviders } from '../../src/providers/index.ts';
import { keepContent } from '../../src/audit/content.ts';
import { newId } from '../../src/identity/ids.ts';
import { openAiRoutes } from '../../src/surfaces/openai/chat.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { startScriptedModel } from '../../src/providers/scripted/server.ts';
import { systemClock } from '../../src/clock.ts';

const permissions = `
roles:
  support:
    models: { 'scripted/*': allow }
    tools:
      read_ticket: allow
      lookup_order: allow
      send_email: { decision: allow, when: { to: '*@customer.example' }, otherwise: ask }
      list_customers: deny
      run: allow
`;

export interface CheckpointOptions {
  readonly script: Script;
  /** YAML of the configuration below `server`; `PROVIDER` stands for the scripted model's address. */
  readonly config?: string;
  readonly guards?: (armed: ArmedGuard[]) => ArmedGuard[];
  /** By which approvals expire. */
  readonly approvalClock?: Clock;
  /** What the audit log becomes. */
  readonly audit?: (real: AuditLog) => AuditLog;
}

/** The OpenAI surface on a real store, a real monitor and a real scripted provider, all gone when the test is over. */
export async function startCheckpoint({
  script,
  config = '',
  guards = (armed) => armed,
  audit = (log) => log,
  approvalClock = systemClock,
}: CheckpointOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
  const model = await startScriptedModel({ script, models: ['m-1', 'm-2'] });
  const settings = parseConfig(
    `providers: {scripted: {baseUrl: "${model.url}", timeoutMs: 1500, models: {m-1: {price: {input: 2, output: 10}}}}}\n${config}`,
    {
      env: {},
      readFile: () => '',
    },
  );
  const { store, audit: log } = await openSqliteStore({ file: join(folder, 'store.db'), clock: systemClock });
  const policies = loadPolicySet(
    { permissions: { name: 'permissions.yaml', text: permissions }, cedar: [] },
    { sha256: (text) => createHash('sha256').update(text).digest('hex') },
  );
  const providers = createProviders(settings.providers);
  const { expiresMinutes, approvers, maxPending, holdOpenMs } = settings.approvals;
  const approvals = new ApprovalService({
    store: store.approvals,
    box: new SealedBox(openMasterKey(folder), store.flow),
    audit: log,
    clock: approvalClock,
    newId,
    tenant: 'default',
    expiresMinutes,
    approvers,
    maxPending,
    isOpen: () => Promise.resolve(true),
    onFault: () => undefined,
  });
  const monitor = new Monitor({
    guards: guards(armGuards(settings, () => policies)),
    audit: audit(log),
    clock: systemClock,
    newId,
    policyHash: () => policies.hash,
    modelCalls: settings.audit.modelCalls,
    keep: keepContent('messages'),
    holds: approvals,
  });
  const session = testSession();
  const others: Record<string, Session> = {
    'Bearer good': session,
    'Bearer later': testSession(),
    'Bearer another-user': testSession({ user: { id: 'eve', roles: [] } }),
    'Bearer another-agent': testSession({ agent: { id: 'a-2', name: 'support', roles: ['support'] } }),
  };
  for (const each of Object.values(others)) await store.sessions.insert(each);
  const app = createHttpServer({ server: settings.server, newId, logFault: () => undefined });
  await app.register(openAiRoutes, {
    monitor,
    providers,
    clock: systemClock,
    newId,
    reasks: settings.deniedCalls.reasks,
    maxJsonDepth: settings.server.maxJsonDepth,
    approvals,
    holdOpenMs,
    mayUse: () => true,
    authenticate: async ({ headers }) => {
      const found = others[headers.authorization ?? ''];
      if (!found) throw new RuntimeFault('unauthenticated');
      return found;
    },
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  onTestFinished(async () => {
    app.server.closeAllConnections();
    await app.close();
    approvals.close();
    await providers.close();
    await model.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  const entries = async (): Promise<Entry[]> => store.entries.list({ sessionId: session.id, after: 0, limit: 500 });
  const client = (options: object = {}) =>
    new OpenAI({ baseURL: `${url}/v1`, apiKey: 'good', timeout: 10_000, ...options });
  return {
    url,
    port,
    model,
    entries,
    client,
    approvals,
    session: () => store.sessions.get(session.id),
    /** Of the agent's key. */
    revoke: () => void delete others['Bearer good'],
    stop: () => app.close(),
  };
}

const testSession = (change: Partial<Session> = {}): Session => ({
  id: newId(),
  tenant: 'default',
  agent: { id: 'a-1', name: 'support', roles: ['support'] },
  user: { id: 'ann', roles: [] },
  purpose: 'tickets',
  openedAt: Date.now(),
  expiresAt: Date.now() + 600_000,
  state: 'open',
  counters: zeroCounters,
  ...change,
});

const tool = (name: string, properties: object): OpenAI.ChatCompletionTool => ({
  type: 'function',
  function: {
    name,
    description: name,
    parameters: { type: 'object', properties, required: Object.keys(properties), additionalProperties: false },
  },
});

export const tools: OpenAI.ChatCompletionTool[] = [
  tool('read_ticket', { id: { type: 'string' } }),
  tool('lookup_order', { id: { type: 'string' } }),
  tool('send_email', { to: { type: 'string' }, body: { type: 'string' } }),
  tool('list_customers', {}),
];

export const hello: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Please answer ticket T-1.' }];
