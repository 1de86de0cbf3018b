import { z } from 'zod';

/** `credentials` of `sallyport.yaml`: the tools' keys. The values never stand in the file, and no agent ever holds one. */

const https = z.url({ protocol: /^https?$/ });

const vault = z.strictObject({
  address: https,
  path: z.string().min(1).describe('Of a KV version 2 engine: `secret/data/crm`'),
  field: z.string().min(1).default('value'),
  token: z.union([z.strictObject({ env: z.string().min(1) }), z.strictObject({ file: z.string().min(1) })]),
  namespace: z.string().min(1).optional(),
});
const field = z.string().min(1).optional().describe('Where the secret is a JSON object: its member');

/** Where a secret is kept. Read when needed, and again after `refreshSeconds`, so that it is rotated without a restart. */
export const secretSourceSchema = z.union([
  z.strictObject({ env: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1) }),
  z
    .strictObject({ stored: z.literal(true) })
    .describe('Encrypted in the store of this runtime; set by `sallyport credentials set`'),
  z.strictObject({ vault }),
  z.strictObject({
    aws: z.strictObject({ region: z.string().min(1), secretId: z.string().min(1), field, endpoint: https.optional() }),
  }),
  z.strictObject({
    gcp: z.strictObject({
      secret: z.string().regex(/^projects\/[^/]+\/secrets\/[^/]+\/versions\/[^/]+$/),
      field,
      endpoint: z.string().min(1).optional(),
    }),
  }),
  z.strictObject({ azure: z.strictObject({ vaultUrl: https, name: z.string().min(1), field }) }),
]);
export type SecretSource = z.output<typeof secretSourceSchema>;

const oauth = {
  tokenUrl: https,
  clientId: z.string().min(1),
  clientAuth: z.enum(['basic', 'post', 'none']).default('basic'),
  scope: z.string().min(1).optional(),
  audience: z.string().min(1).optional(),
  resource: https.optional().describe('RFC 8707'),
  dpop: z.boolean().default(false).describe('Sender-constrained tokens (RFC 9449), where the upstream takes them'),
};

/** How it is put on the wire. The secret is the key, the password, the client secret, or the private key. */
export const attachSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('bearer') }),
  z.strictObject({
    kind: z.literal('header'),
    name: z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/),
    prefix: z.string().default(''),
  }),
  z.strictObject({ kind: z.literal('query'), name: z.string().min(1).max(64) }),
  z.strictObject({ kind: z.literal('basic'), username: z.string().min(1) }),
  z.strictObject({ kind: z.literal('client_credentials'), ...oauth }),
  z
    .strictObject({
      kind: z.literal('refresh_token'),
      ...oauth,
      clientSecret: secretSourceSchema.optional().describe('Of a confidential client; where a public one has none'),
    })
    .describe('The secret is the first refresh token; those that come after it are sealed in the store'),
  z
    .strictObject({ kind: z.literal('token_exchange'), ...oauth })
    .describe(
      "The user's own token is exchanged for one of this upstream's (RFC 8693); the secret is the client secret",
    ),
  z
    .strictObject({ kind: z.literal('mtls'), certFile: z.string().min(1), caFile: z.string().min(1).optional() })
    .describe('The secret is the private key, PEM'),
  z.strictObject({ kind: z.literal('environment') }).describe('Only handed to programs, as `env` of the upstream says'),
]);
export type AttachConfig = z.output<typeof attachSchema>;

export const credentialSchema = z.strictObject({
  source: secretSourceSchema,
  attach: attachSchema.default({ kind: 'bearer' }),
  upstreams: z.array(z.string().min(1)).min(1).describe('It goes to these and to no others'),
  hosts: z
    .array(
      z
        .string()
        .min(1)
        .refine((host) => !host.includes('*'), 'a wildcard would let any name have the credential'),
    )
    .default([])
    .describe('`host` or `host:port` that it may be sent to; by default the host of the upstream'),
  tools: z.array(z.string().min(1).max(200)).default(['*']).describe('Globs of the tools it is attached for'),
  refreshSeconds: z.int().min(1).max(86_400).default(300),
});
export type CredentialConfig = z.output<typeof credentialSchema>;

export const credentialsSchema = z
  .record(z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'is lower-case letters, digits and -'), credentialSchema)
  .default({});

/** `encryption`: the key under which everything that is sealed in the store lies. */
export const encryptionSchema = z
  .strictObject({
    masterKey: z
      .union([z.strictObject({ env: z.string().min(1) }), z.strictObject({ file: z.string().min(1) })])
      .optional()
      .describe(
        '32 bytes, base64 in an environment variable, raw or base64 in a file; by default `keys/flow.key` in `data`',
      ),
  })
  .prefault({});
