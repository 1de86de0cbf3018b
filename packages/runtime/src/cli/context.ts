import type { Command } from 'commander';
import type { ExitCode } from './exit.ts';
import type { OutputStream } from './output.ts';
import { z } from 'zod';
import { CommandFailure, exitCodes } from './exit.ts';
import { Output } from './output.ts';

/** Everything that a command may know of the process it runs in. */
export interface Surroundings {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** For values that must not be on a command line. Default: nothing. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Whether a person sits there: prompts make sense, and a demo may go on serving. */
  readonly interactive: boolean;
  /** Fires on the first Ctrl-C or SIGTERM. */
  readonly interrupted: AbortSignal;
}

export interface Globals {
  readonly json?: boolean;
  readonly config?: string;
  readonly data?: string;
}

export interface Context extends Surroundings {
  readonly output: Output;
  readonly globals: Globals;
}

type Handler<S extends z.ZodObject> = (
  context: Context,
  options: z.output<S>,
  ...args: readonly string[]
) => Promise<ExitCode>;

/** Makes a handler into what commander calls. `options` parses what was typed; flags of every command are in the context. */
export type Runner = <S extends z.ZodObject>(
  options: S,
  handler: Handler<S>,
) => (...received: unknown[]) => Promise<void>;

const globalsSchema = z.object({
  json: z.boolean().optional(),
  config: z.string().optional(),
  data: z.string().optional(),
});

/** @param done is told the exit code of the command that ran */
export function runnerOf(surroundings: Surroundings, done: (code: ExitCode) => void): Runner {
  return (options, handler) =>
    async (...received) => {
      const command = received.at(-1) as Command;
      const typed: unknown = command.optsWithGlobals();
      const globals = definedOnly(globalsSchema.parse(typed));
      const output = new Output(surroundings.stdout, surroundings.stderr, globals.json === true);
      const parsed = options.safeParse(typed);
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        const flag = String(issue?.path[0] ?? '').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
        throw new CommandFailure(exitCodes.usage, `--${flag}: ${issue?.message}`);
      }
      done(await handler({ ...surroundings, output, globals }, parsed.data, ...command.args));
    };
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };
const definedOnly = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Defined<T>;
