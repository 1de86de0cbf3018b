import { z } from 'zod';
import { approvalsSchema } from './approvals.ts';
import { canarySchema, secondModelSchema, spotlightSchema } from './second-model.ts';
import { agreementsSchema, providerAgreementsSchema } from './content/agreements.ts';
import { fenceSchema } from './content/fence.ts';
import { flowSchema, toolsSchema } from './flow.ts';
import { exfiltrationSchema, injectionSchema } from './content/injection.ts';
import { isLoopback } from './loopback.ts';
import { redactSchema } from './content/redact.ts';
import { credentialsSchema, encryptionSchema } from './credentials.ts';
import { identitySchema } from './identity.ts';
import { mcpSurfaceSchema, upstreamsSchema } from './upstreams.ts';

/*
 * `sallyport.yaml`. Every section is strict: an unknown key is an error. Values that would open a hole are refused here,
 * with the reason, so that nothing below ever has to ask whether its configuration is safe.
 */

/** A secret never stands in the file: only where it comes from. */
const secret = z
  .string()
  .regex(
    /^\$\{(env|file):[^}]+\}$/,
    'a secret must be a reference, ${env:NAME} or ${file:/path}, never the value itself',
  )
  .describe('Where the secret comes from: ${env:NAME} or ${file:/path}');

const hostName = z
  .string()
  .min(1)
  .refine((host) => !host.includes('*'), 'a wildcard host would let any name reach the checkpoint; list each host');

const serverSchema = z
  .strictObject({
    host: hostName.default('127.0.0.1').describe('Address to listen on'),
    port: z.int().min(0).max(65535).default(7411),
    tls: z.strictObject({ certFile: z.string(), keyFile: z.string() }).optional(),
    allowPlaintext: z
      .boolean()
      .default(false)
      .describe('Listen beyond this machine without TLS: only behind a proxy of yours that ends TLS'),
    publicUrl: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('How users reach this runtime, when it is not host:port'),
    trustedHosts: z.array(hostName).default([]).describe('Further Host names that requests may carry'),
    maxBodyBytes: z.int().min(1024).max(67_108_864).default(16_777_216),
    maxJsonDepth: z.int().min(4).max(200).default(64),
    requestTimeoutMs: z.int().min(100).max(600_000).default(30_000).describe('For a client to send its whole request'),
  })
  .superRefine((server, context) => {
    if (isLoopback(server.host) || server.tls || server.allowPlaintext) return;
    context.addIssue({
      code: 'custom',
      path: ['host'],
      message: `keys and prompts would cross the network in clear: set server.tls, or server.allowPlaintext: true behind a proxy that ends TLS`,
    });
  })
  .prefault({});

const price = z.strictObject({
  input: z.number().min(0).describe('US dollars per million input tokens'),
  output: z.number().min(0).describe('US dollars per million output tokens'),
});

const providerSchema = z
  .strictObject({
    kind: z.enum(['openai']).default('openai').describe('The protocol: any OpenAI-compatible server'),
    baseUrl: z
      .url({ protocol: /^https?$/ })
      .refine((url) => !url.includes('*'), 'a wildcard host is no address; name the one host')
      .describe('Up to and without /chat/completions, as an SDK takes it'),
    apiKey: secret.optional(),
    auth: z.enum(['bearer', 'api-key']).default('bearer').describe('How the key is sent; Azure takes `api-key`'),
    headers: z.record(z.string(), z.string()).default({}).describe('Sent with every request; no secrets here'),
    query: z.record(z.string(), z.string()).default({}).describe('Added to every address, such as api-version'),
    models: z.record(z.string(), z.strictObject({ price: price.optional() })).default({}),
    pinned: z.boolean().default(false).describe('Accept only model names that carry a version; refuse aliases'),
    agreements: providerAgreementsSchema
      .optional()
      .describe('What was signed with this provider; see guards.agreements'),
    scripted: z.boolean().default(false).describe('Say on the dashboard that this is a scripted model and no AI'),
    timeoutMs: z.int().min(100).max(3_600_000).default(120_000).describe('Until the first byte, and between two'),
    allowPlaintext: z.boolean().default(false).describe('Speak plain HTTP to a host that is not this machine'),
  })
  .superRefine((provider, context) => {
    const url = URL.parse(provider.baseUrl);
    if (!url) return;
    if (url.username || url.password) {
      context.addIssue({ code: 'custom', path: ['baseUrl'], message: 'holds credentials; use apiKey: ${env:NAME}' });
    }
    if (url.protocol === 'http:' && !isLoopback(url.hostname) && !provider.allowPlaintext) {
      context.addIssue({
        code: 'custom',
        path: ['baseUrl'],
        message: 'prompts and the key would cross the network in clear: use https, or set allowPlaintext: true',
      });
    }
    for (const name of Object.keys(provider.headers)) {
      if (/^(authorization|api-key|x-api-key|cookie|proxy-authorization)$/i.test(name)) {
        context.addIssue({
          code: 'custom',
          path: ['headers', name],
          message: 'is a credential; use apiKey: ${env:NAME}',
        });
      }
    }
  });

const providerName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'a provider is named in lower-case letters, digits and -');

const armed = {
  mode: z.enum(['enforce', 'observe']).default('enforce').describe('observe: record the verdict, let the event pass'),
  timeoutMs: z.int().min(1).max(60_000).default(1_000),
};

const range = (low: number, high: number) =>
  z
    .tuple([z.number(), z.number()])
    .refine(([min, max]) => min <= max, 'the first number must not exceed the second')
    .refine(([min, max]) => min >= low && max <= high, `must lie within ${low} and ${high}, what models accept`)
    .default([low, high]);

const guardsSchema = z
  .strictObject({
    permissions: z
      .strictObject({
        ...armed,
        check: z
          .enum(['fast', 'both', 'wasm'])
          .default('fast')
          .describe(
            'both: ask closures and Cedar, and deny where they differ; slower, for finding out whether they do',
          ),
      })
      .prefault({}),
    flow: z.strictObject(armed).prefault({}),
    scope: z.strictObject(armed).prefault({}),
    injection: injectionSchema,
    exfiltration: exfiltrationSchema,
    fence: fenceSchema,
    agreements: agreementsSchema,
    redact: redactSchema,
    spotlight: spotlightSchema,
    canary: canarySchema,
    arguments: z
      .strictObject({
        ...armed,
        maxBytes: z.int().min(64).max(1_048_576).default(262_144),
        maxDepth: z.int().min(1).max(64).default(16),
      })
      .prefault({}),
    settings: z
      .strictObject({
        ...armed,
        temperature: range(0, 2),
        topP: range(0, 1),
        maxOutputTokens: z.int().min(1).default(128_000),
        maxChoices: z.int().min(1).max(128).default(8),
        allowParameters: z.array(z.string()).default([]).describe('Vendor parameters beyond those Sallyport knows'),
      })
      .prefault({}),
  })
  .prefault({});

export const configSchema = z.strictObject({
  server: serverSchema,
  data: z.string().min(1).default('.sallyport').describe('Folder of the store; created with mode 0700'),
  policies: z
    .string()
    .min(1)
    .optional()
    .describe('Folder of permissions.yaml and *.cedar; by default `policies` in `data`'),
  providers: z.record(providerName, providerSchema).default({}),
  guards: guardsSchema,
  flow: flowSchema,
  tools: toolsSchema,
  upstreams: upstreamsSchema,
  mcp: mcpSurfaceSchema,
  credentials: credentialsSchema,
  encryption: encryptionSchema,
  identity: identitySchema,
  secondModel: secondModelSchema.optional(),
  approvals: approvalsSchema,
  deniedCalls: z
    .strictObject({
      reasks: z.int().min(0).max(5).default(2).describe('How often a model whose every call was denied is asked again'),
    })
    .prefault({}),
  audit: z
    .strictObject({
      content: z.enum(['none', 'arguments', 'messages']).default('arguments').describe('What of an event is kept'),
      modelCalls: z
        .enum(['durable', 'async'])
        .default('durable')
        .describe('async: a model call does not wait for its entry; tool calls always do'),
    })
    .prefault({}),
  sessions: z
    .strictObject({
      tokenMinutes: z.int().min(1).max(60).default(15),
      idleMinutes: z.int().min(1).max(1_440).default(60).describe('For sessions that an agent key opened by itself'),
      maxHours: z.int().min(1).max(168).default(24),
    })
    .prefault({}),
});

export type ParsedConfig = z.output<typeof configSchema>;
