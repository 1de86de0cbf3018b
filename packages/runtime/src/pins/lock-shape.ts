import { hash as digest } from 'node:crypto';
import type { PinFindingCode, OfferedTool, PackagePin } from '@sallyport/core';
import { RuntimeFault, canonicalTool, parseJson, pinFindings, showText } from '@sallyport/core';
import { z } from 'zod';

/**
 * `sallyport.lock`: JSON, so that a member which occurs twice is refused and nothing has two readings; members in the order
 * of their names and one a line, so that two people's changes can be merged by hand.
 */

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'is a SHA-256 in hex');
const review = { hash: sha256, by: z.string().min(1).max(200), at: z.iso.datetime() };

/** As it stands: a member that a copy would drop, such as `__proto__`, is part of what was reviewed. */
const definition = z.custom<OfferedTool>(
  (value) => typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string',
  'is a definition with a name',
);

const acceptedSchema = z.strictObject({
  ...review,
  /** What was found in it, and accepted. */
  findings: z
    .array(
      z.strictObject({
        code: z.enum(Object.keys(pinFindings) as [PinFindingCode, ...PinFindingCode[]]),
        at: z.string(),
      }),
    )
    .default([]),
  listedAs: z.string().optional(),
  definition,
});

const toolSchema = z.strictObject({
  accepted: acceptedSchema.optional(),
  rejected: z.array(z.strictObject(review)).max(16).default([]),
});

const packageSchema = z.strictObject({
  registry: z.enum(['npm', 'pypi', 'oci']),
  name: z.string(),
  version: z.string(),
  integrity: z.string(),
  files: z.record(z.string(), sha256).optional(),
  contents: sha256.optional(),
  source: z.string().optional(),
});

const lockSchema = z.strictObject({
  lockVersion: z.literal(1),
  upstreams: z
    .record(
      z.string(),
      z.strictObject({ package: packageSchema.optional(), tools: z.record(z.string(), toolSchema).default({}) }),
    )
    .default({}),
});

export type AcceptedTool = z.output<typeof acceptedSchema>;
export type LockedTool = z.output<typeof toolSchema>;
type ParsedUpstream = z.output<typeof lockSchema>['upstreams'][string];
export type LockedUpstream = Omit<ParsedUpstream, 'package'> & { package?: PackagePin };
/** What was reviewed: of each upstream its package and its tools. */
export interface Lock {
  readonly upstreams: ReadonlyMap<string, LockedUpstream>;
}

export const emptyLock: Lock = { upstreams: new Map() };

const deepest = 100;

/** @throws RuntimeFault `invalid_config`, which names the place in the file */
export function parseLock(text: string, path: string): Lock {
  const fault = (what: string, cause?: unknown) =>
    new RuntimeFault('invalid_config', {
      detail: `${path}: ${what} Nothing of any upstream is offered until it is mended: take it from your version control, or move it away and review anew.`,
      cause,
    });
  if (/^(?:<{7}|={7}|>{7})(?: |$)/m.test(text)) throw fault('It holds the marks of a merge that was not resolved.');
  let read: unknown;
  try {
    read = parseJson(text, { maxDepth: deepest });
  } catch (error) {
    throw fault(error instanceof RuntimeFault ? (error.detail ?? 'It is no JSON.') : 'It is no JSON.', error);
  }
  const { lockVersion } = z
    .object({ lockVersion: z.int().catch(1) })
    .catch({ lockVersion: 1 })
    .parse(read);
  if (lockVersion > 1)
    throw fault(`It is of format ${lockVersion}: run the version of Sallyport that wrote it, or a later one.`);
  const parsed = lockSchema.safeParse(read);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw fault(`${showText(issue?.path.join('.') || 'the file')}: ${issue?.message ?? 'is not valid'}.`);
  }
  const upstreams = new Map(Object.entries(parsed.data.upstreams)) as Map<string, LockedUpstream>;
  for (const [upstream, { tools }] of upstreams) {
    for (const [tool, locked] of Object.entries(tools)) {
      const place = `upstreams.${showText(upstream)}.tools.${showText(tool)}.accepted`;
      const { accepted, rejected } = locked;
      if (!accepted) continue;
      if (accepted.definition.name !== tool) throw fault(`${place}: the definition is that of another tool.`);
      if (hashOf(accepted.definition) !== accepted.hash) {
        throw fault(`${place}: the definition is not the one that was reviewed: its hash is another.`);
      }
      // Two people's changes merged: whoever refused it counts.
      if (rejected.some(({ hash }) => hash === accepted.hash)) delete locked.accepted;
    }
  }
  return { upstreams };
}

/** SHA-256 (hex) of a definition in canonical JSON; undefined where it has no canonical form. */
export function hashOf(tool: OfferedTool): string | undefined {
  const canonical = canonicalTool(tool);
  return canonical === undefined ? undefined : digest('sha256', canonical, 'hex');
}

/** Everything but plain ASCII is escaped: what an editor or a terminal would not show is seen in a diff. */
export function formatLock({ upstreams }: Lock): string {
  const text = JSON.stringify({ lockVersion: 1, upstreams: sorted(Object.fromEntries(upstreams)) }, null, 2);
  const escaped = text.replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${escaped}\n`;
}

/** Members in the order of their names (code units, as RFC 8785), empty ones left out. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
