import { z } from 'zod';
import type { AdminPermission } from '../operators.ts';
import {
  agentKeySchema,
  agentSchema,
  approvalSchema,
  cellKinds,
  cellSchema,
  claimsSchema,
  credentialViewSchema,
  doctorSchema,
  entrySchema,
  explanationSchema,
  operatorSchema,
  overviewSchema,
  policiesSchema,
  providerSchema,
  sessionFlowSchema,
  sessionSchema,
  time,
  toolSchema,
} from './shapes.ts';
import { approvalAnswers, approvalStates } from '../approvals.ts';
import { pinSchema, upstreamViewSchema } from './pins.ts';
import { pinStates } from '../pins.ts';
import { eventKinds } from '../events.ts';
import { maxSecretLength, minSecretLength } from '../credentials.ts';
import { manifestSchema } from '../flow/manifest.ts';
import { operatorRoles } from '../operators.ts';
import { outcomes } from '../decision.ts';
import { sessionStates } from '../session.ts';

const name = z.string().trim().min(1).max(100);
const role = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, 'a role is lower-case letters, digits, - and _');

export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Under `/admin/api`; `:name` are path parameters. */
  readonly path: string;
  readonly permission: AdminPermission;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  readonly answer: z.ZodType;
}

const limit = z.coerce.number().int().min(1).max(500).default(100);
const place = z.coerce.number().int().min(0).optional();
const done = z.object({ ok: z.literal(true) });
const reviewedTool = z.object({
  upstream: z.string().min(1).max(100),
  tool: z.string().min(1).max(1_000),
  /** Of the definition that the operator saw: where it is not among those offered any more, it is refused with `conflict`. */
  hash: z.string().regex(/^[0-9a-f]{64}$/, 'is the hash of the definition that was shown'),
});

/** Every admin route. Adding one is a row here and a handler of the same name; the role test picks it up. */
export const adminRoutes = {
  'overview.get': { method: 'GET', path: '/overview', permission: 'overview.read', answer: overviewSchema },
  'sessions.list': {
    method: 'GET',
    path: '/sessions',
    permission: 'sessions.read',
    query: z.object({
      state: z.enum(sessionStates).optional(),
      agentId: z.string().optional(),
      userId: z.string().optional(),
      before: z.string().optional(),
      limit,
    }),
    answer: z.object({ sessions: z.array(sessionSchema) }),
  },
  'sessions.get': { method: 'GET', path: '/sessions/:id', permission: 'sessions.read', answer: sessionSchema },
  'sessions.end': { method: 'POST', path: '/sessions/:id/end', permission: 'sessions.end', answer: done },
  'sessions.flow': {
    method: 'GET',
    path: '/sessions/:id/flow',
    permission: 'entries.read',
    answer: sessionFlowSchema,
  },
  'approvals.list': {
    method: 'GET',
    path: '/approvals',
    permission: 'approvals.read',
    query: z.object({
      state: z.enum(approvalStates).optional(),
      sessionId: z.string().optional(),
      before: z.string().optional(),
      limit,
    }),
    /** Without details. */
    answer: z.object({ approvals: z.array(approvalSchema) }),
  },
  'approvals.get': { method: 'GET', path: '/approvals/:id', permission: 'approvals.read', answer: approvalSchema },
  'approvals.answer': {
    method: 'POST',
    path: '/approvals/:id/answer',
    permission: 'approvals.answer',
    body: z.object({
      answer: z.enum(approvalAnswers),
      /** Of what the approver saw: an answer to anything else is refused with `conflict`. */
      binding: z.string().length(64),
      note: z.string().max(1000).optional(),
    }),
    answer: approvalSchema,
  },
  'approvals.draftRule': {
    method: 'GET',
    path: '/approvals/:id/rule',
    permission: 'approvals.read',
    /** A rule that would decide calls like this one without asking: for an operator to read, change and save. */
    answer: z.object({ file: z.string(), text: z.string(), explanation: z.string() }),
  },
  'tools.list': {
    method: 'GET',
    path: '/tools',
    permission: 'tools.read',
    answer: z.object({ tools: z.array(toolSchema) }),
  },
  'tools.confirm': {
    method: 'PUT',
    path: '/tools/:name',
    permission: 'tools.write',
    body: z.object({
      manifest: manifestSchema,
      /** Of what the operator saw: where the tool has another one by now, it is refused with `conflict`. */
      definition: z.string().length(64).optional(),
    }),
    answer: toolSchema,
  },
  'tools.forget': { method: 'DELETE', path: '/tools/:name', permission: 'tools.write', answer: done },
  'upstreams.list': {
    method: 'GET',
    path: '/upstreams',
    permission: 'tools.read',
    answer: z.object({ upstreams: z.array(upstreamViewSchema) }),
  },
  'pins.list': {
    method: 'GET',
    path: '/pins',
    permission: 'tools.read',
    query: z.object({ upstream: z.string().optional(), state: z.enum(pinStates).optional() }),
    /** What waits for a review first. */
    answer: z.object({ pins: z.array(pinSchema) }),
  },
  'pins.approve': {
    method: 'POST',
    path: '/pins/approve',
    permission: 'tools.write',
    /** With what was found in it. */
    body: reviewedTool,
    answer: pinSchema,
  },
  'pins.reject': {
    method: 'POST',
    path: '/pins/reject',
    permission: 'tools.write',
    body: reviewedTool,
    answer: pinSchema,
  },
  'entries.list': {
    method: 'GET',
    path: '/entries',
    permission: 'entries.read',
    query: z.object({
      sessionId: z.string().optional(),
      agentId: z.string().optional(),
      kind: z.enum(eventKinds).optional(),
      outcome: z.enum(outcomes).optional(),
      after: place,
      before: place,
      since: place,
      limit,
    }),
    answer: z.object({ entries: z.array(entrySchema) }),
  },
  'policies.get': { method: 'GET', path: '/policies', permission: 'policies.read', answer: policiesSchema },
  'policies.setCell': {
    method: 'PUT',
    path: '/policies/cell',
    permission: 'policies.write',
    body: z.object({
      role,
      kind: z.enum(cellKinds),
      name: z.string().min(1).max(200),
      /** null removes the cell. */
      cell: cellSchema.nullable(),
      expectedHash: z.string(),
    }),
    answer: z.object({ permissionsHash: z.string() }),
  },
  'policies.setText': {
    method: 'PUT',
    path: '/policies/permissions',
    permission: 'policies.write',
    body: z.object({ text: z.string().max(1_000_000), expectedHash: z.string() }),
    answer: z.object({ permissionsHash: z.string() }),
  },
  'policies.explain': {
    method: 'POST',
    path: '/policies/explain',
    permission: 'policies.read',
    body: z.object({
      roles: z.array(z.string()),
      user: z.string().default('anyone'),
      claims: claimsSchema.optional(),
      action: z.enum(['model_request', 'tool_call', 'egress_request', 'code_execution']),
      resource: z.string(),
      arguments: z.record(z.string(), z.json()).optional(),
    }),
    answer: explanationSchema,
  },
  'agents.list': {
    method: 'GET',
    path: '/agents',
    permission: 'agents.read',
    answer: z.object({ agents: z.array(agentSchema.extend({ keys: z.array(agentKeySchema) })) }),
  },
  'agents.create': {
    method: 'POST',
    path: '/agents',
    permission: 'agents.write',
    body: z.object({ name, roles: z.array(role).max(20), namesUsers: z.boolean().default(false) }),
    answer: agentSchema,
  },
  'agents.update': {
    method: 'PATCH',
    path: '/agents/:id',
    permission: 'agents.write',
    body: z.object({
      name: name.optional(),
      roles: z.array(role).max(20).optional(),
      namesUsers: z.boolean().optional(),
      disabled: z.boolean().optional(),
    }),
    answer: agentSchema,
  },
  'agents.createKey': {
    method: 'POST',
    path: '/agents/:id/keys',
    permission: 'agents.write',
    body: z.object({ name, expiresInDays: z.int().min(1).max(3650).nullable().default(90) }),
    /** `key` is shown this once. */
    answer: agentKeySchema.extend({ key: z.string() }),
  },
  'agents.revokeKey': { method: 'DELETE', path: '/agents/:id/keys/:keyId', permission: 'agents.write', answer: done },
  'operators.list': {
    method: 'GET',
    path: '/operators',
    permission: 'operators.read',
    answer: z.object({ operators: z.array(operatorSchema) }),
  },
  'operators.create': {
    method: 'POST',
    path: '/operators',
    permission: 'operators.write',
    body: z.object({ name, role: z.enum(operatorRoles) }),
    answer: operatorSchema,
  },
  'operators.update': {
    method: 'PATCH',
    path: '/operators/:id',
    permission: 'operators.write',
    body: z.object({ name: name.optional(), role: z.enum(operatorRoles).optional(), disabled: z.boolean().optional() }),
    answer: operatorSchema,
  },
  'operators.createSignInLink': {
    method: 'POST',
    path: '/operators/:id/sign-in-link',
    permission: 'operators.write',
    /** One use, short-lived; shown this once. */
    answer: z.object({ url: z.string(), expiresAt: time }),
  },
  'credentials.list': {
    method: 'GET',
    path: '/credentials',
    permission: 'credentials.read',
    answer: z.object({ credentials: z.array(credentialViewSchema) }),
  },
  'credentials.set': {
    method: 'PUT',
    path: '/credentials/:name',
    permission: 'credentials.write',
    /** Write-only: nothing answers with it, and no entry of the log holds it. */
    body: z.object({ value: z.string().min(minSecretLength).max(maxSecretLength) }),
    answer: done,
  },
  'credentials.revoke': {
    method: 'POST',
    path: '/credentials/:name/revoke',
    permission: 'credentials.write',
    answer: done,
  },
  'credentials.restore': {
    method: 'POST',
    path: '/credentials/:name/restore',
    permission: 'credentials.write',
    answer: done,
  },
  'providers.list': {
    method: 'GET',
    path: '/providers',
    permission: 'providers.read',
    /** `enforced`: whether data that a provider may not have is denied, or only noted. */
    answer: z.object({ enforced: z.boolean(), providers: z.array(providerSchema) }),
  },
  'settings.get': {
    method: 'GET',
    path: '/settings',
    permission: 'settings.read',
    /** The effective configuration, secrets replaced by where they come from. */
    answer: z.object({ config: z.json(), version: z.string(), node: z.string() }),
  },
  'settings.doctor': { method: 'GET', path: '/settings/doctor', permission: 'settings.read', answer: doctorSchema },
} as const satisfies Record<string, AdminRoute>;

export type AdminRouteName = keyof typeof adminRoutes;

type ParamsOf<Path extends string> = Path extends `${string}:${infer Param}/${infer Rest}`
  ? { [P in Param]: string } & ParamsOf<`/${Rest}`>
  : Path extends `${string}:${infer Param}`
    ? { [P in Param]: string }
    : unknown;

/** What a client passes: path parameters, query and body in one object each. */
export type AdminInput<N extends AdminRouteName> = (keyof ParamsOf<(typeof adminRoutes)[N]['path']> extends never
  ? unknown
  : { params: ParamsOf<(typeof adminRoutes)[N]['path']> }) &
  ((typeof adminRoutes)[N] extends { query: infer Q extends z.ZodType } ? { query?: z.input<Q> } : unknown) &
  ((typeof adminRoutes)[N] extends { body: infer B extends z.ZodType } ? { body: z.input<B> } : unknown);
export type AdminAnswer<N extends AdminRouteName> = z.infer<(typeof adminRoutes)[N]['answer']>;

/**
 * Beside the table, none of which is a resource:
 * - `GET  /admin/api/me` → `meSchema`, or 401 when not signed in.
 * - `POST /admin/api/sign-in` with `{ token }` from a one-time link (the dashboard reads it from `/sign-in#<token>`, so that it
 *   reaches no log): sets the cookie and answers `meSchema`.
 * - `GET  /admin/api/sign-in` → `signInWaysSchema`: a provider's host, where operators may sign in there, at
 *   `GET /admin/oidc/sign-in?to=<place of the dashboard>`.
 * - `POST /admin/api/sign-out`.
 * - `GET  /admin/api/live`: server-sent events; `event: entry`, data one `entrySchema`; needs `entries.read`. And
 *   `event: approval` for each new or changed one, data one `approvalSchema` without detail; needs `approvals.read`.
 *
 * Every request other than GET carries the header `x-sallyport-csrf: 1`. Errors are RFC 9457 problem documents.
 */
export const meSchema = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(operatorRoles),
});
export type Me = z.infer<typeof meSchema>;

export const signInWaysSchema = z.object({ provider: z.object({ host: z.string() }).nullable() });
export type SignInWays = z.infer<typeof signInWaysSchema>;

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  code: z.string(),
  path: z.string().optional(),
  requestId: z.string(),
});
export type Problem = z.infer<typeof problemSchema>;
