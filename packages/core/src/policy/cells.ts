import { z } from 'zod';
import { strictKeys } from './strict-keys.ts';

export const cellDecisions = ['allow', 'ask', 'deny'] as const;
export type CellDecision = (typeof cellDecisions)[number];

const decision = z.enum(cellDecisions, { error: 'must be allow, ask or deny' });
const scalar = z.union([z.string(), z.number(), z.boolean()], { error: 'must be a text, a number, true or false' });
const range = strictKeys({
  min: z.number({ error: 'must be a number' }).optional(),
  max: z.number({ error: 'must be a number' }).optional(),
});
const choice = strictKeys({ in: z.array(scalar, { error: 'must be a list' }).min(1, 'names no value') });
const test = z.union([scalar, range, choice], {
  error: 'must be a pattern, a value, { min, max } or { in: [...] }',
});
const conditional = strictKeys({
  decision,
  when: z.record(z.string(), test, { error: 'must map arguments to patterns' }).optional(),
  otherwise: decision.optional(),
});
export const cellSchema = z.union([decision, conditional], {
  error: 'must be allow, ask, deny or { decision, when, otherwise }',
});

/** One cell as it stands in the file; what the dashboard edits. */
export type CellValue = z.infer<typeof cellSchema>;
