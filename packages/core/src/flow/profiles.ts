import { flowRules, type FlowRule } from './provenance.ts';
import type { Profile } from '../config/flow.ts';

/** Which rules each profile switches on. */
const off: Readonly<Record<Profile, ReadonlySet<FlowRule>>> = {
  strict: new Set(['people', 'senders', 'delegation', 'sources', 'lookups']),
  balanced: new Set(['sources']),
  delegating: new Set(),
};

/** The rules in force: the profile's, then what the operator switched by name. */
export function rulesOf(profile: Profile, switched: Partial<Record<FlowRule, boolean>> = {}): ReadonlySet<FlowRule> {
  return new Set(flowRules.filter((rule) => switched[rule] ?? !off[profile].has(rule)));
}
