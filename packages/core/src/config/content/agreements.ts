import { z } from 'zod';
import { parseGlob } from '../../policy/glob.ts';

/** A day, from its first to its last moment in UTC. */
const day = z.iso.date('is a day such as 2027-06-30').describe('YYYY-MM-DD, UTC');

const agreement = z
  .strictObject({ from: day.optional(), until: day.describe('The last day on which it holds') })
  .refine(({ from, until }) => from === undefined || from <= until, {
    path: ['until'],
    message: 'lies before from',
  });
/** Some are a term of every contract and never end. */
const promise = z.union([z.boolean(), agreement]);

const label = z.string().regex(/^[a-z][a-z0-9_:-]{0,63}$/, 'a label is lower-case letters, digits, _, : and -');

/** `providers.<name>.agreements`: what was signed with whom. The contracts themselves are the operator's. */
export const providerAgreementsSchema = z.strictObject({
  dpa: agreement.optional().describe('Data processing agreement (GDPR Art. 28)'),
  baa: agreement.optional().describe('Business associate agreement (HIPAA, 45 CFR 164.504(e))'),
  zeroRetention: promise.optional().describe('The provider keeps no prompts and answers'),
  noTraining: promise.optional().describe('The provider trains no models on them'),
  region: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}$/, 'a region is lower-case letters, digits and -')
    .optional()
    .describe('Where the data is processed, such as eu'),
  allows: z
    .array(label)
    .max(200)
    .default([])
    .describe(
      'Labels that this provider may have whatever guards.agreements.require says, such as a model of your own',
    ),
});
export type ProviderAgreements = z.output<typeof providerAgreementsSchema>;

const need = z
  .string()
  .regex(
    /^(?:dpa|baa|zeroRetention|noTraining|never|region:[a-z][a-z0-9-]{0,39})$/,
    'is dpa, baa, zeroRetention, noTraining, region:NAME or never',
  );

const labelPattern = z
  .string()
  .min(1)
  .max(100)
  .superRefine((pattern, context) => {
    const glob = parseGlob(pattern);
    if ('problem' in glob) context.addIssue({ code: 'custom', message: glob.problem });
  });

/** `guards.agreements`. */
export const agreementsSchema = z
  .strictObject({
    mode: z.enum(['enforce', 'observe']).default('enforce').describe('observe: record what would be denied'),
    timeoutMs: z.int().min(1).max(60_000).default(5_000),
    require: z
      .record(labelPattern, z.array(need).max(10))
      .default({})
      .describe(
        'What a provider must have signed to get data of a label, or of labels such as user:*. Beside it hold phi: [baa] and secret: [never], unless the same label is named here',
      ),
  })
  .prefault({});
export type AgreementsConfig = z.output<typeof agreementsSchema>;
