import { z } from 'zod';
import { pinFindings, pinStates, type PinFindingCode } from '../pins.ts';

/* Upstreams, and what was reviewed of the tools that they offer. Everything an upstream says of itself is hostile text. */

const time = z.int();

/** idle: nobody needed it yet; restarting: its program broke down, and starts again when it is next needed; refused: its package or sandbox is not what it must be. */
export const upstreamStates = ['idle', 'ready', 'restarting', 'failed', 'refused'] as const;

const pinCounts = z.object(Object.fromEntries(pinStates.map((state) => [state, z.int()])) as PinCountShape);
type PinCountShape = Readonly<Record<(typeof pinStates)[number], z.ZodInt>>;

export const upstreamViewSchema = z.object({
  name: z.string(),
  kind: z.enum(['mcp', 'stdio', 'openapi', 'endpoints']),
  /** Its address, or the command line; no credentials. For people. */
  address: z.string(),
  state: z.enum(upstreamStates),
  since: time.optional(),
  /** Of one that failed or is refused: why, for people. */
  problem: z.string().optional(),
  /** Of an HTTP API: what of its description could not be made a tool. */
  skipped: z.array(z.object({ operation: z.string(), why: z.string() })).optional(),
  /** Protocol revision in use, such as `2025-11-25`; of an HTTP API `http`. Null until it was connected. */
  protocol: z.string().nullable(),
  /** Of a program: whether it runs in a sandbox. Null where it runs elsewhere. */
  isolation: z.enum(['none', 'sandbox']).nullable(),
  package: z
    .object({
      registry: z.enum(['npm', 'pypi', 'oci']),
      name: z.string(),
      version: z.string(),
      integrity: z.string().nullable(),
      /** What an attestation vouches for: the repository that it was built from. */
      source: z.string().nullable(),
    })
    .optional(),
  /** How many of its tools are in each state of review. */
  pins: pinCounts,
});
export type UpstreamView = z.infer<typeof upstreamViewSchema>;

export const pinFindingSchema = z.object({
  code: z.enum(Object.keys(pinFindings) as [PinFindingCode, ...PinFindingCode[]]),
  /** JSON pointer into the definition. */
  at: z.string(),
  detail: z.string(),
});

export const differenceSchema = z.object({
  /** JSON pointer into the definition. */
  at: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  /** Visible forms, safe to show: characters that show nothing are written out as `⟨U+200B⟩`. */
  before: z.string().optional(),
  after: z.string().optional(),
});

/** One definition of one tool: the one that was accepted, or another one that its upstream offered since. */
export const pinSchema = z.object({
  upstream: z.string(),
  tool: z.string(),
  state: z.enum(pinStates),
  /** SHA-256 (hex) of `definition`, to be sent back with a review. Null: it has no canonical form and cannot be approved. */
  hash: z.string().nullable(),
  definition: z.record(z.string(), z.json()),
  findings: z.array(pinFindingSchema),
  /** Of `changed` and `rejected`: how it differs from what was accepted. */
  differences: z.array(differenceSchema).optional(),
  /** When the upstream offered it last, since the start; null: not since then. */
  offeredAt: time.nullable(),
  /** Who accepted or rejected this definition, and when. `firstUse`: nobody, it was taken as it came. */
  reviewed: z.object({ by: z.string(), at: time }).optional(),
  /** The name under which it is listed without prefix, where `mcp.names` is `unique`. */
  listedAs: z.string().optional(),
});
export type PinView = z.infer<typeof pinSchema>;
