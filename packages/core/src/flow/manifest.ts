import { z } from 'zod';

/** What a tool does to the world. `read` changes nothing; a `read` whose target is an address still is egress. */
export const effects = ['read', 'write', 'send', 'delete', 'execute'] as const;
export type Effect = (typeof effects)[number];

/** Kinds of action by which a user's request is compared with a call; see `flow/intent.ts`. */
export const actionKinds = [
  'message',
  'pay',
  'buy',
  'book',
  'delete',
  'credential',
  'ownership',
  'edit',
  'create',
  'execute',
  'publish',
  'web',
] as const;
export type ActionKind = (typeof actionKinds)[number];

const path = z
  .string()
  .min(1)
  .max(200)
  .describe('Dotted path of an argument or of a field of the result; `*` is every item: `attachments.*.file_id`');
const label = z.string().regex(/^[a-z][a-z0-9_:-]{0,63}$/, 'a label is lower-case letters, digits, _, : and -');

const minimiseSchema = z
  .strictObject({
    fields: z.array(path).min(1),
    unless: z
      .strictObject({
        purposes: z.array(z.string().min(1).max(200)).optional().describe("Patterns of the session's purpose"),
        scopes: z.array(label).optional().describe("Labels of which the session's scope names one"),
      })
      .optional()
      .describe('Where one of these holds, the fields are left as they are'),
    action: z.enum(['drop', 'shorten']),
    to: z.int().min(1).max(100_000).optional().describe('Characters that stay, with action: shorten'),
  })
  .refine(({ action, to }) => (action === 'shorten') === (to !== undefined), {
    path: ['to'],
    message: 'says how many characters stay with action: shorten, and nothing with drop',
  });
export type MinimiseRule = z.output<typeof minimiseSchema>;

/** What an operator says of a tool. Whatever is not said takes the safest meaning. */
export const manifestSchema = z.strictObject({
  effect: z.enum(effects).default('execute').describe('What the tool does to the world'),
  kinds: z.array(z.enum(actionKinds)).optional().describe('Kinds of action; by default read off name and description'),
  sink: z.boolean().optional().describe('Whether the effect leaves the session; by default every effect but read'),
  local: z
    .boolean()
    .default(false)
    .describe("Writes only into the session's own workspace: no sink until something leaves"),
  egress: z
    .boolean()
    .optional()
    .describe('Whether a target is an address that is fetched; by default told by its name'),
  target: z.array(path).optional().describe('Arguments that choose who, where or what is affected; by default all'),
  content: z.array(path).default([]).describe('The other arguments; links, addresses and accounts in them are targets'),
  demand: z
    .record(path, z.enum(['named', 'trusted', 'user', 'operator']))
    .default({})
    .describe('The least integrity of a target; by default trusted'),
  caps: z
    .record(path, z.number().min(0))
    .default({})
    .describe('Amounts up to this are free once the recipient is trusted'),
  confirms: z
    .array(z.string().min(1))
    .default([])
    .describe('Tools whose queued operation this call releases, such as by a one-time code'),
  results: z
    .strictObject({
      trust: z.enum(['trusted', 'untrusted']).default('untrusted').describe('Who can write what this tool returns'),
      format: z
        .enum(['records', 'text'])
        .default('text')
        .describe('records: the tool itself lays out the fields; text: the layout is part of what others wrote'),
      fields: z
        .record(path, z.enum(['trusted', 'untrusted']))
        .default({})
        .describe('Fields whose trust differs; only with format: records'),
      echoes: z.boolean().default(false).describe('Whether arguments come back in the result'),
      labels: z.array(label).default([]).describe('Labels of everything it returns'),
      fieldLabels: z.record(path, z.array(label)).default({}),
      owner: path
        .optional()
        .describe(
          "Whose the data is, for guards.fence: `user`, or the path of the owner's id in each record, such as `customers.*.customer_id`",
        ),
      identifiers: z
        .array(path)
        .optional()
        .describe('Fields that identify their owner, whatever they look like, such as account numbers'),
      minimise: z
        .array(minimiseSchema)
        .optional()
        .describe('Fields that the model gets only where the task needs them'),
    })
    .prefault({}),
});
export type ManifestInput = z.input<typeof manifestSchema>;
export type Manifest = z.output<typeof manifestSchema>;

/** What is assumed of a tool that nobody described: it acts on the world, and strangers write what it returns. */
export const unknownManifest: Manifest = manifestSchema.parse({});

export const isSink = (manifest: Manifest): boolean => manifest.sink ?? manifest.effect !== 'read';
