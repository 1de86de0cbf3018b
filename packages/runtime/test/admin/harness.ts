import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import type { FastifyInstance, InjectOptions } from 'fastify';
import Fastify from 'fastify';
import type { OperatorRecord } from '@sallyport/core';
import type { AdminRoute, OperatorRole } from '@sallyport/core/admin';
import { manifestSchema } from '@sallyport/core';
import { ApprovalService } from '../../src/approvals/index.ts';
import type { ApprovalServiceOptions } from '../../src/approvals/index.ts';
import { SealedBox, openMasterKey } from '../../src/flow/index.ts';
import { PinService } from '../../src/pins/index.ts';
import { PolicyFolder } from '../../src/policies/index.ts';
import { adminView } from '../../src/policies/admin-view.ts';
import { adminSurface } from '../../src/surfaces/admin/routes.ts';
import { sessionRoutes } from '../../src/surfaces/sessions/routes.ts';
import type { AdminServices } from '../../src/surfaces/admin/services.ts';
import type { Harness } from '../identity/harness.ts';
import { openHarness } from '../identity/harness.ts';

export interface SignedInOperator {
  readonly operator: OperatorRecord;
  readonly cookie: string;
}

export interface AdminHarness extends Harness {
  readonly approvals: ApprovalService;
  readonly pins: PinService;
  readonly app: FastifyInstance;
  /** Every line that the server logged. */
  readonly logged: string[];
  /** A new operator of this role, signed in. */
  operator(role: OperatorRole): Promise<SignedInOperator>;
  /** As the dashboard would ask, from the same origin and with the CSRF header. */
  ask(method: AdminRoute['method'], path: string, as?: { cookie: string }, change?: InjectOptions): Promise<Answer>;
}
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Record<string, unknown>;
  readonly text: string;
}

const permissionsText = `roles:
  support:
    models: { 'practice/*': allow }
    tools: { look_up: allow, send_email: { decision: allow, when: { to: '*@example.com', copies: 1 }, otherwise: ask } }
`;

export const host = '127.0.0.1:7411';

export async function openAdmin(change: Partial<AdminServices> = {}, opened?: Harness): Promise<AdminHarness> {
  const h = opened ?? (await openHarness());
  const { logged, stream } = collectLines();
  const app = Fastify({ logger: { level: 'trace', stream }, genReqId: () => h.newId() });
  const policies = await openPolicies(h);
  const approvals = openApprovals(h);
  const path = join(dirname(h.file), 'sallyport.lock');
  const pins = await PinService.open({ path, upstreams: {}, clock: h.clock });
  const services: AdminServices = {
    ...h,
    approvals,
    flows: { describe: () => Promise.resolve(undefined) },
    tools: {
      list: () => Promise.resolve([]),
      confirm: (name, manifest) => Promise.resolve({ name, manifest, from: 'confirmed' }),
      forget: () => Promise.resolve(),
      manifestOf: () => manifestSchema.parse({}),
    },
    upstreams: { list: () => Promise.resolve([]) },
    pins,
    entries: h.store.entries,
    policies: adminView(policies),
    settings,
    tenant: 'default',
    trustedHosts: ['sallyport.example'],
    ...change,
  };
  // As the dashboard does: its page answers every address that nothing else does.
  app.get('/*', () => 'the page');
  await app.register(adminSurface(services));
  await app.register(sessionRoutes(services as AdminServices & Pick<Harness, 'authenticator'>));

  const signIn = async (operator: OperatorRecord): Promise<SignedInOperator> => {
    const link = await h.operators.createSignInLink(operator.id);
    const { secret } = await h.operators.signIn(link.secret);
    return { operator, cookie: `sallyport_session=${secret}` };
  };
  return {
    ...h,
    approvals: services.approvals,
    pins,
    app,
    logged,
    operator: async (role) => await signIn(await h.operators.create({ name: `the ${role}`, role })),
    ask: askOf(app),
    async close() {
      await app.close();
      approvals.close();
      pins.close();
      await policies.close();
      await h.close();
    },
  };
}

/** The real service on the real store. */
export const openApprovals = (
  { store, audit, clock, newId, sessions, file }: Harness,
  change: Partial<ApprovalServiceOptions> = {},
): ApprovalService =>
  new ApprovalService({
    store: store.approvals,
    box: new SealedBox(openMasterKey(dirname(file)), store.flow),
    audit,
    clock,
    newId,
    tenant: 'default',
    expiresMinutes: 60,
    approvers: 1,
    maxPending: 50,
    isOpen: async (id) => {
      const session = await sessions.get(id);
      return session !== undefined && sessions.isOpen(session);
    },
    onFault: () => undefined,
    ...change,
  });

const askOf =
  (app: FastifyInstance): AdminHarness['ask'] =>
  async (method, path, as, { headers, ...rest } = {}) => {
    const fromDashboard = {
      host,
      'x-sallyport-csrf': '1',
      origin: `http://${host}`,
      'sec-fetch-site': 'same-origin',
      ...(as && { cookie: as.cookie }),
    };
    const url = `/admin/api${path}`;
    const answer = await app.inject({ method, url, headers: { ...fromDashboard, ...headers }, ...rest });
    const text = answer.body;
    return { status: answer.statusCode, headers: answer.headers, body: bodyOf(text), text };
  };

const settings: AdminServices['settings'] = {
  version: '0.1.0',
  effectiveConfig: () => ({ data: '.sallyport' }),
  doctor: () => Promise.resolve([{ name: 'store', status: 'ok' as const, why: 'writable' }]),
  baseUrl: () => `http://${host}`,
  agreements: () => ({ enforced: true, providers: [] }),
  models: () => ['practice/model-1'],
  providers: () => [{ name: 'practice', baseUrl: 'http://127.0.0.1:1', scripted: true }],
};

function collectLines() {
  const logged: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      logged.push(chunk.toString());
      done();
    },
  });
  return { logged, stream };
}

async function openPolicies({ file, clock }: Harness): Promise<PolicyFolder> {
  const folder = join(dirname(file), 'policies');
  mkdirSync(folder);
  writeFileSync(join(folder, 'permissions.yaml'), permissionsText);
  return await PolicyFolder.open({ folder, clock });
}

export const bodyOf = (text: string): Record<string, unknown> =>
  text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
