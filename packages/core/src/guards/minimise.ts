import type { Guard } from '../guard.ts';
import type { Manifest, MinimiseRule } from '../flow/manifest.ts';
import type { Reason } from '../decision.ts';
import type { Session } from '../session.ts';
import type { Edit } from './wire.ts';
import { Remembered } from '../remembered.ts';
import { allow } from '../decision.ts';
import { defineGuard } from '../guard.ts';
import { inScope } from './scope.ts';
import { rewriteParts } from './parts.ts';
import { replaceText, rewritten, wireMessages } from './wire.ts';
import { resultsOf } from '../records/results.ts';
import { showText } from '../normalize/show.ts';
import { trimResult, type Trimmed } from '../records/trim.ts';

/**
 * Leaves out of results what the task does not need, before the model reads them. Information flow knows the result as it
 * came; the client's own copy is its own.
 */
export const minimiseGuard = (manifestOf: (tool: string) => Manifest): Guard => {
  const known = new Remembered<Map<string, Trimmed | undefined>>(32_000_000);
  const trimmed = (text: string, rules: readonly MinimiseRule[]): Trimmed | undefined => {
    const about = JSON.stringify(rules);
    const made = known.of(text, () => new Map());
    if (made.has(about)) return made.get(about);
    const trims = rules.map(({ fields, to }) => ({ fields, to }));
    const less = trimResult(text, trims);
    made.set(about, less);
    return less;
  };
  const rulesOf = (tool: string, session: Session): readonly MinimiseRule[] =>
    manifestOf(tool).results.minimise?.filter((rule) => applies(rule, session)) ?? [];
  return defineGuard({
    name: 'minimise',
    summary: 'Leaves out of results the fields that the task does not need',
    stage: 'rewrite',
    on: ['model_request', 'tool_result'],
    check(event, { session }) {
      if (event.kind === 'tool_result') {
        const rules = rulesOf(event.tool, session);
        if (rules.length === 0) return allow;
        return rewriteParts(event, ({ path, text }) => {
          const less = trimmed(text, rules);
          return less && { text: less.text, reasons: [reasonOf(event.tool, path, less)] };
        });
      }
      const messages = [...event.messages];
      const edits: Edit[] = [];
      const reasons: Reason[] = [];
      let places: ReturnType<typeof wireMessages> | undefined;
      for (const { place, tool, message } of resultsOf(event.messages)) {
        const rules = rulesOf(tool, session);
        const less = rules.length > 0 ? trimmed(message.text, rules) : undefined;
        if (!less) continue;
        places ??= wireMessages(event);
        const onWire = places[place];
        if (!onWire) throw new Error('a message is missing from the bytes');
        messages[place] = { ...message, text: less.text };
        edits.push(replaceText(event, onWire, less.text));
        reasons.push(reasonOf(tool, `messages[${place}]`, less));
      }
      if (edits.length === 0) return allow;
      return { outcome: 'transform', event: rewritten(event, messages, edits), reasons };
    },
  });
};

/** A session without a scope names no label: it gets the less. */
function applies({ unless }: MinimiseRule, { purpose, scope }: Session): boolean {
  if (unless?.purposes && inScope(purpose, unless.purposes)) return false;
  return !unless?.scopes?.some((label) => scope?.labels !== undefined && inScope(label, scope.labels));
}

function reasonOf(tool: string, path: string, { dropped, shortened }: Trimmed): Reason {
  const counts = [dropped > 0 && `${dropped} left out`, shortened > 0 && `${shortened} shortened`];
  return {
    code: 'result_minimised',
    rule: `tools.${showText(tool, 80)}.results.minimise`,
    path,
    detail: counts.filter((each) => each !== false).join(', '),
  };
}
