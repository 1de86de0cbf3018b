import { z } from 'zod';
import { parseGlob } from '../../policy/glob.ts';

export const fenceActions = ['block', 'mask'] as const;

const defaultTypes = [
  'EMAIL',
  'PHONE',
  'IBAN',
  'CREDIT_CARD',
  'US_SSN',
  'NATIONAL_ID',
  'MEDICAL_ID',
  'PASSPORT',
  'US_BANK',
];

const pattern = z
  .string()
  .min(1)
  .max(200)
  .superRefine((text, context) => {
    const glob = parseGlob(text);
    if ('problem' in glob) context.addIssue({ code: 'custom', message: glob.problem });
  });

/** `guards.fence`. It does nothing as long as no manifest says whose the results of a tool are. */
export const fenceSchema = z
  .strictObject({
    mode: z
      .enum(['off', 'enforce', 'observe'])
      .default('enforce')
      .describe("Keeps one customer's identifiers out of answers and calls for another; off: learns nothing either"),
    timeoutMs: z.int().min(1).max(60_000).default(5_000),
    answers: z
      .enum(fenceActions)
      .default('block')
      .describe('block: an answer with an identifier of others rarely holds nothing else of them; mask: only that'),
    calls: z.enum(fenceActions).default('block').describe('mask: the call runs with something else in its place'),
    types: z.array(z.string().min(1)).default(defaultTypes).describe('Types that are learned from owned records'),
    ownerIds: z
      .array(
        z
          .string()
          .regex(
            /^[^{}]{0,100}\{(?:user|role:[^{}]{0,100})\}[^{}]{0,100}$/,
            'holds {user} or {role:PREFIX} once, such as cust-{user} or {role:customer:}',
          ),
      )
      .default([])
      .describe(
        "Further ids of a session's user as owner: cust-{user}; {role:customer:} is C-1 of the role customer:C-1",
      ),
    exemptRoles: z
      .array(z.string().min(1))
      .default([])
      .describe('Roles of users or agents that act for many customers: nothing is withheld from their sessions'),
    sharedFrom: z
      .int()
      .min(2)
      .max(1_000)
      .default(3)
      .describe('What so many owners have is nobody’s, such as a hotline'),
    shared: z
      .array(pattern)
      .max(1_000)
      .default([])
      .describe('Identifiers that are nobody’s, or patterns such as *@shop.example'),
    keepDays: z.int().min(1).max(3_650).default(90).describe('What was not seen for so long is forgotten'),
    maxIdentifiers: z
      .int()
      .min(1_000)
      .max(10_000_000)
      .default(1_000_000)
      .describe('Held in memory, about 200 bytes each; where there are more, results with new ones are denied'),
  })
  .prefault({});
export type FenceConfig = z.output<typeof fenceSchema>;
