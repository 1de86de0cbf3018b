import type { CedarEngine } from './cedar.ts';
import type { CedarRequest } from './request.ts';
import type { Rule, Slice } from './rules.ts';
import type { View } from './arguments.ts';
import { EvaluationError, Unsupported } from './values.ts';

/** `fast`: closures, and Cedar where they do not reach. `wasm`: Cedar alone. `both`: both, and a difference denies. */
export const checkModes = ['fast', 'both', 'wasm'] as const;
export type CheckMode = (typeof checkModes)[number];

/** What the rules say of one view, one answer to `approved`. */
export interface Evaluation {
  readonly permits: readonly Rule[];
  readonly forbids: readonly Rule[];
  readonly errors: readonly { readonly rule: Rule | undefined; readonly message: string }[];
}

/** The two evaluators gave different answers. */
export interface Disagreement {
  readonly principal: string;
  readonly resource: string;
  readonly fast: string;
  readonly cedar: string;
}

export interface Evaluator {
  evaluate(slice: Slice, request: CedarRequest, view: View, approved: boolean): Evaluation;
}

export function makeEvaluator(
  check: CheckMode,
  /** Made when first needed. */
  engine: () => CedarEngine,
  rulesByKey: ReadonlyMap<string, Rule>,
  onDisagreement: (disagreement: Disagreement) => void,
): Evaluator {
  const viaCedar = (request: CedarRequest, view: View, approved: boolean): Evaluation => {
    const { decision, diagnostics } = engine().isAuthorized(request.cedarCall(view, approved));
    const deciding = diagnostics.reason.flatMap((key) => rulesByKey.get(key) ?? []);
    const errors = diagnostics.errors.map(({ policyId, error }) => ({
      rule: rulesByKey.get(policyId),
      message: error.message.replaceAll(`\`${policyId}\``, 'this rule'),
    }));
    return decision === 'allow'
      ? { permits: deciding, forbids: [], errors }
      : { permits: [], forbids: deciding, errors };
  };
  return {
    evaluate(slice, request, view, approved) {
      if (check === 'wasm') return viaCedar(request, view, approved);
      const fast = slice.needsCedar ? undefined : evaluateFast(slice, request, view, approved);
      if (fast === undefined) return viaCedar(request, view, approved);
      if (check === 'fast') return fast;
      const cedar = viaCedar(request, view, approved);
      const said = { fast: signature(fast), cedar: signature(cedar) };
      if (said.fast === said.cedar) return fast;
      onDisagreement({ principal: request.principal.id, resource: request.resource.uid, ...said });
      return { permits: [], forbids: [], errors: [{ rule: undefined, message: 'the two policy evaluators disagree' }] };
    },
  };
}

/**
 * Every rule is asked, even after a forbid: an error in any of them must be found.
 *
 * @returns undefined when only Cedar can answer
 */
export function evaluateFast(
  slice: Slice,
  request: CedarRequest,
  view: View,
  approved: boolean,
): Evaluation | undefined {
  const env = request.environment(view, approved, slice.readsFlow);
  const permits: Rule[] = [];
  const forbids: Rule[] = [];
  const errors: { rule: Rule; message: string }[] = [];
  for (const rule of slice.rules) {
    try {
      if (rule.applies?.(env) === true) (rule.ref.effect === 'permit' ? permits : forbids).push(rule);
    } catch (error) {
      if (error instanceof Unsupported) return undefined;
      if (!(error instanceof EvaluationError)) throw error;
      errors.push({ rule, message: error.message });
    }
  }
  return { permits, forbids, errors };
}

/** Decision, deciding rules and failing rules, as Cedar reports them. */
function signature({ permits, forbids, errors }: Evaluation): string {
  const deciding = forbids.length > 0 ? forbids : permits;
  const allowed = forbids.length === 0 && permits.length > 0;
  const keys = (rules: readonly (Rule | undefined)[]) => rules.map((rule) => rule?.key ?? '?').toSorted();
  return JSON.stringify([allowed, keys(deciding), keys(errors.map(({ rule }) => rule))]);
}
