import type { Command } from 'commander';
import type { Context, Runner } from '../context.ts';
import { entrySchema } from '@sallyport/core/admin';
import { z } from 'zod';
import { connect } from '../client.ts';
import { CommandFailure, exitCodes } from '../exit.ts';
import { findDataDir } from '../config.ts';
import { paint, safe } from '../output.ts';
import { printEntry } from '../entries.ts';

export function addTail(program: Command, run: Runner): void {
  program
    .command('tail')
    .description('Follow what a running runtime records; with --json one entry a line')
    .option('--session <id>', 'only entries of this session')
    .action(run(z.object({ session: z.string().optional() }), tail));
}

async function tail(context: Context, { session }: { readonly session?: string | undefined }) {
  const { output, interrupted } = context;
  const admin = await connect(await findDataDir(context));
  await admin.live(
    (entry) => {
      if (session !== undefined && (entry.phase === 'operator' || entry.sessionId !== session)) return;
      if (output.json) output.data(entrySchema, entry);
      else printEntry(output, entry);
    },
    interrupted,
    () => {
      output.note(safe`${paint('dim', `Following ${admin.url}. Ctrl-C ends it.`)}`);
    },
  );
  if (interrupted.aborted) return exitCodes.interrupted;
  throw new CommandFailure(exitCodes.unreachable, 'The runtime ended the stream.', 'It was stopped or restarted.');
}
