import type {
  Authorization,
  AuthorizationRequest,
  Explanation,
  PolicySet,
  PolicySetDescription,
  RuleExplanation,
} from './policy.ts';
import type { CheckMode, Disagreement, Evaluation, Evaluator } from './evaluate.ts';
import type { MatrixContext } from './why.ts';
import type { Rule, Slice } from './rules.ts';
import type { Refusal, View } from './arguments.ts';
import { CedarEngine, askAlone } from './cedar.ts';
import { CedarRequest } from './request.ts';
import { RuleIndex, actionsOf, anything, keyOf } from './rules.ts';
import { failureReasons, forbidReasons, holdReasons, holdingRules, missingReasons, mostApprovers } from './why.ts';
import { evaluateFast, makeEvaluator } from './evaluate.ts';
import { viewsOf } from './arguments.ts';
import { showText } from '../normalize/show.ts';

interface Loaded {
  readonly rules: readonly Rule[];
  readonly matrix: MatrixContext;
  readonly hash: string;
  readonly check: CheckMode;
  readonly onDisagreement: (disagreement: Disagreement) => void;
  readonly description: PolicySetDescription;
}

/** One view's answer, with what it was made from. */
interface Judgement {
  readonly authorization: Authorization;
  readonly view: View;
  readonly deciding: readonly Rule[];
}

const severity = { allow: 0, require_approval: 1, deny: 2 } as const;

/** The policy set in force. Made by `loadPolicySet`, which has validated everything. */
export class LoadedPolicySet implements PolicySet {
  readonly hash: string;
  readonly #loaded: Loaded;
  readonly #index: RuleIndex;
  readonly #evaluator: Evaluator;
  #engine: CedarEngine | undefined;

  constructor(loaded: Loaded) {
    this.hash = loaded.hash;
    this.#loaded = loaded;
    this.#index = new RuleIndex(loaded.rules);
    const byKey = new Map(loaded.rules.map((rule) => [rule.key, rule]));
    this.#evaluator = makeEvaluator(loaded.check, () => this.#cedar(), byKey, loaded.onDisagreement);
    // What will be needed is made now, so that the first call does not wait and a failure shows at load.
    if (loaded.check !== 'fast' || loaded.rules.some(({ applies }) => applies === undefined)) this.#cedar();
  }

  authorize(request: AuthorizationRequest): Authorization {
    return this.#judge(request).authorization;
  }

  mayPermit(request: AuthorizationRequest): boolean {
    const { principal, resource } = new CedarRequest(request);
    const { rules } = this.#index.find(request.action, resource.uid, [principal.uid, ...principal.parents]);
    const isAlways = ({ json: { conditions } }: Rule) => conditions.length === 0;
    return (
      rules.some(({ ref }) => ref.effect === 'permit') &&
      !rules.some((rule) => rule.ref.effect === 'forbid' && isAlways(rule))
    );
  }

  explain(request: AuthorizationRequest): Explanation {
    const { authorization, view, deciding } = this.#judge(request);
    const asked = new CedarRequest(request);
    const rules = this.#loaded.rules
      .filter(({ json }) => actionsOf(json).includes(request.action))
      .filter((rule) => names(rule, asked.resource.uid))
      .map((rule) => this.#explainRule(rule, asked, view, authorization, deciding));
    return {
      authorization,
      values: Object.fromEntries([...view].map(([path, { text }]) => [showText(path), showText(text)])),
      rules: rules.toSorted((a, b) => Number(b.decided) - Number(a.decided)),
    };
  }

  describe(): PolicySetDescription {
    return this.#loaded.description;
  }

  #judge(request: AuthorizationRequest): Judgement {
    const asked = new CedarRequest(request);
    const { principal, resource } = asked;
    const slice = this.#index.find(request.action, resource.uid, [principal.uid, ...principal.parents]);
    const views = viewsOf(request.arguments ?? {}, slice.mention);
    const refused = (refusal: Refusal) => ({ authorization: denial([refusal]), view: new Map(), deciding: [] });
    if ('code' in views) return refused(views);
    // Cedar's own engine is given the origins whether or not a rule asks for them.
    const needsOrigins = slice.readsFlow || slice.needsCedar || this.#loaded.check !== 'fast';
    const unjudgeable = needsOrigins ? asked.flowRefusal() : undefined;
    if (unjudgeable !== undefined) return refused(unjudgeable);
    let worst: Judgement | undefined;
    for (const view of views) {
      const judged = this.#judgeView(request, asked, slice, view);
      if (worst === undefined || isWorse(judged, worst)) worst = judged;
      if (judged.authorization.outcome === 'deny') break;
    }
    if (worst === undefined) throw new Error('the arguments have no view');
    return worst;
  }

  /** Default deny, forbid wins; what only an approval lets through is held; an error anywhere denies. */
  #judgeView(request: AuthorizationRequest, asked: CedarRequest, slice: Slice, view: View): Judgement {
    const { matrix } = this.#loaded;
    const made = (authorization: Authorization, deciding: readonly Rule[]): Judgement => ({
      authorization,
      view,
      deciding,
    });
    const first = this.#evaluator.evaluate(slice, asked, view, false);
    const traced = request.flow !== undefined;
    if (first.errors.length > 0) return failed(first, view, traced);
    if (allows(first))
      return made({ outcome: 'allow', reasons: [], rules: first.permits.map(({ ref }) => ref) }, first.permits);
    const second = slice.readsApproved ? this.#evaluator.evaluate(slice, asked, view, true) : first;
    if (second.errors.length > 0) return failed(second, view, traced);
    const facts = {
      leaf: (path: string) => view.get(path),
      origin: (key: string) => asked.origin(key),
      user: request.user,
    };
    if (allows(second)) {
      const deciding = holdingRules(first, second);
      const reasons = holdReasons(deciding, facts);
      return made({ outcome: 'require_approval', reasons, rules: deciding.map(({ ref }) => ref) }, deciding);
    }
    // With forbids that an approval would lift gone, what remains is why it is denied even so.
    const reasons =
      second.forbids.length > 0 ? forbidReasons(second.forbids, matrix) : missingReasons(request, facts, matrix);
    return made({ outcome: 'deny', reasons, rules: second.forbids.map(({ ref }) => ref) }, second.forbids);
  }

  #explainRule(
    rule: Rule,
    asked: CedarRequest,
    view: View,
    { outcome }: Authorization,
    deciding: readonly Rule[],
  ): RuleExplanation {
    const { principal, resource } = asked;
    const uids = [principal.uid, ...principal.parents];
    const scoped = this.#scopes(rule, resource.uid, uids);
    const base = {
      rule: rule.ref,
      file: rule.file,
      line: rule.line,
      text: rule.text,
      decided: deciding.includes(rule),
    };
    if (!scoped) return { ...base, scope: false, conditions: 'not_asked' };
    const approved = outcome === 'require_approval' && base.decided && rule.ref.effect === 'permit';
    return { ...base, scope: true, conditions: conditionsOf(rule, asked, view, approved) };
  }

  #scopes(rule: Rule, resource: string, principals: readonly string[]): boolean {
    return actionsOf(rule.json).some((action) => this.#index.find(action, resource, principals).rules.includes(rule));
  }

  #cedar(): CedarEngine {
    const texts = Object.fromEntries(this.#loaded.rules.map(({ key, text }) => [key, text]));
    this.#engine ??= new CedarEngine(`sallyport/${this.hash}`, texts);
    return this.#engine;
  }
}

const allows = ({ permits, forbids }: Evaluation): boolean => forbids.length === 0 && permits.length > 0;

const denial = (reasons: Authorization['reasons']): Authorization => ({ outcome: 'deny', reasons, rules: [] });

/** Of two holds, the one that needs more people: what all values need must be given. */
function isWorse(judged: Judgement, than: Judgement): boolean {
  const [a, b] = [severity[judged.authorization.outcome], severity[than.authorization.outcome]];
  if (a !== b || judged.authorization.outcome !== 'require_approval') return a > b;
  return mostApprovers(judged.deciding) > mostApprovers(than.deciding);
}

function failed(evaluation: Evaluation, view: View, traced: boolean): Judgement {
  const deciding = evaluation.errors.flatMap(({ rule }) => rule ?? []);
  const authorization = { ...denial(failureReasons(evaluation, traced)), rules: deciding.map(({ ref }) => ref) };
  return { authorization, view, deciding };
}

function conditionsOf(rule: Rule, asked: CedarRequest, view: View, approved: boolean): RuleExplanation['conditions'] {
  const { readsApproved, readsFlow } = rule;
  const alone = { rules: [rule], mention: undefined, readsApproved, readsFlow, needsCedar: false };
  const fast = rule.applies === undefined ? undefined : evaluateFast(alone, asked, view, approved);
  if (fast !== undefined) {
    if (fast.errors.length > 0) return 'failed';
    return fast.permits.length + fast.forbids.length > 0 ? 'met' : 'unmet';
  }
  const { reason, errors } = askAlone(rule.key, rule.text, asked.cedarCall(view, approved));
  if (errors.length > 0) return 'failed';
  return reason.length > 0 ? 'met' : 'unmet';
}

const names = (rule: Rule, resource: string): boolean => [resource, anything].includes(keyOf(rule.json.resource));
