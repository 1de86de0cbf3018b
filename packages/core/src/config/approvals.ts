import { z } from 'zod';
import { isLoopback } from './loopback.ts';

const webhookSchema = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).describe('Where a new approval is posted to, such as an incoming webhook'),
    secret: z
      .string()
      .regex(
        /^\$\{(env|file):[^}]+\}$/,
        'a secret must be a reference, ${env:NAME} or ${file:/path}, never the value itself',
      )
      .optional()
      .describe('Signs each request, so that the receiver knows it is ours: ${env:NAME} or ${file:/path}'),
    format: z
      .enum(['slack', 'json'])
      .default('slack')
      .describe('slack: blocks, as Slack and compatible chats take them'),
    timeoutMs: z.int().min(100).max(60_000).default(5_000).describe('For one attempt'),
    retries: z.int().min(0).max(10).default(4).describe('After the first attempt, on 429, 5xx and network errors'),
  })
  .superRefine(({ url: text }, context) => {
    const url = URL.parse(text);
    const complain = (message: string) => context.addIssue({ code: 'custom', path: ['url'], message });
    if (url?.username || url?.password) complain('holds credentials; a receiver knows us by the signature');
    if (url?.protocol === 'http:' && !isLoopback(url.hostname)) {
      complain('what agents want to do would cross the network in clear: use https');
    }
  });

/** `approvals` of `sallyport.yaml`. */
export const approvalsSchema = z
  .strictObject({
    expiresMinutes: z
      .int()
      .min(1)
      .max(10_080)
      .default(60)
      .describe('How long an approval can be given and used; what nobody answered by then is denied'),
    approvers: z.int().min(1).max(10).default(1).describe('Least number of different operators who must say yes'),
    maxPending: z.int().min(1).max(1_000).default(50).describe('Calls of one session that may wait at once'),
    holdOpenMs: z
      .int()
      .min(0)
      .max(540_000)
      .default(0)
      .describe('How long an answer is kept open for a person; 0: a held call is denied at once, and asked for again'),
    webhook: webhookSchema.optional(),
  })
  .prefault({});
