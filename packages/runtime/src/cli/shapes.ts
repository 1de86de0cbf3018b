import type { Technique } from '@sallyport/core';
import { techniques } from '@sallyport/core';
import { agentKeySchema, credentialViewSchema, explanationSchema, outcomes, toolSchema } from '@sallyport/core/admin';
import { z } from 'zod';

/*
 * What `--json` prints, for scripts to rely on: a field is added at most, never renamed. Where the admin contract has a
 * shape already (`doctor`, `tail`, `policy explain`, `sign-in`), that one is printed.
 */

export const startedShape = z.object({
  url: z.string(),
  /** Where an SDK is pointed. */
  baseUrl: z.string(),
  signInUrl: z.string(),
  /** Only on the first start. */
  agentKey: z.string().nullable(),
  models: z.array(z.string()),
  dataDir: z.string(),
});

export const demoShape = z.object({
  ok: z.boolean(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean() })),
  decisions: z.array(z.object({ tool: z.string(), outcome: z.enum(outcomes), reasons: z.array(z.string()) })),
  sent: z.array(z.object({ to: z.string(), subject: z.string() })),
  text: z.string(),
  /** What the customer was told in the chat. */
  answers: z.array(z.string()),
  url: z.string(),
  signInUrl: z.string(),
});

export const keysShape = z.object({
  keys: z.array(agentKeySchema.extend({ agent: z.string(), roles: z.array(z.string()) })),
});
export const newKeyShape = agentKeySchema.extend({ agent: z.string(), key: z.string() });
export const revokedShape = z.object({ id: z.string(), revoked: z.literal(true) });

export const toolsShape = z.object({ tools: z.array(toolSchema) });
export const forgottenShape = z.object({ name: z.string(), forgotten: z.literal(true) });

export const credentialsShape = z.object({ credentials: z.array(credentialViewSchema) });
export const credentialChangedShape = z.object({ name: z.string(), change: z.enum(['set', 'revoked', 'restored']) });

const packagePinShape = z.object({
  registry: z.enum(['npm', 'pypi', 'oci']),
  name: z.string(),
  version: z.string(),
  integrity: z.string(),
  source: z.string().optional(),
});
export const addedUpstreamShape = z.object({
  name: z.string(),
  /** The entry of `upstreams` in sallyport.yaml. */
  config: z.record(z.string(), z.json()),
  package: packagePinShape.optional(),
  written: z.boolean(),
});
export const packagePinsShape = z.object({
  ok: z.boolean(),
  written: z.boolean(),
  packages: z.array(
    z.object({
      upstream: z.string(),
      state: z.enum(['same', 'new', 'changed', 'failed']),
      /** What is in the lock, what the registry has, and why they could not be compared. */
      pinned: packagePinShape.optional(),
      found: packagePinShape.optional(),
      problem: z.string().optional(),
    }),
  ),
});

export const configShape = z.object({ path: z.string().nullable(), config: z.json() });

export const policyTestShape = z.object({
  ok: z.boolean(),
  passed: z.int(),
  failed: z.int(),
  cases: z.array(
    z.object({
      file: z.string(),
      line: z.int(),
      name: z.string(),
      ok: z.boolean(),
      expected: explanationSchema.shape.outcome,
      outcome: explanationSchema.shape.outcome,
      problem: z.string().optional(),
    }),
  ),
});

export const redTeamShape = z.object({
  ok: z.boolean(),
  agent: z.string(),
  /** Tools through whose results strangers speak to the agent. */
  vias: z.array(z.string()),
  tools: z.array(
    z.object({
      tool: z.string(),
      attempts: z.int(),
      runs: z.int(),
      held: z.int(),
      denied: z.int(),
      /** The rule, or else the reason, that stopped it first. */
      by: z.record(z.string(), z.int()),
    }),
  ),
  holes: z.array(
    z.object({
      tool: z.string(),
      technique: z.enum(Object.keys(techniques) as [Technique, ...Technique[]]),
      argument: z.string().optional(),
      via: z.array(z.string()),
      request: z.string(),
      arguments: z.record(z.string(), z.json()),
      fix: z.object({ file: z.enum(['sallyport.yaml', 'permissions.yaml']), text: z.string() }).optional(),
    }),
  ),
});
