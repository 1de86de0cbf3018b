import type { Surroundings } from './context.ts';
import type { ExitCode } from './exit.ts';
import { Command, CommanderError } from 'commander';
import { addApprovals } from './commands/approvals.ts';
import { addConfig } from './commands/config.ts';
import { addCredentials } from './commands/credentials.ts';
import { addDemo } from './commands/demo.ts';
import { addDev } from './commands/dev.ts';
import { addDoctor } from './commands/doctor.ts';
import { addKeys } from './commands/keys.ts';
import { addPolicy } from './commands/policy.ts';
import { addRedTeam } from './commands/redteam.ts';
import { addSignIn } from './commands/sign-in.ts';
import { addTail } from './commands/tail.ts';
import { addTools } from './commands/tools.ts';
import { asFailure, exitCodes } from './exit.ts';
import { Output } from './output.ts';
import { runnerOf } from './context.ts';

/** In the order of the help. */
const commands = [
  addDev,
  addDemo,
  addDoctor,
  addKeys,
  addSignIn,
  addTail,
  addTools,
  addApprovals,
  addCredentials,
  addPolicy,
  addRedTeam,
  addConfig,
];

const examples = `
Examples:
  sallyport dev                                      start, and print where to point your agent
  sallyport demo                                     watch an attack being stopped
  sallyport keys create --agent bot --roles support  a key for an agent
  sallyport tail --json | jq .decision.outcome       follow decisions
  sallyport approvals                                what waits for you
  sallyport policy test policies                     run the tests beside the policies

Exit codes: 0 ok, 1 fault, 2 usage or configuration, 3 denied or failed test, 4 waits for approval, 5 unreachable,
130 interrupted.`;

/** Runs one command line. @returns the exit code */
export async function runCli(surroundings: Surroundings): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  const program = new Command('sallyport')
    .description('One checkpoint for everything an AI agent says, asks, reads, runs and sends')
    .option('--json', 'data for programs instead of text for people')
    .option('--config <file>', 'configuration file (default: sallyport.yaml, where there is one)')
    .option('--data <folder>', 'data folder (default: .sallyport)')
    .addHelpText('after', examples)
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => surroundings.stdout.write(text),
      writeErr: (text) => surroundings.stderr.write(text),
    });
  const runner = runnerOf(surroundings, (done) => {
    code = done;
  });
  for (const add of commands) add(program, runner);
  try {
    await program.parseAsync(surroundings.argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const failure = asFailure(error);
    new Output(surroundings.stdout, surroundings.stderr, program.opts()['json'] === true).failure(failure);
    return failure.exitCode;
  }
}
