import { z } from 'zod';
import { flowRules, type FlowRule } from '../flow/provenance.ts';
import { manifestSchema } from '../flow/manifest.ts';

export const profiles = ['strict', 'balanced', 'delegating'] as const;
export type Profile = (typeof profiles)[number];

/** `flow` of `sallyport.yaml`. */
export const flowSchema = z
  .strictObject({
    profile: z
      .enum(profiles)
      .default('balanced')
      .describe('strict: ask whenever in doubt; delegating: sources that the user named may supply more'),
    rules: z
      .partialRecord(z.enum(flowRules as readonly [FlowRule, ...FlowRule[]]), z.boolean())
      .default({})
      .describe('Rules switched on or off, whatever the profile says'),
    maxBytes: z
      .int()
      .min(65_536)
      .max(67_108_864)
      .default(8_388_608)
      .describe('Text that one session may have read; beyond it calls are denied, because origins would be lost'),
  })
  .prefault({});

/** `tools`: what the operator says of each tool, by its name or a glob such as `crm_*`; the exact name wins. */
export const toolsSchema = z.record(z.string().min(1).max(200), manifestSchema).default({});
