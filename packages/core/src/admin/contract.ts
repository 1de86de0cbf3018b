import { z } from 'zod';
import type { AdminPermission } from '../operators.ts';
import { cellSchema } from '../policy/cells.ts';
import { eventKinds } from '../events.ts';
import { operatorRoles } from '../operators.ts';
import { outcomes } from '../decision.ts';
import { reasonCodes } from '../reasons.ts';
import { results } from '../entries.ts';
import { sessionStates } from '../session.ts';

/*
 * What the dashboard and the command line ask of a runtime, and what it answers. Server and clients parse with the same
 * schemas, so neither can drift. Times are milliseconds since the epoch.
 */

const time = z.int();
const name = z.string().trim().min(1).max(100);
const role = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, 'a role is lower-case letters, digits, - and _');

export const reasonSchema = z.object({
  code: z.enum(reasonCodes as [string, ...string[]]),
  rule: z.string().optional(),
  path: z.string().optional(),
  value: z.string().optional(),
  source: z.object({ message: z.int(), role: z.string(), tool: z.string().optional() }).optional(),
  detail: z.string().optional(),
  fix: z.string().optional(),
});

const decisionSchema = z.object({
  outcome: z.enum(outcomes),
  reasons: z.array(reasonSchema),
  verdicts: z.array(
    z.object({
      guard: z.string(),
      mode: z.enum(['enforce', 'observe']),
      outcome: z.enum(outcomes),
      reasons: z.array(reasonSchema),
      micros: z.number(),
    }),
  ),
  policy: z.string(),
});

const entryBase = { seq: z.int(), id: z.string(), at: time, tenant: z.string() };
const sessionEntryBase = {
  ...entryBase,
  sessionId: z.string(),
  agentId: z.string(),
  userId: z.string(),
  eventId: z.string(),
  kind: z.enum(eventKinds),
  subject: z.string(),
  content: z.string().optional(),
};
export const entrySchema = z.discriminatedUnion('phase', [
  z.object({ ...sessionEntryBase, phase: z.literal('intent'), decision: decisionSchema, owesResult: z.boolean() }),
  z.object({
    ...sessionEntryBase,
    phase: z.literal('result'),
    result: z.object({
      outcome: z.enum(results),
      latencyMs: z.number(),
      tokensIn: z.int().optional(),
      tokensOut: z.int().optional(),
      costMicros: z.number().optional(),
      error: z.string().optional(),
    }),
  }),
  z.object({
    ...entryBase,
    phase: z.literal('operator'),
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    detail: z.string().optional(),
  }),
]);
export type EntryView = z.infer<typeof entrySchema>;

export const sessionSchema = z.object({
  id: z.string(),
  tenant: z.string(),
  agent: z.object({ id: z.string(), name: z.string(), roles: z.array(z.string()) }),
  user: z.object({ id: z.string(), roles: z.array(z.string()) }),
  purpose: z.string(),
  openedAt: time,
  expiresAt: time,
  state: z.enum(sessionStates),
  counters: z.object({
    modelCalls: z.int(),
    toolCalls: z.int(),
    denied: z.int(),
    held: z.int(),
    tokensIn: z.int(),
    tokensOut: z.int(),
    costMicros: z.number(),
  }),
});
export type SessionView = z.infer<typeof sessionSchema>;

export const agentSchema = z.object({
  id: z.string(),
  name: z.string(),
  roles: z.array(z.string()),
  namesUsers: z.boolean(),
  createdAt: time,
  disabledAt: time.nullable(),
});
export const agentKeySchema = z.object({
  id: z.string(),
  agentId: z.string(),
  name: z.string(),
  hint: z.string(),
  createdAt: time,
  expiresAt: time.nullable(),
  revokedAt: time.nullable(),
  lastUsedAt: time.nullable(),
});
export const operatorSchema = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(operatorRoles),
  createdAt: time,
  disabledAt: time.nullable(),
});

const activitySchema = z.object({
  events: z.int(),
  denied: z.int(),
  held: z.int(),
  tokensIn: z.int(),
  tokensOut: z.int(),
  costMicros: z.number(),
  denials: z.record(z.string(), z.int()),
  slices: z.array(z.object({ at: time, events: z.int(), denied: z.int() })),
});

export const overviewSchema = z.object({
  since: time,
  until: time,
  activity: activitySchema,
  openSessions: z.int(),
  /** Newest first. */
  recentDenials: z.array(entrySchema),
  providers: z.array(z.object({ name: z.string(), baseUrl: z.string(), scripted: z.boolean() })),
  policies: z.object({ hash: z.string(), loadedAt: time, problems: z.array(z.string()) }),
  /** Where this runtime is reached, without a slash at the end; an SDK's base URL is this and `/v1`. */
  baseUrl: z.string(),
  models: z.array(z.string()),
});

export { cellSchema };
export type Cell = z.infer<typeof cellSchema>;
export const cellKinds = ['models', 'tools', 'hosts', 'languages'] as const;

export const policiesSchema = z.object({
  hash: z.string(),
  loadedAt: time,
  problems: z.array(z.string()),
  /** Hash of permissions.yaml as read: send it back with a change. */
  permissionsHash: z.string(),
  permissionsText: z.string(),
  roles: z.record(
    z.string(),
    z.object({
      models: z.record(z.string(), cellSchema),
      tools: z.record(z.string(), cellSchema),
      hosts: z.record(z.string(), cellSchema),
      languages: z.record(z.string(), cellSchema),
    }),
  ),
  /** Every source in force, the matrix's generated Cedar first. */
  sources: z.array(z.object({ name: z.string(), text: z.string(), generated: z.boolean() })),
  /** Tools and models seen or configured, so that the matrix can offer rows for them. */
  known: z.object({ tools: z.array(z.string()), models: z.array(z.string()) }),
});

export const explanationSchema = z.object({
  outcome: z.enum(['allow', 'require_approval', 'deny']),
  reasons: z.array(reasonSchema),
  /** Every rule whose scope fits the question; `decided` marks those that made the outcome. */
  rules: z.array(
    z.object({
      id: z.string(),
      place: z.string(),
      effect: z.enum(['permit', 'forbid']),
      text: z.string(),
      conditionsHold: z.boolean(),
      decided: z.boolean(),
    }),
  ),
});

export const doctorSchema = z.object({
  checks: z.array(
    z.object({ name: z.string(), status: z.enum(['ok', 'warn', 'fail']), why: z.string(), fix: z.string().optional() }),
  ),
});

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
 * - `POST /admin/api/sign-out`.
 * - `GET  /admin/api/live`: server-sent events; `event: entry`, data one `entrySchema`; needs `entries.read`.
 *
 * Every request other than GET carries the header `x-sallyport-csrf: 1`. Errors are RFC 9457 problem documents.
 */
export const meSchema = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(operatorRoles),
});
export type Me = z.infer<typeof meSchema>;

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
