import { createHash } from 'node:crypto';
import type { Disagreement } from '../../src/policy/evaluate.ts';
import { readCedar } from '../../src/policy/cedar.ts';
import { loadPolicySet } from '../../src/policy/load.ts';
import { Dice, generatePolicy, generateRequest } from './generate.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export interface Comparison {
  /** Requests put to both evaluators. */
  readonly requests: number;
  readonly policies: number;
  readonly disagreements: readonly string[];
  /** How many requests came out each way: a comparison that only ever denies compares nothing. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Puts generated requests to generated policies, evaluated both ways. Every policy must have compiled. */
export function compare(seed: number, sets: number, requestsPerSet: number): Comparison {
  const dice = new Dice(seed);
  const outcomes: Record<string, number> = { allow: 0, require_approval: 0, deny: 0, failed: 0 };
  const disagreements: string[] = [];
  let policies = 0;
  for (let index = 0; index < sets; index++) {
    const texts = Array.from({ length: 12 }, () => generatePolicy(dice)).filter(isValid);
    policies += texts.length;
    const text = texts.join('\n');
    const onDisagreement = (found: Disagreement) => disagreements.push(`${JSON.stringify(found)}\n${text}`);
    const set = loadPolicySet({ cedar: [{ name: 'f.cedar', text }] }, { sha256, check: 'both', onDisagreement });
    const { uncompiled } = set.describe();
    if (uncompiled.length > 0) disagreements.push(`not compiled: ${uncompiled[0]?.place}\n${text}`);
    for (let count = 0; count < requestsPerSet; count++) {
      const request = generateRequest(dice);
      const { outcome, reasons } = set.authorize(request);
      const key = reasons[0]?.code === 'guard_failed' ? 'failed' : outcome;
      outcomes[key] = (outcomes[key] ?? 0) + 1;
    }
  }
  return { requests: sets * requestsPerSet, policies, disagreements, outcomes };
}

const isValid = (text: string): boolean => readCedar({ name: 'f.cedar', text }).problems.length === 0;
