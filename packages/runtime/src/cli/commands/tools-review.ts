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
      '\n<what> is an upstream, a tool, or <upstream>/<tool>. All of what is shown may be written by strangers.',
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
  const isMeant = ({ upstream, tool }: PinView) =>
    what === undefined || [upstream, tool, `${upstream}/${tool}`].includes(what);
  const meant = pins.filter(isMeant);
  if (what !== undefined && meant.length === 0) {
    const hint = 'Tools are known once their upstream was asked for them: let an agent connect.';
    throw new CommandFailure(exitCodes.usage, `There is no upstream and no tool ${what}.`, hint);
  }
  const waiting = meant.filter(({ state }) => state !== 'pinned' && state !== 'rejected');
  // Whoever names one tool wants to see it, also when it was reviewed.
  const shown = waiting.length > 0 || what === undefined ? waiting : meant;
  for (const pin of shown) print(context, pin);
  if (shown.length === 0) output.note(safe`${paint('dim', 'Nothing waits for a review.')}`);
  const answers = await decide(context, admin, shown, { approve, reject });
  output.data(adminRoutes['pins.list'].answer, { pins: answers });
  return answers.some(({ state }) => state !== 'pinned' && state !== 'rejected') ? exitCodes.waiting : exitCodes.ok;
}

async function decide(
  context: Context,
  admin: AdminClient,
  shown: readonly PinView[],
  { approve, reject }: z.output<typeof options>,
): Promise<PinView[]> {
  const answers: PinView[] = [];
  const asks = context.interactive && context.globals.json !== true;
  for (const pin of shown) {
    const { upstream, tool, hash, state } = pin;
    const given = approve ? 'approve' : reject ? 'reject' : 'skip';
    const answer = given === 'skip' && asks && state !== 'pinned' ? await ask(pin) : given;
    if (answer === 'skip') {
      answers.push(pin);
      continue;
    }
    if (hash === null) {
      const hint = 'The upstream must offer it without half surrogate pairs and numbers beyond range.';
      throw new CommandFailure(exitCodes.denied, `${upstream}/${tool} has no canonical form.`, hint);
    }
    const reviewed = await admin.call(`pins.${answer}`, { body: { upstream, tool, hash } });
    answers.push(reviewed);
    context.output.line(safe`${paint(looks[reviewed.state], reviewed.state)} ${upstream}/${tool}`);
  }
  return answers;
}

async function ask({ upstream, tool }: PinView): Promise<'approve' | 'reject' | 'skip'> {
  const answer = await select({
    message: `${upstream}/${tool}`.replaceAll(/[^\x20-\x7e]/g, '?'),
    options: [
      { value: 'skip', label: 'Decide later' },
      { value: 'approve', label: 'Approve exactly this' },
      { value: 'reject', label: 'Reject exactly this' },
    ] as const,
  });
  if (isCancel(answer)) throw new CommandFailure(exitCodes.interrupted, 'The review was interrupted.');
  return answer;
}

function print({ output }: Context, pin: PinView): void {
  const { upstream, tool, state, hash, definition, findings, differences, reviewed } = pin;
  output.line(safe`${paint('bold', `${upstream}/${tool}`)} ${paint(looks[state], state)} ${paint('dim', hash ?? '')}`);
  if (reviewed) {
    output.line(safe`  ${paint('dim', `reviewed by ${reviewed.by} on ${new Date(reviewed.at).toISOString()}`)}`);
  }
  for (const { code, at, detail } of findings) output.line(safe`  ${paint('red', code)} ${at} ${detail}`);
  if (differences) {
    for (const { at, change, before, after } of differences) {
      output.line(safe`  ${paint('bold', change)} ${at}`);
      if (before !== undefined) output.line(safe`    ${paint('red', `- ${before}`)}`);
      if (after !== undefined) output.line(safe`    ${paint('green', `+ ${after}`)}`);
    }
    return;
  }
  for (const line of stringify(definition, { lineWidth: 0 }).trimEnd().split('\n')) output.line(safe`  ${line}`);
}
