import type { Authorization, AuthorizationRequest, PolicySet } from './policy.ts';
import type { EventKind } from '../events.ts';
import type { Manifest } from '../flow/manifest.ts';
import type { Outcome, Reason, VerdictRecord } from '../decision.ts';
import type { RecordedEntry } from '../entries.ts';
import type { RecordedStep, ReplaySession, Unreplayable } from './recorded.ts';
import { moreSevere } from '../decision.ts';
import { recordedSteps } from './recorded.ts';

export interface ReplayOptions {
  /** Steps before this are only counted into what the session had done; milliseconds since the epoch. */
  readonly since?: number | undefined;
  readonly manifestOf?: ((tool: string) => Manifest) | undefined;
}

/** What the policies said of a step. */
export interface PolicyAnswer {
  readonly outcome: Outcome;
  /** Places of the rules that decided, as far as they are known: of what was allowed, a record names none. */
  readonly rules: readonly string[];
  readonly reasons: readonly Reason[];
}

export interface ReplayedStep {
  readonly eventId: string;
  readonly seq: number;
  readonly at: number;
  readonly kind: EventKind;
  readonly subject: string;
  readonly before: PolicyAnswer;
  readonly after: PolicyAnswer;
  /** Of all guards, before a person was asked: what else judged the step may hold it whatever the policies say. */
  readonly decision: { readonly before: Outcome; readonly after: Outcome };
  /** The recorded decision, a person's answer included. */
  readonly recorded: Outcome;
  readonly differs: boolean;
}

export interface SessionReplay {
  readonly session: ReplaySession;
  readonly steps: readonly ReplayedStep[];
  readonly skipped: readonly { readonly eventId: string; readonly subject: string; readonly why: Unreplayable }[];
  /** Steps of which no provenance was recorded. */
  readonly untraced: number;
}

/**
 * Judges the recorded steps of a session again, by other policies. Pure: nothing is recorded and nothing happens.
 *
 * @param entries all of the session's from its start, in order of `seq`
 */
export function replaySession(
  session: ReplaySession,
  entries: readonly RecordedEntry[],
  policies: PolicySet,
  { since = 0, manifestOf }: ReplayOptions = {},
): SessionReplay {
  const steps: ReplayedStep[] = [];
  const skipped: SessionReplay['skipped'][number][] = [];
  let untraced = 0;
  for (const step of recordedSteps(session, entries, manifestOf)) {
    const { entry, asked, traced } = step;
    if (entry.at < since) continue;
    if ('why' in asked) skipped.push({ eventId: entry.eventId, subject: entry.subject, why: asked.why });
    else {
      steps.push(judgeAgain(step, asked.request, policies));
      if (!traced) untraced++;
    }
  }
  return { session, steps, skipped, untraced };
}

function judgeAgain({ entry }: RecordedStep, request: AuthorizationRequest, policies: PolicySet): ReplayedStep {
  const { eventId, seq, at, kind, subject, decision } = entry;
  const { verdicts } = decision;
  const recorded = verdicts.find(({ guard }) => guard === 'permissions');
  const before = { outcome: recorded?.outcome ?? 'deny', reasons: recorded?.reasons ?? [] };
  const { outcome, reasons, rules } = authorize(policies, request);
  const withAfter = verdicts.map((verdict) => (verdict.guard === 'permissions' ? { ...verdict, outcome } : verdict));
  return {
    eventId,
    seq,
    at,
    kind,
    subject,
    before: { ...before, rules: placesOf(before.reasons) },
    after: { outcome, reasons, rules: rules.length > 0 ? unique(rules.map(({ place }) => place)) : placesOf(reasons) },
    decision: { before: merged(verdicts), after: merged(withAfter) },
    recorded: decision.outcome,
    differs: before.outcome !== outcome || approversOf(before.reasons) !== approversOf(reasons),
  };
}

/** What cannot be put to the policies at all is denied, as the monitor would. */
function authorize(policies: PolicySet, request: AuthorizationRequest): Authorization {
  try {
    return policies.authorize(request);
  } catch (error) {
    const detail = error instanceof Error ? error.message : 'the policies could not be asked';
    return { outcome: 'deny', reasons: [{ code: 'guard_failed', detail }], rules: [] };
  }
}

const merged = (verdicts: readonly VerdictRecord[]): Outcome =>
  verdicts
    .filter(({ mode }) => mode === 'enforce')
    .reduce<Outcome>((worst, { outcome }) => moreSevere(worst, outcome), 'allow');

const unique = (texts: readonly string[]): string[] => [...new Set(texts)];
const placesOf = (reasons: readonly Reason[]): string[] => unique(reasons.flatMap(({ rule }) => rule ?? []));
const approversOf = (reasons: readonly Reason[]): number =>
  Math.max(1, ...reasons.map(({ approvers = 1 }) => approvers));

export interface ReplaySummary {
  readonly sessions: number;
  readonly steps: number;
  readonly differ: number;
  /** `allow → deny` to how often, of the steps that differ. */
  readonly changes: Readonly<Partial<Record<string, number>>>;
  readonly skipped: Readonly<Partial<Record<Unreplayable, number>>>;
  readonly untraced: number;
}

export function replaySummary(replays: readonly SessionReplay[]): ReplaySummary {
  const steps = replays.flatMap((replay) => replay.steps);
  const differing = steps.filter(({ differs }) => differs);
  return {
    sessions: replays.length,
    steps: steps.length,
    differ: differing.length,
    changes: countOf(differing.map(({ before, after }) => `${before.outcome} → ${after.outcome}`)),
    skipped: countOf(replays.flatMap((replay) => replay.skipped.map(({ why }) => why))),
    untraced: replays.reduce((sum, { untraced }) => sum + untraced, 0),
  };
}

function countOf<K extends string>(keys: readonly K[]): Partial<Record<K, number>> {
  const counts: Partial<Record<K, number>> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}
