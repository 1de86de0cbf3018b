import type { AuthorizationRequest, PolicySet } from '../../src/policy/policy.ts';
import type { JsonObject } from '../../src/events.ts';
import type { PolicySetOptions } from '../../src/policy/load.ts';
import { RuntimeFault } from '../../src/errors.ts';
import { loadPolicySet } from '../../src/policy/load.ts';
import { zeroCounters } from '../../src/session.ts';
import { sha256 } from './compare.ts';

type Sources = { yaml?: string; cedar?: string };

/** Every test runs both evaluators, so that each is also a test of their agreement. */
export function load({ yaml, cedar }: Sources, options: Partial<PolicySetOptions> = {}): PolicySet {
  return loadPolicySet(
    {
      permissions: yaml === undefined ? undefined : { name: 'permissions.yaml', text: yaml },
      cedar: cedar === undefined ? [] : [{ name: 'own.cedar', text: cedar }],
    },
    { sha256, check: 'both', onDisagreement: (found) => void disagreements.push(JSON.stringify(found)), ...options },
  );
}

/** Filled by every set that `load` makes. */
export const disagreements: string[] = [];

export const request = (change: Partial<AuthorizationRequest> = {}): AuthorizationRequest => ({
  principal: { id: 'agent-1', tenant: 'acme', roles: ['support'] },
  action: 'tool_call',
  resource: 'send_email',
  arguments: {},
  user: { id: 'ann', roles: [] },
  session: zeroCounters,
  now: Date.UTC(2026, 10, 21, 10, 30),
  ...change,
});

export const call = (set: PolicySet, tool: string, args: JsonObject = {}, change: Partial<AuthorizationRequest> = {}) =>
  set.authorize(request({ resource: tool, arguments: args, ...change }));

/** The lines of the fault that loading raises. */
export function problems(sources: Sources): string[] {
  try {
    load(sources);
  } catch (error) {
    if (error instanceof RuntimeFault && error.code === 'invalid_policy') return (error.detail ?? '').split('\n');
    throw error;
  }
  return [];
}
