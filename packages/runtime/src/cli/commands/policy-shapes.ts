import { eventKinds, explanationSchema, outcomes, provenanceSchema, reasonSchema } from '@sallyport/core/admin';
import { z } from 'zod';

/** `policy explain --json`: the admin contract's, and where the call's values came from. */
export const policyExplainShape = explanationSchema.extend({ provenance: z.array(provenanceSchema) });

const answer = z.object({
  outcome: z.enum(outcomes),
  rules: z.array(z.string()),
  reasons: z.array(reasonSchema),
});

/** `policy replay --json`. Times are milliseconds since the epoch. */
export const policyReplayShape = z.object({
  folder: z.string(),
  sessions: z.array(
    z.object({
      id: z.string(),
      agent: z.string(),
      user: z.string(),
      steps: z.array(
        z.object({
          eventId: z.string(),
          at: z.int(),
          kind: z.enum(eventKinds),
          subject: z.string(),
          differs: z.boolean(),
          /** What the policies said when it happened, and what those of the folder say. */
          before: answer,
          after: answer,
          /** Of all guards, before a person was asked. */
          decision: z.object({ before: z.enum(outcomes), after: z.enum(outcomes) }),
          /** What was decided in the end, a person's answer included. */
          recorded: z.enum(outcomes),
        }),
      ),
      skipped: z.array(z.object({ eventId: z.string(), subject: z.string(), why: z.string() })),
      untraced: z.int(),
    }),
  ),
  summary: z.object({
    sessions: z.int(),
    steps: z.int(),
    differ: z.int(),
    changes: z.record(z.string(), z.int()),
    skipped: z.record(z.string(), z.int()),
    untraced: z.int(),
  }),
});
