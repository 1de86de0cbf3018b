import { z } from 'zod';
import type { Integrity } from '../flow/labels.ts';
import { claimName } from '../config/identity.ts';
import { strictKeys } from './strict-keys.ts';

export const cellDecisions = ['allow', 'ask', 'deny'] as const;
export type CellDecision = (typeof cellDecisions)[number];

const decision = z.enum(cellDecisions, { error: 'must be allow, ask or deny' });
const scalar = z.union([z.string(), z.number(), z.boolean()], { error: 'must be a text, a number, true or false' });
/** `untrusted` demands nothing; it is how an edit takes a demand away. Of `derived` nobody can say what it is worth. */
export const demandedOrigins = ['untrusted', 'named', 'trusted', 'user', 'operator'] as const satisfies Integrity[];
export type DemandedOrigin = (typeof demandedOrigins)[number];
const origin = z.enum(demandedOrigins, { error: `must be one of ${demandedOrigins.join(', ')}` }).optional();
/** `anyone` demands nothing; it is how an edit takes a demand away. */
const whose = z
  .union([z.enum(['id', 'anyone']), strictKeys({ claim: claimName })], {
    error: 'must be id, { claim: <name> } or anyone',
  })
  .optional();
const demanded = {
  /** Of whom the argument must speak: the session's user. A missing argument or claim is refused. */
  user: whose,
  /** The least integrity of the argument itself; of a list or an object, of everything in it. */
  from: origin,
  /** The least integrity of the links, addresses and accounts in its text. */
  links: origin,
};
const number = z.number({ error: 'must be a number' }).optional();
const matches = z.string({ error: 'must be a pattern' }).optional();
const demands = strictKeys({ min: number, max: number, matches, ...demanded });
const choice = strictKeys({ in: z.array(scalar, { error: 'must be a list' }).min(1, 'names no value'), ...demanded });
const test = z.union([scalar, demands, choice], {
  error: 'must be a pattern, a value, { min, max }, { in: [...] } or { matches, from, links, user }',
});
export type TestValue = z.infer<typeof test>;
/** How an argument is tied to the session's user. */
export type UserDemand = Exclude<NonNullable<z.infer<typeof whose>>, 'anyone'>;
const conditional = strictKeys({
  decision,
  when: z.record(z.string(), test, { error: 'must map arguments to patterns' }).optional(),
  otherwise: decision.optional(),
  /** How many different operators must approve where the cell asks. */
  approvers: z
    .int({ error: 'must be a whole number' })
    .min(1, 'must be at least 1')
    .max(10, 'must be at most 10')
    .optional(),
});
export const cellSchema = z.union([decision, conditional], {
  error: 'must be allow, ask, deny or { decision, when, otherwise, approvers }',
});

/** One cell as it stands in the file; what the dashboard edits. */
export type CellValue = z.infer<typeof cellSchema>;
