import type { ReplayedStep, SessionReplay } from '@sallyport/core';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import type { ReplayOptions } from './policy.ts';
import { replaySession, replaySummary, unreplayable } from '@sallyport/core';
import { connect, type AdminClient } from '../client.ts';
import { CommandFailure, exitCodes } from '../exit.ts';
import { entriesOf, manifestsOf, sessionsSince } from './policy-recorded.ts';
import { findDataDir } from '../config.ts';
import { openFolder } from './policy-folder.ts';
import { outcomeLooks } from './policy-explain.ts';
import { paint, safe, type Output } from '../output.ts';
import { policyReplayShape } from './policy-shapes.ts';

/** Judges recorded sessions again by the policies of a folder. Nothing changes and nothing is recorded. */
export async function replayPolicies(context: Context, options: ReplayOptions) {
  const { output } = context;
  const { path, policies } = await openFolder(context, options.folder);
  const since = options.since === undefined ? 0 : sinceOf(options.since, Date.now());
  const admin = await connect(await findDataDir(context));
  const manifestOf = await manifestsOf(admin);
  const replays: SessionReplay[] = [];
  for await (const session of chosen(admin, options.session, since)) {
    const entries = await entriesOf(admin, session.id);
    const replay = replaySession(session, entries, policies, { since, manifestOf });
    if (replay.steps.length + replay.skipped.length === 0) continue;
    replays.push(replay);
    printSession(output, replay);
  }
  const summary = replaySummary(replays);
  output.data(policyReplayShape, { folder: path, sessions: replays.map(sessionOf), summary: definedCounts(summary) });
  printSummary(output, summary);
  return options.expectSame && summary.differ > 0 ? exitCodes.denied : exitCodes.ok;
}

async function* chosen(admin: AdminClient, ids: readonly string[], since: number) {
  if (ids.length === 0) yield* sessionsSince(admin, since);
  else for (const id of new Set(ids)) yield await admin.call('sessions.get', { params: { id } });
}

const units = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function sinceOf(text: string, now: number): number {
  const ago = /^(\d{1,6})([mhd])$/.exec(text);
  if (ago !== null) return Math.max(0, now - Number(ago[1]) * units[ago[2] as keyof typeof units]);
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(at)) return Math.max(0, at);
  throw new CommandFailure(
    exitCodes.usage,
    `--since: ${text} is no time.`,
    'As in --since 2h, 7d or 2026-11-21T10:00:00Z',
  );
}

function printSession(output: Output, { session, steps, skipped }: SessionReplay): void {
  const differing = steps.filter(({ differs }) => differs);
  const count = differing.length === 0 ? paint('dim', 'no difference') : paint('yellow', `${differing.length} differ`);
  output.line(
    safe`${paint('bold', session.id)} ${session.agent.name} for ${session.user.id}: ${steps.length} steps, ${count}`,
  );
  for (const step of differing) printStep(output, step);
  for (const { subject, why } of skipped)
    output.line(safe`  ${paint('dim', `? ${subject} not judged again: ${unreplayable[why]}`)}`);
}

function printStep(output: Output, { at, kind, subject, before, after, decision }: ReplayedStep): void {
  const [was, is] = [before, after].map(({ outcome }) => paint(outcomeLooks[outcome], outcome)) as [never, never];
  output.line(safe`  ${paint('dim', new Date(at).toISOString())} ${kind} ${paint('bold', subject)}  ${was} → ${is}`);
  if (before.rules.length > 0) output.line(safe`    ${paint('dim', `before: ${before.rules.join(', ')}`)}`);
  if (after.rules.length > 0) output.line(safe`    after:  ${after.rules.join(', ')}`);
  for (const { detail, approvers } of after.reasons) {
    const people = approvers === undefined ? '' : `${approvers} people must approve`;
    const text = [detail, people].filter(Boolean).join('; ');
    if (text !== '') output.line(safe`    ${paint('dim', text)}`);
  }
  if (decision.before === decision.after && before.outcome !== after.outcome) {
    output.line(safe`    ${paint('dim', `the decision stays ${decision.after}: another guard says so`)}`);
  }
}

function printSummary(output: Output, summary: ReturnType<typeof replaySummary>): void {
  const { sessions, steps, differ, changes, skipped, untraced } = summary;
  const differing = differ === 0 ? paint('green', 'none differs') : paint('yellow', `${differ} differ`);
  output.line(safe`${steps} steps of ${sessions} sessions judged again, ${differing}`);
  for (const [change, count] of Object.entries(changes)) output.line(safe`  ${count ?? 0} × ${change}`);
  for (const [why, count] of Object.entries(skipped)) {
    output.line(safe`  ${count} not judged again: ${unreplayable[why as keyof typeof unreplayable]}`);
  }
  if (untraced > 0) output.line(safe`  ${untraced} without recorded provenance: their values counted as untrusted`);
}

type Shape = z.input<typeof policyReplayShape>;

const sessionOf = ({ session, steps, skipped, untraced }: SessionReplay): Shape['sessions'][number] => ({
  id: session.id,
  agent: session.agent.name,
  user: session.user.id,
  steps: steps.map(({ before, after, ...step }) => ({ ...step, before: answerOf(before), after: answerOf(after) })),
  skipped: [...skipped],
  untraced,
});

const answerOf = ({ outcome, rules, reasons }: ReplayedStep['before']) => ({
  outcome,
  rules: [...rules],
  reasons: [...reasons],
});

const definedCounts = ({ changes, skipped, ...rest }: ReturnType<typeof replaySummary>): Shape['summary'] => ({
  ...rest,
  changes: Object.fromEntries(Object.entries(changes).map(([name, count]) => [name, count ?? 0])),
  skipped: Object.fromEntries(Object.entries(skipped)),
});
