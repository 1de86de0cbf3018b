import { z } from 'zod';
import type { Secret } from '../secret.ts';
import { isLoopback } from '../loopback.ts';

/** Who wrote the texts that a detector is asked about. */
export const textSources = ['user', 'results'] as const;
export type TextSource = (typeof textSources)[number];

const asked = {
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}$/, 'a detector is named in lower-case letters, digits and -')
    .describe('As reasons and faults name it'),
  sources: z
    .array(z.enum(textSources))
    .min(1, 'a detector that is asked about nothing detects nothing; name user, results or both')
    .default([...textSources])
    .describe('user: what users write; results: what tools return'),
  timeoutMs: z.int().min(10).max(60_000).default(800).describe('For all that is to be asked about one text'),
  onFailure: z
    .enum(['deny', 'ignore'])
    .default('deny')
    .describe('When it cannot answer. ignore: go by our own patterns, and put on record that it could not'),
  threshold: z.number().gt(0).max(1).default(0.5).describe('From this score on a text is an attack'),
  verdict: z.enum(['suspicious', 'block']).default('suspicious').describe('What an attack by its word counts as'),
  maxChars: z
    .int()
    .min(100)
    .max(1_000_000)
    .optional()
    .describe(
      'Longer texts are asked about in windows which overlap, and the worst answer counts; by default 800 for classifiers, 20000 for lakera and modules',
    ),
};

const labelNames = z.array(z.string().min(1).max(200)).min(1).max(50);

const httpSchema = z
  .strictObject({
    kind: z.literal('http'),
    ...asked,
    url: z.url({ protocol: /^https?$/ }).describe('What texts are posted to, such as https://host/predict'),
    apiKey: z
      .string()
      .regex(
        /^\$\{(env|file):[^}]+\}$/,
        'a secret must be a reference, ${env:NAME} or ${file:/path}, never the value itself',
      )
      .optional()
      .describe('Sent as a Bearer token: ${env:NAME} or ${file:/path}'),
    format: z
      .enum(['prompt-guard', 'lakera', 'classification'])
      .describe(
        'classification: the [{label, score}] of text classifiers; prompt-guard: the same, with the labels of Prompt Guard 1 and 2; lakera: /v2/guard',
      ),
    labels: z
      .strictObject({ attack: labelNames, harmless: labelNames })
      .optional()
      .describe('Which labels are an attack and which are not; an answer with any other is a failure'),
    project: z.string().min(1).max(200).optional().describe('Of lakera: the project whose policy counts'),
  })
  .superRefine(({ url: text, format, labels, project }, context) => {
    const complain = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    const url = URL.parse(text);
    if (url?.username || url?.password) complain('url', 'holds credentials; use apiKey: ${env:NAME}');
    if (url?.protocol === 'http:' && !isLoopback(url.hostname)) {
      complain('url', 'prompts, results and the key would cross the network in clear: use https');
    }
    if (format === 'classification' && !labels) {
      complain('labels', 'is missing: say which labels of this model are an attack, and which are harmless');
    }
    if (format === 'lakera' && labels) complain('labels', 'are of classifiers; its project says what lakera looks for');
    if (format !== 'lakera' && project !== undefined) complain('project', 'is of format lakera; leave it out');
    const both = labels?.attack.find((label) => labels.harmless.includes(label));
    if (both !== undefined) complain('labels', `${both} cannot be both an attack and harmless`);
  });

const moduleSchema = z.strictObject({
  kind: z.literal('module'),
  ...asked,
  path: z
    .string()
    .min(1)
    .describe('An ES module of yours that exports detect(text, { source, signal }); runs inside Sallyport'),
});

/** `guards.injection.detectors`. */
export const detectorsSchema = z
  .array(z.discriminatedUnion('kind', [httpSchema, moduleSchema]))
  .max(8)
  .default([])
  .superRefine((detectors, context) => {
    for (const [index, { name }] of detectors.entries()) {
      if (detectors.findIndex((other) => other.name === name) === index) continue;
      context.addIssue({ code: 'custom', path: [index, 'name'], message: `another detector is called ${name} too` });
    }
  });

type ParsedDetector = z.output<typeof detectorsSchema>[number];
export type HttpDetectorConfig = Omit<Extract<ParsedDetector, { kind: 'http' }>, 'apiKey'> & {
  readonly apiKey?: Secret;
};
export type ModuleDetectorConfig = Extract<ParsedDetector, { kind: 'module' }>;
export type DetectorConfig = HttpDetectorConfig | ModuleDetectorConfig;

/** In UTF-16 code units. Classifiers read 512 tokens, and of some writing and of code a token is two characters or less. */
export const maxCharsOf = (config: DetectorConfig): number =>
  config.maxChars ?? (config.kind === 'http' && config.format !== 'lakera' ? 800 : 20_000);
