import type { Explanation, RuleExplanation } from '@sallyport/core';
import { freshFlow, zeroCounters } from '@sallyport/core';
import { sha256 } from '../../identity/secrets.ts';
import { given } from './given.ts';
import type { AdminServices, Handlers } from './services.ts';

const entriesLookedAt = 200;

type PolicyRoute = 'policies.get' | 'policies.setCell' | 'policies.setText' | 'policies.explain';

export const policyHandlers: Handlers<PolicyRoute> = {
  'policies.get': async (_, services) => {
    const { policies, settings } = services;
    const { hash, loadedAt, problems } = policies.status();
    const { hash: permissionsHash, text: permissionsText, roles } = await policies.permissions();
    const sources = policies.current().describe().sources;
    const inMatrix = Object.values(roles).flatMap(({ tools }) => Object.keys(tools));
    const tools = [...new Set([...inMatrix, ...(await recentTools(services))])].toSorted();
    const known = { tools, models: settings.models() };
    return { hash, loadedAt, problems, permissionsHash, permissionsText, roles, sources, known };
  },
  'policies.setCell': {
    entry: ({ body: { role, kind, name, cell } }) => ({
      subject: `${role}/${kind}/${name}`,
      detail: JSON.stringify(cell),
    }),
    run: async ({ body }, { policies }) => ({ permissionsHash: await policies.setCell(body) }),
  },
  'policies.setText': {
    // The text itself is in the policy folder; the hash says which text it was.
    entry: ({ body: { text } }) => ({ subject: 'permissions.yaml', detail: `sha256 ${sha256(text)}` }),
    run: async ({ body: { text, expectedHash } }, { policies }) => ({
      permissionsHash: await policies.writePermissions(text, expectedHash),
    }),
  },
  'policies.explain': ({ body }, { policies, clock, tenant }) => {
    const { roles, user, claims, action, resource, arguments: values } = body;
    return explanationView(
      policies.current().explain({
        principal: { id: 'anyone', tenant, roles },
        action,
        resource,
        ...given({ arguments: values }),
        user: { id: user, roles: [], ...given({ claims }) },
        session: zeroCounters,
        now: clock.now(),
        // Of a session that has read and done nothing: what rules about origins and trajectories say then.
        ...(action === 'tool_call' ? { flow: freshFlow } : {}),
      }),
    );
  },
};

const explanationView = ({ authorization: { outcome, reasons }, rules }: Explanation) => ({
  outcome,
  reasons,
  rules: rules.filter(({ scope }) => scope).map(ruleView),
});

const ruleView = ({ rule: { id, place, effect }, text, conditions, decided }: RuleExplanation) => {
  return { id, place, effect, text, decided, conditionsHold: conditions === 'met' };
};

async function recentTools({ entries }: AdminServices): Promise<string[]> {
  const calls = await entries.list({ kind: 'tool_call', limit: entriesLookedAt });
  return calls.flatMap((entry) => (entry.phase === 'operator' ? [] : [entry.subject]));
}
