import type { EventOf } from '../events.ts';
import type { Finding } from '../redact/recalled.ts';
import type { FoundToken } from '../redact/tokens.ts';
import type { Reason, Verdict } from '../decision.ts';
import type { Redactor } from '../redact/redactor.ts';
import type { Session } from '../session.ts';
import type { Vault, Vaults } from '../ports.ts';
import { AnswerStopped, defineGuard, type Guard, type TextStream } from '../guard.ts';
import { allow, deny } from '../decision.ts';
import { applyEdits } from '../redact/json-text.ts';
import { literalType } from '../redact/tokens.ts';
import { redactRequest } from '../redact/requests.ts';
import { redactingStream, restoringStream } from '../redact/stream.ts';
import { rewriteParts } from './parts.ts';
import { restoreCall } from '../redact/restore.ts';

export interface RedactServices {
  readonly redactor: Redactor;
  readonly vaults: Vaults;
}

const rule = 'guards.redact';
/** So many places are named; of the others only how many values. */
const maxNamed = 20;

/**
 * Takes personal data and secrets out of what goes to a model, and puts them back, where they may be, into what it does and
 * says. The model works with tokens; their values stay in this runtime.
 */
export const redactGuard = (services: RedactServices): Guard =>
  defineGuard({
    name: 'redact',
    summary:
      'Replaces personal data and secrets before the model, and puts them back into permitted arguments and answers',
    stage: 'rewrite',
    on: ['model_request', 'tool_call', 'tool_result', 'model_response'],
    check(event, { session }) {
      // What an agent's own tool returned goes nowhere from here: its values are taken out of the request that carries it.
      if (event.kind === 'tool_result' && !event.parts) return allow;
      const vault = services.vaults.of(session);
      const judge = (opened: Vault): Verdict | Promise<Verdict> => {
        switch (event.kind) {
          case 'model_request':
            return ofRequest(event, services.redactor, opened);
          case 'tool_call':
            return ofCall(event, services.redactor, opened);
          case 'tool_result':
            return ofResult(event, services.redactor, opened);
          case 'model_response':
            return ofAnswer(event, services.redactor, opened);
        }
      };
      return vault instanceof Promise ? vault.then(judge) : judge(vault);
    },
    stream: ({ session }) => answerStream(services, session),
  });

function ofRequest(request: EventOf<'model_request'>, redactor: Redactor, vault: Vault): Verdict | Promise<Verdict> {
  const { event, replaced, blocked } = redactRequest(request, redactor, vault);
  if (blocked.length > 0) return deny(...named('sensitive_blocked', blocked));
  const verdict: Verdict =
    event === request ? allow : { outcome: 'transform', event, reasons: named('sensitive_replaced', replaced) };
  // No token leaves before it is known what it stands for, whatever happens to this process.
  const saved = vault.save();
  return saved instanceof Promise ? saved.then(() => verdict) : verdict;
}

/** Of a result that is handed out, and may go to a model that is asked past this runtime. */
function ofResult(result: EventOf<'tool_result'>, redactor: Redactor, vault: Vault): Verdict | Promise<Verdict> {
  const stopped: Finding[] = [];
  const verdict = rewriteParts(result, ({ path, text }) => {
    const { text: made, counts, blocked } = redactor.redact(text, { direction: 'result', tool: result.tool }, vault);
    if (blocked.size > 0) stopped.push({ path, counts: blocked });
    return counts.size > 0 ? { text: made, reasons: named('sensitive_replaced', [{ path, counts }]) } : undefined;
  });
  if (stopped.length > 0) return deny(...named('sensitive_blocked', stopped));
  const saved = vault.save();
  return saved instanceof Promise ? saved.then(() => verdict) : verdict;
}

function ofCall(call: EventOf<'tool_call'>, redactor: Redactor, vault: Vault): Verdict {
  const { policy } = redactor;
  const restored = restoreCall(call, policy, vault);
  if (restored.refused.length > 0) return deny(...restored.refused.slice(0, maxNamed));
  const reasons = restoredIn('arguments', restored.counts);
  let made = restored.arguments;
  if (policy.judgesCalls) {
    const where = { direction: 'call', tool: call.tool } as const;
    const { text, counts, blocked } = redactor.redact(JSON.stringify(made), where, vault, 'proposal');
    if (blocked.size > 0) return deny(...named('sensitive_blocked', [{ path: 'arguments', counts: blocked }]));
    if (counts.size > 0) made = JSON.parse(text) as typeof made;
    reasons.push(...named('sensitive_replaced', counts.size > 0 ? [{ path: 'arguments', counts }] : []));
  }
  if (reasons.length === 0) return allow;
  return { outcome: 'transform', event: { ...call, arguments: made }, reasons };
}

function ofAnswer(answer: EventOf<'model_response'>, redactor: Redactor, vault: Vault): Verdict {
  const restored = new Map<string, number>();
  const replaced = new Map<string, number>();
  try {
    const stream = rewritingStream(redactor, () => vault, { restored, replaced });
    const text = stream.push(answer.text) + stream.end();
    if (text === answer.text) return allow;
    const reasons = named('sensitive_replaced', replaced.size > 0 ? [{ path: 'text', counts: replaced }] : []);
    return { outcome: 'transform', event: { ...answer, text }, reasons: [...restoredIn('text', restored), ...reasons] };
  } catch (error) {
    if (error instanceof AnswerStopped) return deny(...error.reasons);
    throw error;
  }
}

/** The vault is in memory: the request that is being answered was decided a moment ago. */
function answerStream({ redactor, vaults }: RedactServices, session: Session): TextStream {
  let vault: Vault | undefined;
  return rewritingStream(redactor, () => {
    if (vault) return vault;
    const opened = vaults.of(session);
    if (opened instanceof Promise) {
      opened.catch(() => undefined);
      throw new Error('the tokens of this session are not at hand');
    }
    return (vault = opened);
  });
}

interface Tally {
  readonly restored: Map<string, number>;
  readonly replaced: Map<string, number>;
}

function rewritingStream(redactor: Redactor, vault: () => Vault, tally?: Tally): TextStream {
  const { policy } = redactor;
  const count = (into: keyof Tally, type: string, more = 1) =>
    tally?.[into].set(type, (tally[into].get(type) ?? 0) + more);
  const restore = ({ token, type, inUrl }: FoundToken): string | undefined => {
    const value = policy.answersRestore(type) ? vault().valueOf(token) : undefined;
    if (value === undefined) return undefined;
    count('restored', type);
    return inUrl ? encodeURIComponent(value) : value;
  };
  if (!policy.judgesAnswers) return restoringStream(policy.grammar, restore);
  return redactingStream(policy.grammar, restore, (segment, before) => {
    const redacted = redactor.redact(before + segment, { direction: 'answer' }, undefined, 'model');
    const { length } = before;
    const own = redacted.edits.filter(({ end }) => end > length);
    if (redacted.blocked.size > 0) throw new AnswerStopped(named('sensitive_blocked', [blockedIn(redacted.blocked)]));
    if (own.length > 0) for (const [type, more] of redacted.counts) count('replaced', type, more);
    return applyEdits(
      segment,
      own.map(({ start, end, text }) => ({ start: Math.max(start, length) - length, end: end - length, text })),
    );
  });
}

const blockedIn = (counts: ReadonlyMap<string, number>): Finding => ({ path: 'text', counts });

const restoredIn = (path: string, counts: ReadonlyMap<string, number>): Reason[] =>
  counts.size === 0 ? [] : [{ code: 'sensitive_replaced', rule, path, detail: `restored ${listed(counts)}` }];

/** One reason for each place, as far as there are not too many; a conversation repeats all its messages in every turn. */
function named(code: 'sensitive_replaced' | 'sensitive_blocked', findings: readonly Finding[]): Reason[] {
  const shown = findings.length > maxNamed ? findings.slice(-maxNamed) : findings;
  return shown.map(({ path, counts }) => ({ code, rule, path, detail: listed(counts) }));
}

/** `2 × EMAIL, 1 × US_SSN`. */
const listed = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .map(([type, count]) => `${count} × ${type === literalType ? 'text that looked like a token' : type}`)
    .join(', ');
