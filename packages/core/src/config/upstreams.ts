import { z } from 'zod';
import { isLoopback } from './loopback.ts';

/** `upstreams` of `sallyport.yaml`: the servers and APIs whose tools agents reach through this runtime. */

const upstreamName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'an upstream is named in lower-case letters, digits and -');
const credentialName = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'is the name of an entry of credentials');

const address = z
  .url({ protocol: /^https?$/ })
  .refine((url) => !url.includes('*'), 'a wildcard host is no address; name the one host')
  .refine((url) => {
    const { username = '', password = '' } = URL.parse(url) ?? {};
    return username === '' && password === '';
  }, 'holds credentials; name an entry of credentials instead');

const packageSchema = z
  .strictObject({
    registry: z.enum(['npm', 'pypi', 'oci']),
    name: z.string().min(1).max(214),
    version: z
      .string()
      .min(1)
      .refine(
        (version) => /^[0-9A-Za-z][0-9A-Za-z.+_-]*$/.test(version) && version !== 'latest',
        'is one exact version',
      )
      .describe('One exact version; of an image its tag, for people: the digest decides'),
    integrity: z
      .string()
      .regex(/^sha(256|512)[-:]\S+$/, 'is `sha512-…` (npm), `sha256:…` (PyPI, OCI)')
      .optional()
      .describe('Without it, `sallyport tools add` writes it into sallyport.lock'),
    provenance: z
      .enum(['required', 'checked', 'ignored'])
      .default('checked')
      .describe('checked: an attestation that is there must be good; required: it must be there'),
    source: z.string().optional().describe('Repository that the attestation must name'),
  })
  .describe('What the program is made from; refused once it is another');

const permissionsSchema = z
  .strictObject({
    hosts: z.array(z.string().min(1)).default([]),
    read: z.array(z.string().min(1)).default([]),
    write: z.array(z.string().min(1)).default([]),
  })
  .prefault({})
  .describe('What the program may reach; enforced where it runs in a sandbox');

const common = {
  timeoutMs: z.int().min(100).max(3_600_000).default(60_000).describe('Without a sign of life; progress is one'),
  connectMs: z.int().min(100).max(120_000).default(15_000),
  maxResultBytes: z.int().min(1_024).max(67_108_864).default(4_194_304),
  shared: z
    .boolean()
    .default(false)
    .describe('One connection for all sessions: only for an upstream that keeps nothing between calls'),
  firstUse: z
    .enum(['review', 'pin'])
    .default('review')
    .describe('pin: take definitions as they first come, unless something is suspicious about them'),
  tools: z.array(z.string().min(1).max(200)).default(['*']).describe('Globs of the tools that are offered at all'),
};

const wire = {
  credential: credentialName.optional().describe('Entry of credentials that is attached to its requests'),
  userContext: z
    .strictObject({
      audience: z.string().min(1).optional().describe('By default the origin of url'),
      header: z
        .string()
        .regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/)
        .default('Sallyport-User-Context'),
    })
    .prefault({})
    .describe('The signed statement for whom a call is made; see /.well-known/jwks.json'),
  headers: z.record(z.string(), z.string()).default({}).describe('Sent with every request; no secrets here'),
  allowPlaintext: z.boolean().default(false).describe('Speak plain HTTP to a host that is not this machine'),
};

const mcpSchema = z.strictObject({
  kind: z.literal('mcp'),
  url: address,
  transport: z.enum(['auto', 'streamable', 'sse']).default('auto').describe('sse: HTTP+SSE of 2024-11-05'),
  ...wire,
  ...common,
});

const stdioSchema = z.strictObject({
  kind: z.literal('stdio'),
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  cwd: z.string().min(1).optional(),
  env: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
      z.union([z.string(), z.strictObject({ credential: credentialName })]),
    )
    .default({})
    .describe('All that the program sees, beside PATH and HOME'),
  package: packageSchema.optional(),
  permissions: permissionsSchema,
  sandbox: z
    .enum(['required', 'none'])
    .default('none')
    .describe('required: not started without one; none: it runs as this user, and shows as such'),
  ...common,
});

const openapiSchema = z.strictObject({
  kind: z.literal('openapi'),
  document: z.string().min(1).describe('File, relative to sallyport.yaml, or an address'),
  url: address.optional().describe("Base of the API; by default the document's first server"),
  ...wire,
  ...common,
});

/** One endpoint of a hand-written list: a tool. */
export const endpointSchema = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  path: z.string().startsWith('/').describe('With `{name}` for each path parameter'),
  description: z.string().max(2_000).default(''),
  parameters: z
    .record(
      z.string().regex(/^[A-Za-z_][\w-]{0,63}$/),
      z.strictObject({
        in: z.enum(['path', 'query', 'header', 'body']),
        schema: z.record(z.string(), z.json()).default({ type: 'string' }),
        required: z.boolean().default(false),
      }),
    )
    .default({}),
});

const endpointsSchema = z.strictObject({
  kind: z.literal('endpoints'),
  url: address,
  endpoints: z.record(z.string().regex(/^[A-Za-z_][\w-]{0,63}$/), endpointSchema),
  ...wire,
  ...common,
});

export const upstreamSchema = z
  .discriminatedUnion('kind', [mcpSchema, stdioSchema, openapiSchema, endpointsSchema])
  .superRefine((upstream, context) => {
    if (upstream.kind === 'stdio' || upstream.url === undefined) return;
    const url = URL.parse(upstream.url);
    if (url?.protocol === 'http:' && !isLoopback(url.hostname) && !upstream.allowPlaintext) {
      const message = 'calls and credentials would cross the network in clear: use https, or set allowPlaintext: true';
      context.addIssue({ code: 'custom', path: ['url'], message });
    }
    if (upstream.kind !== 'mcp' && url && url.search + url.hash !== '') {
      const message = 'is where addresses begin, and a query would be left out of them; declare a parameter instead';
      context.addIssue({ code: 'custom', path: ['url'], message });
    }
    for (const name of Object.keys(upstream.headers)) {
      if (!/^(authorization|cookie|proxy-authorization|x-api-key|api-key|host|mcp-.*)$/i.test(name)) continue;
      const message = 'is a credential or belongs to the protocol; credentials are named by `credential`';
      context.addIssue({ code: 'custom', path: ['headers', name], message });
    }
  });

export const upstreamsSchema = z.record(upstreamName, upstreamSchema).default({});

/** `mcp`: the surface on which agents reach upstreams. */
export const mcpSurfaceSchema = z
  .strictObject({
    names: z
      .enum(['prefixed', 'unique'])
      .default('prefixed')
      .describe('prefixed: every tool as <upstream>__<tool>; unique: without the prefix where no other has the name'),
    allowedOrigins: z.array(z.string()).default([]).describe('Web pages that may call it, as `https://host`'),
    holdOpenMs: z
      .int()
      .min(0)
      .max(600_000)
      .default(0)
      .describe('How long a held call is kept open for an approver, where the client cannot be asked itself'),
    resultTtlMs: z.int().min(0).max(3_600_000).default(0).describe('`ttlMs` of lists, for 2026-07-28 clients'),
    keepAliveMs: z.int().min(1_000).max(60_000).default(15_000),
    idleMinutes: z.int().min(1).max(1_440).default(15).describe('Until an unused connection to an upstream is closed'),
  })
  .prefault({});

export type UpstreamConfig = z.output<typeof upstreamSchema>;
export type UpstreamKind = UpstreamConfig['kind'];
export type EndpointConfig = z.output<typeof endpointSchema>;
export type PackageConfig = z.output<typeof packageSchema>;
export type McpConfig = z.output<typeof mcpSurfaceSchema>;
