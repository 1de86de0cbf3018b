import type { AgentRecord } from '@sallyport/core';
import { RuntimeFault } from '@sallyport/core';
import type { OidcIssuers, UserTokenKind, VerifiedUser } from './oidc/index.ts';

/**
 * The user whose token an agent's back end hands over. It needs no trust to name users: their provider does.
 *
 * @throws RuntimeFault as `verifyUser`; `forbidden` when the token was issued to another agent's client, or names another
 *   actor, so that no agent can use what another was given
 */
export async function userHandedOver(
  oidc: OidcIssuers,
  token: string,
  agent: AgentRecord,
  accept: UserTokenKind | 'either' = 'either',
): Promise<VerifiedUser> {
  const user = await oidc.verifyUser(token, accept);
  const client = oidc.agentOf(user);
  if (client !== undefined && client !== agent.name) throw notForThisAgent('was issued to the client of another agent');
  const { mayAct } = user;
  if (mayAct === undefined || mayAct === agent.id || mayAct === agent.name) return user;
  if (oidc.agentOf({ issuer: user.issuer, clientId: mayAct }) === agent.name) return user;
  throw notForThisAgent('names another actor in may_act');
}

const notForThisAgent = (why: string): RuntimeFault =>
  new RuntimeFault('forbidden', { detail: `The user's token ${why}. Ask for one that is for this agent.` });
