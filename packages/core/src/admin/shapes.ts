import { z } from 'zod';
import { agreementKinds, agreementStates } from '../agreements/kinds.ts';
import { approvalAnswers, approvalStates } from '../approvals.ts';
import { cellSchema } from '../policy/cells.ts';
import { credentialStates, sourceKinds } from '../credentials.ts';
import { eventKinds } from '../events.ts';
import { flowRules } from '../flow/provenance.ts';
import { integrities } from '../flow/labels.ts';
import { manifestSchema } from '../flow/manifest.ts';
import { operatorRoles } from '../operators.ts';
import { outcomes } from '../decision.ts';
import { reasonCodes } from '../reasons.ts';
import { results } from '../entries.ts';
import { sessionStates } from '../session.ts';

/*
 * What the dashboard and the command line ask of a runtime, and what it answers. Server and clients parse with the same
 * schemas, so neither can drift. Times are milliseconds since the epoch.
 */

export const time = z.int();

export const reasonSchema = z.object({
  code: z.enum(reasonCodes as [string, ...string[]]),
  rule: z.string().optional(),
  path: z.string().optional(),
  value: z.string().optional(),
  source: z.object({ message: z.int(), role: z.string(), tool: z.string().optional() }).optional(),
  detail: z.string().optional(),
  fix: z.string().optional(),
  approvers: z.int().optional(),
});

export const originSchema = z.object({
  source: z.int(),
  role: z.enum(['system', 'user', 'tool']),
  tool: z.string().optional(),
  field: z.string().optional(),
  integrity: z.enum(integrities),
});
export const provenanceSchema = z.object({
  path: z.string(),
  value: z.string(),
  role: z.enum(['target', 'content', 'link']),
  integrity: z.enum(integrities),
  labels: z.array(z.string()),
  origins: z.array(originSchema),
  rule: z.enum(flowRules).optional(),
});
export type ProvenanceView = z.infer<typeof provenanceSchema>;

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
  provenance: z.array(provenanceSchema).optional(),
  approval: z.string().optional(),
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

/** What is known of a user, for policies. */
export const claimsSchema = z.record(z.string(), z.array(z.string()));

export const sessionSchema = z.object({
  id: z.string(),
  tenant: z.string(),
  agent: z.object({ id: z.string(), name: z.string(), roles: z.array(z.string()) }),
  user: z.object({
    id: z.string(),
    roles: z.array(z.string()),
    claims: claimsSchema.exactOptional(),
    /** Whose token said so; absent where a back end named the user. */
    issuer: z.string().exactOptional(),
  }),
  purpose: z.string(),
  openedAt: time,
  expiresAt: time,
  state: z.enum(sessionStates),
  scope: z
    .object({
      tools: z.array(z.string()).optional(),
      labels: z.array(z.string()).optional(),
      by: z.enum(['caller', 'second_model']),
    })
    .optional(),
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

/** What was signed with a provider, and which data it may have because of it. */
export const providerSchema = z.object({
  name: z.string(),
  baseUrl: z.string(),
  scripted: z.boolean(),
  region: z.string().nullable(),
  agreements: z.array(
    z.object({
      kind: z.enum(agreementKinds),
      state: z.enum(agreementStates),
      /** The first and the last day, `YYYY-MM-DD`, UTC. */
      from: z.string().optional(),
      until: z.string().optional(),
      daysLeft: z.int().optional(),
    }),
  ),
  labels: z.array(z.object({ label: z.string(), allowed: z.boolean(), why: z.string().optional() })),
});

export const doctorSchema = z.object({
  checks: z.array(
    z.object({ name: z.string(), status: z.enum(['ok', 'warn', 'fail']), why: z.string(), fix: z.string().optional() }),
  ),
});

export const approvalSchema = z.object({
  id: z.string(),
  sessionId: z.string(),
  agentId: z.string(),
  agent: z.string(),
  userId: z.string(),
  eventId: z.string(),
  tool: z.string(),
  /** SHA-256 (hex) of exactly what would run: send it back with the answer. */
  binding: z.string(),
  state: z.enum(approvalStates),
  requestedAt: time,
  expiresAt: time,
  votesNeeded: z.int(),
  votes: z.array(
    z.object({
      operatorId: z.string(),
      operator: z.string(),
      answer: z.enum(approvalAnswers),
      at: time,
      note: z.string().optional(),
    }),
  ),
  usedBy: z.string().nullable(),
  /** The first reason of the hold: for lists. */
  reason: reasonSchema.optional(),
  /** Gone once the session has ended. All of it is hostile text. */
  detail: z
    .object({
      arguments: z.record(z.string(), z.json()),
      provenance: z.array(provenanceSchema),
      excerpts: z.array(z.object({ path: z.string(), origin: originSchema, text: z.string() })),
      requests: z.array(z.string()),
      reasons: z.array(reasonSchema),
      opinion: z
        .object({
          model: z.string(),
          serves: z.enum(['yes', 'no', 'unsure', 'failed']),
          explanation: z.string(),
          latencyMs: z.number(),
        })
        .optional(),
    })
    .optional(),
});
export type ApprovalView = z.infer<typeof approvalSchema>;

/** What one session has read, and what its calls took from where: the provenance graph. */
export const sessionFlowSchema = z.object({
  tainted: z.boolean(),
  labels: z.array(z.string()),
  sources: z.array(
    z.object({
      source: z.int(),
      role: z.enum(['system', 'user', 'tool']),
      tool: z.string().optional(),
      integrity: z.enum(integrities),
      bytes: z.int(),
    }),
  ),
});
export type SessionFlowView = z.infer<typeof sessionFlowSchema>;

export const toolSchema = z.object({
  name: z.string(),
  /** Where its manifest comes from: the configuration, an operator's confirmation, or nobody (then the safest is assumed). */
  from: z.enum(['config', 'confirmed', 'unknown']),
  manifest: manifestSchema,
  /** What Sallyport would say of it, from its definition, annotations and traffic; for an operator to confirm. */
  proposal: z.object({ manifest: manifestSchema, why: z.array(z.string()) }).optional(),
  seen: z.object({ calls: z.int(), lastAt: time.nullable(), arguments: z.array(z.string()) }).optional(),
  description: z.string().optional(),
  /** SHA-256 (hex) of the definition that was seen last: sent back, so that what is confirmed is what was shown. */
  definition: z.string().optional(),
});
export type ToolView = z.infer<typeof toolSchema>;

/** A tool's credential: where it is kept and where it goes, never what it is. */
export const credentialViewSchema = z.object({
  name: z.string(),
  source: z.enum(sourceKinds),
  attach: z.string(),
  upstreams: z.array(z.string()),
  hosts: z.array(z.string()),
  tools: z.array(z.string()),
  state: z.enum(credentialStates),
  lastReadAt: time.nullable(),
  lastFailure: z.string().nullable(),
});
export type CredentialView = z.infer<typeof credentialViewSchema>;
