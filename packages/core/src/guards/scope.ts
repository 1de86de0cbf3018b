import type { EventOf, ModelRequest } from '../events.ts';
import type { Guard, GuardContext } from '../guard.ts';
import type { Scope, Session } from '../session.ts';
import type { Reason, Verdict } from '../decision.ts';
import { allow, deny } from '../decision.ts';
import { defineGuard } from '../guard.ts';
import { covers, matchesGlob, parseGlob } from '../policy/glob.ts';
import { showText } from '../normalize/show.ts';

/** Who finds a scope for sessions that were opened without one. */
export interface ScopeSource {
  /** Whether nothing may be called before there is a scope. */
  readonly required: boolean;
  /** Begins finding one for a session that has none. Never waits, never throws. */
  begin(request: ModelRequest, session: Session): void;
  /** Waits for what was begun; resolves to why there is no scope, where there is none. */
  found(session: Session): Promise<{ readonly scope: Scope } | { readonly why: string }>;
}

/**
 * A task uses the tools and the classes of data in its scope, and no others. Offering further tools to the model is no
 * offence: agents send the same list with every request, and only a call has an effect.
 */
export const scopeGuard = (source?: ScopeSource): Guard =>
  defineGuard({
    name: 'scope',
    summary: 'Denies calls outside the scope to which the task was narrowed',
    stage: 'judge',
    on: ['model_request', 'tool_call'],
    check(event, context) {
      const { scope } = context.session;
      if (event.kind === 'model_request') {
        if (!scope) source?.begin(event, context.session);
        return allow;
      }
      if (scope) return within(event, scope, context);
      if (!source?.required) return allow;
      return source.found(context.session).then((found) => {
        if ('scope' in found) return within(event, found.scope, context);
        return deny({
          code: 'out_of_scope',
          rule: 'secondModel.scope',
          detail: `the session has no scope yet: ${found.why}`,
          fix: 'Ask again, open the session with a scope, or set secondModel.scope: propose.',
        });
      });
    },
  });

function within(
  { tool }: EventOf<'tool_call'>,
  { tools, labels, by }: Scope,
  { trace }: Pick<GuardContext, 'trace'>,
): Verdict {
  const rule = `scope of the session, by the ${by === 'caller' ? 'caller' : 'second model'}`;
  const reasons: Reason[] = [];
  if (tools && !inScope(tool, tools)) {
    reasons.push({ code: 'out_of_scope', rule, path: 'tool', value: showText(tool) });
  }
  if (labels) {
    if (!trace) throw new Error('the scope names classes of data, and the call was not traced');
    const beyond = trace.labels.filter((label) => !inScope(label, labels));
    if (beyond.length > 0) {
      const detail = `the call would carry data of class ${showText(beyond.join(', '))}`;
      reasons.push({ code: 'out_of_scope', rule, path: 'arguments', detail });
    }
  }
  const [first, ...rest] = reasons;
  return first ? deny(first, ...rest) : allow;
}

/** Whether one of the patterns matches; one that cannot be read matches nothing. */
export const inScope = (name: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => {
    const glob = parseGlob(pattern);
    return !('problem' in glob) && matchesGlob(glob, name);
  });

/** Whether a text is a pattern of a scope: `*` is any characters, `\\*` a star. */
export const isScopePattern = (text: string): boolean => !('problem' in parseGlob(text));

/** Whether everything within `scope` is within `than` as well. */
export const isNarrower = (scope: Scope, than: Scope): boolean =>
  areCovered(scope.tools, than.tools) && areCovered(scope.labels, than.labels);

function areCovered(patterns: readonly string[] | undefined, wide: readonly string[] | undefined): boolean {
  if (wide === undefined) return true;
  return patterns?.every((pattern) => wide.some((each) => coversText(each, pattern))) ?? false;
}

function coversText(wide: string, narrow: string): boolean {
  const [a, b] = [parseGlob(wide), parseGlob(narrow)];
  return !('problem' in a) && !('problem' in b) && covers(a, b);
}
