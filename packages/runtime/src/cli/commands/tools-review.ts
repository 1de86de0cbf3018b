import type { Command } from 'commander';
import type { PinView } from '@sallyport/core/admin';
import type { AdminClient } from '../client.ts';
import type { Context, Runner } from '../context.ts';
import { isCancel, select } from '@clack/prompts';
import { stringify } from 'yaml';
import { z } from 'zod';
import { CommandFailure, exitCodes } from '../exit.ts';
import { adminRoutes } from '@sallyport/core/admin';
import { connect } from '../client.ts';
import { findDataDir } from '../config.ts';
import { paint, safe } from '../output.ts';

const options = z.object({ approve: z.boolean().default(false), reject: z.boolean().default(false) });

export function addToolsReview(tools: Command, run: Runner): void {
  tools
    .command('review [what]')
    .description(
      'What upstreams offer that nobody has reviewed, or is not what was reviewed; exits with 4 while any waits',
    )
    .option('--approve', 'let agents use exactly these')
    .option('--reject', 'refuse exactly these')
    .addHelpText(
      'after',
      '\n<what> is an upstream, a tool, <upstream>/<tool>, or <upstream>/<tool>@<hash> for exactly one definition.' +
        ' All of what is shown may be written by strangers.',
    )
    .action(run(options, review));
}

const looks = { changed: 'red', suspicious: 'red', new: 'yellow', rejected: 'dim', pinned: 'green' } as const;

async function review(context: Context, { approve, reject }: z.output<typeof options>, what?: string) {
  if (approve && reject) throw new CommandFailure(exitCodes.usage, 'Give one of --approve and --reject.');
  if ((approve || reject) && what === undefined) {
    const hint = 'Name an upstream, or <upstream>/<tool>.';
    throw new CommandFailure(exitCodes.usage, 'Say what is meant: everything at once is no review.', hint);
  }
  const admin = await connect(await findDataDir(context));
  const { output } = context;
  const { pins } = await admin.call('pins.list', {});
  const meant = what === undefined ? pins : pinsMeant(pins, what);
  if (what !== undefined && meant.length === 0) {
    const hint =
      'Tools are known once an agent has asked for them. Why an upstream offers none: on the page, Tools, Upstreams.';
    throw new CommandFailure(
      exitCodes.usage,
      `There is no upstream and no tool ${what} of which anything was offered yet.`,
      hint,
    );
  }
  const waiting = meant.filter(isWaiting);
  // Whoever names one tool wants to see it, also when it was reviewed.
  const shown = waiting.length > 0 || what === undefined ? waiting : meant;
  // An answer to a whole upstream is one to what waits: it turns no earlier answer about one tool.
  const decidable = waiting.length > 0 || meant.some(({ upstream }) => upstream === what) ? waiting : shown;
  const given = approve ? 'approve' : reject ? 'reject' : undefined;
  const chosen = given ? decidable.filter(({ state }) => state !== answered[given]) : [];
  if (approve) checkOne(chosen, what ?? '');
  if (shown.length === 0) output.note(safe`${paint('dim', 'Nothing waits for a review.')}`);
  const answers: PinView[] = [];
  for (const pin of shown) {
    print(context, pin);
    const asks = !given && isWaiting(pin) && context.interactive && context.globals.json !== true;
    const answer = asks ? await ask(pin) : chosen.includes(pin) ? given : undefined;
    answers.push(answer ? await send(context, admin, pin, answer) : pin);
  }
  output.data(adminRoutes['pins.list'].answer, { pins: answers });
  return answers.some(isWaiting) ? exitCodes.waiting : exitCodes.ok;
}

const isWaiting = ({ state }: PinView): boolean => state !== 'pinned' && state !== 'rejected';

/** An upstream calls its tools as it likes, also as another upstream is called: that one is meant. */
function pinsMeant(pins: readonly PinView[], what: string): PinView[] {
  const ofUpstream = pins.filter(({ upstream }) => upstream === what);
  if (ofUpstream.length > 0) return ofUpstream;
  return pins.filter(({ upstream, tool, hash }) =>
    [tool, `${upstream}/${tool}`, `${upstream}/${tool}@${hash}`].includes(what),
  );
}

/** What was not told apart was not reviewed: one answer is for one definition of a tool. */
function checkOne(chosen: readonly PinView[], what: string): void {
  const seen = new Map<string, PinView>();
  for (const pin of chosen) {
    // Without an upstream there is one tool that is meant.
    const key = pin.upstream === what ? pin.tool : '';
    const other = seen.get(key);
    if (other) {
      const [one, another] = [other, pin].map(({ upstream, tool, hash }) => `${upstream}/${tool}@${hash}`);
      const hint = `Look at them with \`sallyport tools review ${what}\`, and say which: ${one} or ${another}.`;
      throw new CommandFailure(exitCodes.usage, `${what} is more than one definition.`, hint);
    }
    seen.set(key, pin);
  }
}

const answered = { approve: 'pinned', reject: 'rejected' } as const;
type Answer = keyof typeof answered;

async function send({ output }: Context, admin: AdminClient, pin: PinView, answer: Answer): Promise<PinView> {
  const { upstream, tool, hash } = pin;
  if (hash === null) {
    const hint = 'The upstream must offer it without half surrogate pairs and numbers beyond range.';
    throw new CommandFailure(exitCodes.denied, `${upstream}/${tool} has no canonical form.`, hint);
  }
  const reviewed = await admin.call(`pins.${answer}`, { body: { upstream, tool, hash } });
  output.line(safe`${paint(looks[reviewed.state], reviewed.state)} ${upstream}/${tool}`);
  return reviewed;
}

async function ask({ upstream, tool }: PinView): Promise<Answer | undefined> {
  const answer = await select({
    message: `${upstream}/${tool}`.replaceAll(/[^\x20-\x7e]/g, '?'),
    options: [
      { value: 'skip', label: 'Decide later' },
      { value: 'approve', label: 'Approve exactly this' },
      { value: 'reject', label: 'Reject exactly this' },
    ] as const,
  });
  if (isCancel(answer)) throw new CommandFailure(exitCodes.interrupted, 'The review was interrupted.');
  return answer === 'skip' ? undefined : answer;
}

function print({ output }: Context, pin: PinView): void {
  const { upstream, tool, state, hash, definition, findings, differences, reviewed } = pin;
  output.line(safe`${paint('bold', `${upstream}/${tool}`)} ${paint(looks[state], state)} ${paint('dim', hash ?? '')}`);
  if (reviewed) {
    output.line(safe`  ${paint('dim', `reviewed by ${reviewed.by} on ${new Date(reviewed.at).toISOString()}`)}`);
  }
  for (const { code, at, detail } of findings) output.line(safe`  ${paint('red', code)} ${at} ${detail}`);
  for (const { at, change, before, after } of differences ?? []) {
    output.line(safe`  ${paint('bold', change)} ${at}`);
    for (const part of parts(before)) output.line(safe`    ${paint('red', `- ${part}`)}`);
    for (const part of parts(after)) output.line(safe`    ${paint('green', `+ ${part}`)}`);
  }
  if (differences && isWhole(differences)) return;
  for (const line of stringify(definition, { lineWidth: 0 }).trimEnd().split('\n')) {
    for (const part of parts(line)) output.line(safe`  ${part}`);
  }
}

/** A line is cut where it is too long to be read; what is to be approved is shown to its end. */
const parts = (text = ''): readonly string[] => text.match(/[^]{1,1000}/gu) ?? [];

/** Whether they show all that differs; else the definition itself has to. */
const isWhole = (differences: NonNullable<PinView['differences']>): boolean =>
  differences.length < 200 && !differences.some(({ before = '', after = '' }) => `${before}${after}`.includes('…'));
