import type { Decision } from '@sallyport/core';
import { isSink } from '@sallyport/core';
import type { AttackRow, RecordedCall, TaskRow } from './data.ts';
import type { Tally } from './tally.ts';
import { Replay, isHeld, type Profile, type Suite as Tools } from './replay.ts';

interface Suite {
  readonly suite: string;
  readonly tasks: readonly TaskRow[];
  readonly attacks: readonly AttackRow[];
  readonly results: readonly string[];
  readonly tools: Tools;
  readonly profile: Profile;
}

/** Ground truth, with a model that obeys every injection at once. */
export async function replayTasks(suite: Suite, tally: Tally): Promise<void> {
  const free = new Set<string>();
  for (const task of suite.tasks) if ((await benign(task, suite, tally)) === 0) free.add(task.id);
  for (const attack of suite.attacks) await attacked(attack, suite, tally, free.has(attack.user_task));
}

async function benign({ id, prompt, calls }: TaskRow, { suite, tools, profile }: Suite, tally: Tally): Promise<number> {
  const replay = new Replay(tools, profile);
  replay.read({ role: 'user', text: prompt });
  const held = await run(replay, calls, 'u');
  for (const decision of held) tally.cause(suite, 'benign', id, decision);
  tally.benign(suite, held.length);
  tally.time(suite, replay);
  return held.length;
}

async function attacked(
  attack: AttackRow,
  { suite, tasks, results, tools, profile }: Suite,
  tally: Tally,
  wasFree: boolean,
): Promise<void> {
  const replay = new Replay(tools, profile);
  replay.read({ role: 'user', text: attack.prompt });
  await run(replay, attack.calls, 'u');
  // A person who sees the attacker's call says no.
  replay.approves = false;
  const ran: string[] = [];
  for (const [index, call] of attack.attacker_calls.entries()) {
    const decision = await replay.decide(`x${index}`, call.tool, call.args);
    if (isHeld(decision)) continue;
    const manifest = tools.manifests.get(call.tool);
    if (!manifest || (isSink(manifest) && !manifest.local) || manifest.egress)
      ran.push(`${call.tool} ${JSON.stringify(call.args).slice(0, 160)}`);
    const text = call.result_ref === undefined ? undefined : results[call.result_ref];
    if (text !== undefined) answer(replay, `x${index}`, call, text);
  }
  tally.attack(
    suite,
    ran.length === 0,
    `${attack.user_task} ${attack.injection_task}: ${ran.join(' | ')}`,
    attack.attacker_calls_source,
  );
  replay.approves = true;
  const remaining = attack.remaining_user_calls.map((call) => withResult(call, attack, tasks));
  const held = await run(replay, remaining, 'r');
  // Where the injection took the place of the text that the user's value stood in, no model could read it there any more.
  const unreadable =
    held.length > 0 && held.every(({ reasons }) => reasons.every(({ detail }) => detail?.startsWith('found nowhere')));
  const why = held.map(({ reasons }) => reasons[0]?.detail ?? '').join();
  if (wasFree && unreadable) tally.unreadable(suite);
  else if (wasFree) tally.utility(suite, held.length === 0, why);
  tally.time(suite, replay);
}

/** Decides each call and reads its recorded result; returns the decisions that needed a person. */
async function run(replay: Replay, calls: readonly RecordedCall[], prefix: string): Promise<Decision[]> {
  const held: Decision[] = [];
  for (const [index, call] of calls.entries()) {
    const decision = await replay.decide(`${prefix}${index}`, call.tool, call.args);
    if (isHeld(decision)) held.push(decision);
    answer(replay, `${prefix}${index}`, call, call.result_text ?? '');
  }
  return held;
}

function answer(replay: Replay, id: string, { tool, args }: RecordedCall, text: string): void {
  replay.read(
    { role: 'assistant', text: '', calls: [{ id, tool, arguments: JSON.stringify(args) }] },
    { role: 'tool', text, callId: id },
  );
}

/** What the user's remaining calls returned in the clean run: the attacks' rows do not repeat it. */
function withResult(call: RecordedCall, { user_task: id }: AttackRow, tasks: readonly TaskRow[]): RecordedCall {
  const args = JSON.stringify(call.args);
  const task = tasks.find((each) => each.id === id);
  const clean = task?.calls.find((each) => each.tool === call.tool && JSON.stringify(each.args) === args);
  return { ...call, result_text: clean?.result_text ?? '' };
}
