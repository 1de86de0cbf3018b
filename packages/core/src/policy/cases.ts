import { z } from 'zod';
import type { Authorization, AuthorizationRequest, PolicyAction, PolicySet } from './policy.ts';
import type { PolicySource } from './problems.ts';
import { claimName } from '../config/identity.ts';
import { counterNames } from './schema.ts';
import { flowOfGiven, givenFlowSchema } from './given-flow.ts';
import { invalidPolicy } from './problems.ts';
import { policyActions } from './policy.ts';
import { readYaml } from './yaml.ts';
import { strictKeys } from './strict-keys.ts';
import { showText } from '../normalize/show.ts';
import { zeroCounters } from '../session.ts';

const expectations = ['allow', 'require_approval', 'deny'] as const satisfies readonly Authorization['outcome'][];

const named = z.string({ error: 'must be a text' }).min(1, 'is empty');
const roles = z.array(named, { error: 'must be a list of roles' }).default([]);
const claimsOfUser = z
  .record(claimName, z.array(named, { error: 'must be a list of texts' }), {
    error: 'must map claims to lists of texts',
  })
  .optional();
const count = z.int({ error: 'must be a whole number' }).nonnegative('must not be negative').optional();
const counters = strictKeys(Object.fromEntries(counterNames.map((name) => [name, count])));
const actionNames = Object.keys(policyActions) as [PolicyAction, ...PolicyAction[]];

const policyCase = strictKeys({
  name: named,
  /** Of the agent. */
  roles,
  agent: named.default('agent'),
  tenant: named.default('default'),
  user: strictKeys({ id: named.default('user'), roles, claims: claimsOfUser }).prefault({}),
  action: z.enum(actionNames, { error: `must be one of ${actionNames.join(', ')}` }).default('tool_call'),
  resource: named,
  arguments: z.record(z.string(), z.json(), { error: 'must map names to values' }).optional(),
  session: counters.optional(),
  /** Of a tool call; by default a fresh session, in which every argument is untrusted. */
  flow: givenFlowSchema.prefault({}),
  now: z.iso.datetime({ error: 'must be a time such as 2026-11-21T10:00:00Z' }).optional(),
  expect: z.enum(expectations, { error: `must be one of ${expectations.join(', ')}` }),
  /** Id or place of a rule that must be among those that decided. */
  rule: named.optional(),
});
const casesSchema = strictKeys({
  cases: z.array(policyCase, { error: 'must be a list of cases' }).min(1, 'names no case'),
});
type PolicyCase = z.infer<typeof policyCase>;

export interface PolicyCaseResult {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly name: string;
  readonly ok: boolean;
  readonly expected: Authorization['outcome'];
  readonly outcome: Authorization['outcome'];
  /** Places of the rules that decided. */
  readonly rules: readonly string[];
  /** What is wrong and why it came out so, in one sentence; absent when ok. */
  readonly problem?: string;
}

/**
 * Runs the cases of one `*.test.yaml` against a policy set.
 *
 * @param now milliseconds since the epoch, for cases that name no time
 * @throws RuntimeFault `invalid_policy`, each problem with its line and column
 */
export function runPolicyCases(policies: PolicySet, source: PolicySource, now: number): PolicyCaseResult[] {
  const { value, problems, place } = readYaml(source, casesSchema);
  if (value === undefined) throw invalidPolicy(problems);
  const cases = value.cases.map((one) => ({ one, ...requestOf(one, now) }));
  const mistyped = cases.flatMap(({ strangers }, index) =>
    strangers.map((path) => {
      const message = `cases.${index}.flow.provenance: ${showText(path)} names no argument of the case`;
      return { file: source.name, ...place(['cases', index, 'flow', 'provenance', path]), message };
    }),
  );
  if (mistyped.length > 0) throw invalidPolicy(mistyped);
  return cases.map(({ one, request }, index) => {
    const authorization = policies.authorize(request);
    const problem = problemOf(one, authorization);
    return {
      file: source.name,
      line: place(['cases', index]).line,
      name: one.name,
      ok: problem === undefined,
      expected: one.expect,
      outcome: authorization.outcome,
      rules: [...new Set(placesOf(authorization))],
      ...(problem === undefined ? {} : { problem }),
    };
  });
}

function requestOf(one: PolicyCase, now: number): { request: AuthorizationRequest; strangers: readonly string[] } {
  const { flow, strangers } = flowOfGiven(one.arguments ?? {}, one.flow);
  const request = {
    principal: { id: one.agent, tenant: one.tenant, roles: one.roles },
    action: one.action,
    resource: one.resource,
    ...(one.arguments === undefined ? {} : { arguments: one.arguments }),
    user: userOf(one.user),
    session: { ...zeroCounters, ...one.session },
    ...(one.action === 'tool_call' ? { flow } : {}),
    now: one.now === undefined ? now : Date.parse(one.now),
  };
  return { request, strangers };
}

const userOf = ({ claims, ...user }: PolicyCase['user']) => ({ ...user, ...(claims === undefined ? {} : { claims }) });

const placesOf = ({ rules, reasons }: Authorization): string[] => [
  ...rules.map(({ place }) => place),
  ...reasons.flatMap(({ rule }) => rule ?? []),
];

function problemOf({ expect, rule }: PolicyCase, authorization: Authorization): string | undefined {
  const { outcome, reasons, rules } = authorization;
  const places = placesOf(authorization);
  const why = reasons.map(({ code, detail }) => detail ?? code).join('; ');
  if (outcome !== expect) {
    const by = places.length === 0 ? '' : ` by ${[...new Set(places)].join(', ')}`;
    return `expected ${expect}, got ${outcome}${by}${why === '' ? '' : `: ${showText(why, 500)}`}`;
  }
  if (rule === undefined || places.includes(rule) || rules.some(({ id }) => id === rule)) return undefined;
  return `expected ${showText(rule)} to decide, but ${places.length === 0 ? 'no rule did' : `${places.join(', ')} did`}`;
}
