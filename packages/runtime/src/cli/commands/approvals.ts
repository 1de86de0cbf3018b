import type { Command } from 'commander';
import type { ApprovalView } from '@sallyport/core/admin';
import type { Context, Runner } from '../context.ts';
import type { ExitCode } from '../exit.ts';
import { adminRoutes, approvalSchema } from '@sallyport/core/admin';
import { z } from 'zod';
import { connect } from '../client.ts';
import { CommandFailure, exitCodes } from '../exit.ts';
import { findDataDir } from '../config.ts';
import { paint, safe, type Painted } from '../output.ts';
import { printApproval } from '../approval.ts';

const approvalStates = approvalSchema.shape.state.options;

export function addApprovals(program: Command, run: Runner): void {
  const approvals = program
    .command('approvals')
    .description(
      'Calls that wait for a person, in a running runtime; what is shown of them may be written by strangers',
    );
  approvals
    .command('list', { isDefault: true })
    .description('Newest first; exits with 4 while one waits')
    .option('--state <state>', approvalStates.join(', '))
    .action(run(listOptions, list));
  approvals
    .command('show <id>')
    .description('What would run, where its values came from, and why it is held')
    .action(run(z.object({}), show));
  approvals
    .command('approve <id>')
    .description('Let exactly this call pass, once')
    .option('--value', 'and do not ask about its held values again in this session')
    .option('--note <text>', 'for the record')
    .action(run(answerOptions, approve));
  approvals
    .command('reject <id>')
    .description('Deny this call')
    .option('--note <text>', 'for the record')
    .action(run(answerOptions, reject));
}

const listOptions = z.object({ state: z.enum(approvalStates).optional() });
const answerOptions = z.object({ value: z.boolean().default(false), note: z.string().max(1000).optional() });
type AnswerOptions = z.output<typeof answerOptions>;

const stateLooks: Readonly<Record<ApprovalView['state'], Parameters<typeof paint>[0]>> = {
  pending: 'yellow',
  approved: 'green',
  used: 'green',
  rejected: 'red',
  expired: 'dim',
  withdrawn: 'dim',
};
const stateOf = ({ state }: ApprovalView): Painted => paint(stateLooks[state], state);

async function list(context: Context, { state }: z.output<typeof listOptions>): Promise<ExitCode> {
  const { output } = context;
  const admin = await connect(await findDataDir(context));
  const { approvals } = await admin.call('approvals.list', { query: state === undefined ? {} : { state } });
  output.data(adminRoutes['approvals.list'].answer, { approvals });
  if (approvals.length === 0) output.note(safe`${paint('dim', 'No approvals.')}`);
  else {
    output.table([
      ['ID', 'STATE', 'TOOL', 'AGENT', 'FOR', 'WHY', 'UNTIL'].map((title) => paint('dim', title)),
      ...approvals.map((approval) => [
        approval.id,
        stateOf(approval),
        approval.tool,
        approval.agent,
        approval.userId,
        approval.reason?.code ?? '',
        new Date(approval.expiresAt).toISOString(),
      ]),
    ]);
  }
  return approvals.some((approval) => approval.state === 'pending') ? exitCodes.waiting : exitCodes.ok;
}

async function show(context: Context, _: object, id = ''): Promise<ExitCode> {
  const { output } = context;
  const admin = await connect(await findDataDir(context));
  const approval = await admin.call('approvals.get', { params: { id } });
  output.data(approvalSchema, approval);
  output.line(safe`${stateOf(approval)} ${approval.id}`);
  printApproval(output, approval);
  return approval.state === 'pending' ? exitCodes.waiting : exitCodes.ok;
}

const approve = (context: Context, { value, note }: AnswerOptions, id = '') =>
  answer(context, id, value ? 'value' : 'once', note);
const reject = (context: Context, { note }: AnswerOptions, id = '') => answer(context, id, 'reject', note);

async function answer(context: Context, id: string, said: 'once' | 'value' | 'reject', note: string | undefined) {
  const { output } = context;
  const admin = await connect(await findDataDir(context));
  const seen = await admin.call('approvals.get', { params: { id } });
  if (seen.state !== 'pending') {
    throw new CommandFailure(
      exitCodes.denied,
      `The approval ${id} is ${seen.state}.`,
      'Only a pending one is answered.',
    );
  }
  const body = { answer: said, binding: seen.binding, ...(note === undefined ? {} : { note }) };
  const approval = await admin.call('approvals.answer', { params: { id }, body });
  output.data(approvalSchema, approval);
  const votes = approval.votes.filter((vote) => vote.answer !== 'reject').length;
  const left = approval.votesNeeded - votes;
  const rest = approval.state === 'pending' ? `, ${left} more must approve` : '';
  output.line(safe`${stateOf(approval)} ${approval.tool} for ${approval.userId}${rest}`);
  return approval.state === 'pending' ? exitCodes.waiting : exitCodes.ok;
}
