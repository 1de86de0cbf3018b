import type { Command } from 'commander';
import type { Context, Runner } from '../context.ts';
import { adminRoutes } from '@sallyport/core/admin';
import { z } from 'zod';
import { connect } from '../client.ts';
import { exitCodes } from '../exit.ts';
import { findDataDir } from '../config.ts';
import { paint, safe } from '../output.ts';

export function addSignIn(program: Command, run: Runner): void {
  program
    .command('sign-in')
    .description("A new one-time link to a running runtime's dashboard")
    .action(run(z.object({}), signIn));
}

async function signIn(context: Context) {
  const { output } = context;
  const admin = await connect(await findDataDir(context));
  const { id } = await admin.me();
  const link = await admin.call('operators.createSignInLink', { params: { id } });
  output.data(adminRoutes['operators.createSignInLink'].answer, link);
  output.line(safe`${link.url}`);
  output.note(safe`${paint('dim', `Works once, until ${new Date(link.expiresAt).toLocaleTimeString('en-GB')}.`)}`);
  return exitCodes.ok;
}
