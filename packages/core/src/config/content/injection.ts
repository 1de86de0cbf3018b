import { z } from 'zod';
import { detectorsSchema, type DetectorConfig } from './detectors.ts';

/** From mildest to most severe. What an action does, the ones before it do as well, where they can. */
export const injectionActions = ['ignore', 'flag', 'distrust', 'strip', 'quarantine', 'hold', 'block'] as const;
export type InjectionAction = (typeof injectionActions)[number];

const forResults = z.enum(injectionActions);
const forUsers = z.enum(['ignore', 'flag', 'hold', 'block']);

const byVerdict = <Action extends z.ZodType<InjectionAction>>(
  action: Action,
  defaults: { suspicious: InjectionAction; block: InjectionAction },
) =>
  z
    .strictObject({
      suspicious: action.default(defaults.suspicious as never).describe('For text that shows signs of an injection'),
      block: action.default(defaults.block as never).describe('For text that almost surely is one'),
    })
    .prefault({});

const toolPattern = z.string().min(1).max(200).describe('A tool, or a pattern such as `mail_*`');

/** `guards.injection`. */
export const injectionSchema = z
  .strictObject({
    mode: z
      .enum(['off', 'enforce', 'observe'])
      .default('enforce')
      .describe('observe: record what would be done, do nothing'),
    timeoutMs: z.int().min(1).max(60_000).default(2_000),
    user: byVerdict(forUsers, { suspicious: 'flag', block: 'flag' }).describe(
      "The session's own user. flag: record it; hold: a person approves consequential calls from then on; block: refuse",
    ),
    results: byVerdict(forResults, { suspicious: 'flag', block: 'distrust' }).describe(
      'What tools return. distrust: its values vouch for nothing; strip: take the words out before the model; quarantine: withhold the whole result from the model; hold and block as for the user',
    ),
    tools: z
      .record(toolPattern, z.strictObject({ suspicious: forResults.optional(), block: forResults.optional() }))
      .default({})
      .describe('Other actions for the results of these tools; the first pattern that fits counts'),
    detectors: detectorsSchema.describe(
      'Stronger detectors that are asked as well, each once about a text; they get texts as they came',
    ),
  })
  .prefault({});
export type InjectionConfig = Omit<z.output<typeof injectionSchema>, 'detectors'> & {
  readonly detectors: readonly DetectorConfig[];
};

/** `guards.exfiltration`. */
export const exfiltrationSchema = z
  .strictObject({
    mode: z.enum(['off', 'enforce', 'observe']).default('enforce'),
    timeoutMs: z.int().min(1).max(60_000).default(1_000),
    allowedHosts: z
      .array(z.string().regex(/^(?:\*\.)?[a-z0-9.-]+$/i, 'a host such as img.example.com, or *.example.com'))
      .default([])
      .describe('Hosts from which pages that show answers may fetch images by themselves'),
  })
  .prefault({});
