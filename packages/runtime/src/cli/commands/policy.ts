import type { Command } from 'commander';
import type { Context, Runner } from '../context.ts';
import { runPolicyCases } from '@sallyport/core';
import { z } from 'zod';
import { CommandFailure, exitCodes } from '../exit.ts';
import { explainPolicies } from './policy-explain.ts';
import { openFolder } from './policy-folder.ts';
import { paint, safe } from '../output.ts';
import { policyTestShape } from '../shapes.ts';
import { replayPolicies } from './policy-replay.ts';

export function addPolicy(program: Command, run: Runner): void {
  const policy = program.command('policy').description('Policies in a folder: try them before they are in force');
  policy
    .command('test [folder]')
    .description('Run the *.test.yaml beside the policies')
    .action(run(z.object({}), runTests));
  policy
    .command('explain')
    .description('Which rule decides, and how every other one stood; of a case, or of a recorded event')
    .option('--role <name...>', 'roles of the agent', [])
    .option('--user <id>', 'whom it acts for; default anyone')
    .option('--claim <name=value...>', 'what is known of the user, as in customer=c-1', [])
    .option('--tool <name>', 'a tool call')
    .option('--model <provider/name>', 'a model request')
    .option('--host <name>', 'an egress request')
    .option('--args <json>', 'arguments of the tool call; default {}')
    .option('--from <path=integrity...>', 'where an argument came from, as in to=user; otherwise untrusted', [])
    .option('--event <id>', 'a recorded event of the running runtime, as its session stood')
    .option('--folder <folder>', 'the policies; default as for a runtime')
    .action(run(explainOptions, explainPolicies));
  policy
    .command('replay')
    .description('Judge recorded sessions of the running runtime again, by the policies of a folder')
    .option('--folder <folder>', 'the changed policies; default as for a runtime')
    .option('--session <id...>', 'only these sessions', [])
    .option('--since <time>', 'only steps since then: 2h, 7d or 2026-11-21T10:00:00Z')
    .option('--expect-same', 'end with 3 when a decision differs')
    .action(run(replayOptions, replayPolicies));
}

const explainOptions = z.object({
  role: z.array(z.string()),
  user: z.string().optional(),
  claim: z.array(z.string()),
  tool: z.string().optional(),
  model: z.string().optional(),
  host: z.string().optional(),
  args: z.string().optional(),
  from: z.array(z.string()),
  event: z.string().optional(),
  folder: z.string().optional(),
});
export type ExplainOptions = z.output<typeof explainOptions>;

const replayOptions = z.object({
  folder: z.string().optional(),
  session: z.array(z.string()),
  since: z.string().optional(),
  expectSame: z.boolean().default(false),
});
export type ReplayOptions = z.output<typeof replayOptions>;

async function runTests(context: Context, _: object, named?: string) {
  const { output } = context;
  const { path, folder, policies } = await openFolder(context, named);
  const cases = folder.tests.flatMap((source) => runPolicyCases(policies, source, Date.now()));
  if (cases.length === 0) {
    // A run that tests nothing must not look like a run in which everything passed.
    const hint = 'Write cases in a *.test.yaml beside the policies.';
    throw new CommandFailure(exitCodes.usage, `${path} holds no tests.`, hint);
  }
  const failed = cases.filter((one) => !one.ok).length;
  const passed = cases.length - failed;
  output.data(policyTestShape, { ok: failed === 0, passed, failed, cases });
  for (const { ok, name, file, line, problem } of cases) {
    const mark = ok ? paint('green', '✓') : paint('red', '✗');
    output.line(safe`${mark} ${name} ${ok ? '' : paint('dim', `${file}:${line}`)}`);
    if (problem !== undefined) output.line(safe`    ${problem}`);
  }
  output.line(safe`${passed} passed, ${failed === 0 ? 'none' : paint('red', String(failed))} failed`);
  return failed === 0 ? exitCodes.ok : exitCodes.denied;
}
