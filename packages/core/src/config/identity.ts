import { z } from 'zod';
import { isLoopback } from './loopback.ts';
import type { Secret } from './secret.ts';

/** `identity` of `sallyport.yaml`: who may say who somebody is. */

const issuerUrl = z.url({ protocol: /^https?$/ }).refine((url) => {
  const parsed = URL.parse(url);
  return parsed?.protocol === 'https:' || (parsed !== null && isLoopback(parsed.hostname));
}, 'must be https: its keys decide who somebody is');
/** As OpenID providers name claims, addresses included (OpenID Connect Core 1.0, section 5.1). */
export const claimName = z
  .string({ error: 'must be the name of a claim' })
  .regex(
    /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_:./-]{0,127}$/,
    'must be the name of a claim: letters, digits and _ : . / -',
  );
const roleName = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, 'a role is lower-case letters, digits, - and _');

/** An OpenID provider whose tokens say for whom an agent works. */
const issuerSchema = z.strictObject({
  issuer: issuerUrl.describe('Exactly as in `iss`; its discovery document is read from it'),
  audience: z
    .array(z.string().min(1))
    .min(1)
    .describe('`aud` must hold one of these: a token made for somebody else is not taken (RFC 8707)'),
  clockSkewSeconds: z.int().min(0).max(300).default(60),
  userClaim: claimName.default('sub'),
  claims: z
    .array(claimName)
    .max(20)
    .default([])
    .describe('Copied into the session, for policies: strings, numbers, booleans and lists of them'),
  roles: z
    .strictObject({ claim: claimName, map: z.record(z.string(), roleName) })
    .optional()
    .describe("The user's roles"),
  agents: z
    .strictObject({
      claim: claimName.default('client_id').describe('`azp` is read where it is missing'),
      map: z.record(z.string().min(1), z.string().min(1)).describe('OAuth client id → name of the agent'),
    })
    .optional()
    .describe('Lets MCP clients in by their OAuth access token alone'),
  scope: z
    .string()
    .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'a scope is one word of visible ASCII (RFC 6749 section 3.3)')
    .default('mcp')
    .describe('Scope that an access token must have'),
  accessTokens: z
    .enum(['at+jwt', 'jwt'])
    .default('at+jwt')
    .describe(
      '`at+jwt`: only those typed as access tokens (RFC 9068); `jwt`: for providers that type none, any with a scope that is no ID token',
    ),
});

const operatorsSchema = z
  .strictObject({
    issuer: issuerUrl,
    clientId: z.string().min(1),
    secret: z
      .string()
      .regex(/^\$\{(env|file):[^}]+\}$/, 'a secret must be a reference, ${env:NAME} or ${file:/path}')
      .optional()
      .describe('The client secret; without it a public client with PKCE'),
    scopes: z.array(z.string().min(1)).default(['openid', 'profile', 'email']),
    nameClaim: claimName.default('email'),
    roles: z.strictObject({
      claim: claimName,
      map: z.record(z.string(), z.enum(['owner', 'operator', 'approver', 'auditor', 'viewer'])),
    }),
    clockSkewSeconds: z.int().min(0).max(300).default(60),
  })
  .describe('Operators sign in at this provider, beside one-time links');

/** Of two entries of one issuer it would be chance which one's audience, roles and agents a token is read by. */
function refuseTwins(issuers: Record<string, z.output<typeof issuerSchema>>, context: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const [name, { issuer }] of Object.entries(issuers)) {
    if (seen.has(issuer)) {
      context.addIssue({ code: 'custom', path: [name, 'issuer'], message: 'another entry has the same issuer' });
    }
    seen.add(issuer);
  }
}

export const identitySchema = z
  .strictObject({
    issuers: z
      .record(z.string().regex(/^[a-z][a-z0-9-]{0,39}$/), issuerSchema)
      .default({})
      .superRefine(refuseTwins)
      .describe('OpenID providers of the users; where there are several, a user is `<name>:<id>`'),
    operators: operatorsSchema.optional(),
    userContextMinutes: z.int().min(1).max(15).default(5).describe('How long a signed user context is good for'),
  })
  .prefault({});

type ParsedIdentity = z.output<typeof identitySchema>;
type ParsedOperators = NonNullable<ParsedIdentity['operators']>;
export type OperatorIssuerConfig = Omit<ParsedOperators, 'secret'> & { readonly secret?: Secret };
export type IdentityConfig = Omit<ParsedIdentity, 'operators'> & { readonly operators?: OperatorIssuerConfig };
export type IssuerConfig = z.output<typeof issuerSchema>;
