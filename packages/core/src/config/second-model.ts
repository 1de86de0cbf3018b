import { z } from 'zod';

/** `secondModel` of `sallyport.yaml`: a model that may doubt, narrow and explain, and never permit. */
export const secondModelSchema = z
  .strictObject({
    model: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,39}\/.+$/, 'a second model is named `provider/model`, by one of `providers`')
      .max(256)
      .describe('`provider/model`; best another model than the agents use, so that one text does not fool both'),
    timeoutMs: z.int().min(100).max(120_000).default(15_000).describe('For its whole answer'),
    maxTokens: z.int().min(64).max(32_768).default(2_048).describe('Of its answer, thinking included'),
    tokenLimit: z
      .enum(['max_completion_tokens', 'max_tokens'])
      .default('max_completion_tokens')
      .describe('Under which name the provider takes maxTokens'),
    settings: z
      .record(z.string(), z.json())
      .default({ response_format: { type: 'json_object' } })
      .describe('Further parameters of its requests; replaces the default'),
    checkHeld: z.boolean().default(true).describe('Explain each held call to the approver'),
    checkAllowed: z
      .enum(['never', 'sinks'])
      .default('never')
      .describe('sinks: ask about each call of a sink that nothing else holds, and hold what it doubts'),
    holdOn: z
      .array(z.enum(['no', 'unsure', 'failed']))
      .min(1)
      .default(['no', 'failed'])
      .describe('Answers that hold a call under checkAllowed'),
    scope: z
      .enum(['off', 'propose', 'enforce'])
      .default('off')
      .describe("Scope from the user's first request. propose: only recorded; enforce: no call before there is one"),
    extract: z
      .boolean()
      .default(false)
      .describe("Let agents read values out of untrusted text by POST /v1/extract, at their sessions' cost"),
  })
  .superRefine(({ settings }, context) => {
    for (const key of ['model', 'messages', 'tools', 'functions', 'stream', 'n', 'max_tokens', 'max_completion_tokens'])
      if (Object.hasOwn(settings, key))
        context.addIssue({ code: 'custom', path: ['settings', key], message: 'is set by Sallyport; leave it out' });
  });
export type SecondModelConfig = z.output<typeof secondModelSchema>;

export const spotlightModes = ['off', 'delimit', 'datamark', 'encode'] as const;
export type SpotlightMode = (typeof spotlightModes)[number];

/** `guards.spotlight`. */
export const spotlightSchema = z
  .strictObject({
    mode: z
      .enum(spotlightModes)
      .default('delimit')
      .describe(
        'How results that third parties can write are marked for the model. delimit: between two marks; datamark: also a mark for each space; encode: also in base64',
      ),
  })
  .prefault({});

/** `guards.canary`. */
export const canarySchema = z
  .strictObject({
    mode: z
      .enum(['off', 'enforce', 'observe'])
      .default('off')
      .describe('Plants a secret word in the system prompt and denies answers and calls that carry it'),
    timeoutMs: z.int().min(1).max(60_000).default(1_000),
  })
  .prefault({});
