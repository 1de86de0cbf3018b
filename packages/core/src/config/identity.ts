import { z } from 'zod';
import { isLoopback } from './loopback.ts';

/** `identity` of `sallyport.yaml`: who may say who somebody is. */

const issuerUrl = z.url({ protocol: /^https?$/ }).refine((url) => {
  const parsed = URL.parse(url);
  return parsed?.protocol === 'https:' || (parsed !== null && isLoopback(parsed.hostname));
}, 'must be https: its keys decide who somebody is');
/** As OpenID providers name claims, addresses included (OpenID Connect Core 1.0, section 5.1). */
export const claimName = z
  .string({ error: 'must be the name of a claim' })
  .regex(/^[A-Za-z_][A-Za-z0-9_:./-]{0,127}$/, 'must be the name of a claim: letters, digits and _ : . / -');
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
  scope: z.string().min(1).default('mcp').describe('Scope that an access token must have for the MCP surface'),
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

export const identitySchema = z
  .strictObject({
    issuers: z
      .record(z.string().regex(/^[a-z][a-z0-9-]{0,39}$/), issuerSchema)
      .default({})
      .describe('OpenID providers of the users'),
    operators: operatorsSchema.optional(),
    userContextMinutes: z.int().min(1).max(15).default(5).describe('How long a signed user context is good for'),
  })
  .prefault({});

export type IdentityConfig = z.output<typeof identitySchema>;
export type IssuerConfig = z.output<typeof issuerSchema>;
