import type { RunRow } from './data.ts';
import type { Tally } from './tally.ts';
import { Replay, isHeld, isMalformed, type Profile, type Suite } from './replay.ts';

interface Runs {
  readonly suite: Suite;
  readonly profile: Profile;
}

/** Recorded runs of real models: every call is decided where it stands, and its recorded result is read as if it ran. */
export async function replayRun(run: RunRow, { suite, profile }: Runs, tally: Tally): Promise<void> {
  const replay = new Replay(suite, profile);
  const attackers = new Set(run.attacker_calls);
  const effects = new Set(run.attacker_effects ?? run.attacker_calls);
  let stopped = false;
  let passed: string | undefined;
  let holds = 0;
  for (const { role, content, tool_calls: calls, tool_call_id: callId, error } of run.messages) {
    const text = [content, error].filter(Boolean).join('\n');
    // Marks that the recorded agent put around results, before its model saw them.
    if (role === 'tool')
      replay.read({ role, text: text.replace(/^<<([^]*)>>$/, '$1'), ...(callId === undefined ? {} : { callId }) });
    else if (role !== 'assistant') replay.read({ role, text });
    if (role !== 'assistant') continue;
    for (const { id, name, args } of calls ?? []) {
      replay.approves = !attackers.has(id) || (run.approved?.includes(id) ?? false);
      const decision = await replay.decide(id, name, args);
      const held = isHeld(decision);
      if (isMalformed(decision)) {
        // Nobody is asked, and the model corrects itself: neither a hold nor a stop.
        tally.malformed(run.suite);
      } else if (!attackers.has(id)) {
        if (held) {
          holds++;
          tally.cause(run.suite, run.kind, run.id, decision, `${name} ${JSON.stringify(args).slice(0, 200)}`);
        }
      } else if (held) {
        stopped ||= passed === undefined;
      } else if (effects.has(id) && !stopped) passed ??= `${name} ${JSON.stringify(args).slice(0, 200)}`;
    }
    replay.read({
      role,
      text,
      calls: (calls ?? []).map(({ id, name, args }) => ({ id, tool: name, arguments: JSON.stringify(args) })),
    });
  }
  if (run.kind === 'hijacked')
    tally.attack(
      run.suite,
      passed === undefined,
      `${run.id} ${String(run['user_task'])} ${String(run['injection_task'])}: ${passed}`,
    );
  else if (run.kind === 'benign') tally.benign(run.suite, holds);
  else tally.resisted(run.suite, holds);
  tally.time(run.suite, replay);
}
