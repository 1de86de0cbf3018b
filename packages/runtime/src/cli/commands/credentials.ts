import type { Command } from 'commander';
import type { CredentialView } from '@sallyport/core/admin';
import type { AdminClient } from '../client.ts';
import type { Context, Runner } from '../context.ts';
import { isCancel, password } from '@clack/prompts';
import { maxSecretLength, nearest } from '@sallyport/core';
import { z } from 'zod';
import { CommandFailure, exitCodes } from '../exit.ts';
import { connect } from '../client.ts';
import { credentialChangedShape, credentialsShape } from '../shapes.ts';
import { findDataDir } from '../config.ts';
import { paint, safe } from '../output.ts';

export function addCredentials(program: Command, run: Runner): void {
  const credentials = program.command('credentials').description("Tools' credentials, in a running runtime");
  credentials
    .command('list')
    .description('Where each is kept, where it goes, and whether it can be read')
    .action(run(z.object({}), list));
  credentials
    .command('set <name>')
    .description('Set one that is `stored`; the value is read from standard input, or asked for')
    // Refused by ourselves: commander would repeat the value that should not stand there.
    .allowExcessArguments()
    .action(run(z.object({}), set));
  credentials
    .command('revoke <name>')
    .description('Attach it to nothing from now on')
    .action(run(z.object({}), revoke));
  credentials
    .command('restore <name>')
    .description('Attach one that was revoked again')
    .action(run(z.object({}), restore));
}

const looks = { ok: 'green', unused: 'dim', failing: 'red', revoked: 'red' } as const;
const words = { ok: 'ok', unused: 'never used', failing: 'failing', revoked: 'revoked' } as const;

async function list(context: Context) {
  const { output } = context;
  const { credentials } = await (await connect(await findDataDir(context))).call('credentials.list', {});
  output.data(credentialsShape, { credentials });
  output.table([
    ['NAME', 'KEPT IN', 'ATTACHED AS', 'UPSTREAMS', 'HOSTS', 'STATE', 'LAST READ'].map((title) => paint('dim', title)),
    ...credentials.map(({ name, source, attach, upstreams, hosts, state, lastReadAt }) => [
      name,
      source,
      attach,
      upstreams.join(','),
      hosts.join(',') || '—',
      paint(looks[state], words[state]),
      lastReadAt === null ? '—' : new Date(lastReadAt).toISOString(),
    ]),
  ]);
  for (const { name, state, lastFailure } of credentials) {
    if (state === 'failing' && lastFailure !== null) output.note(safe`${paint('red', name)} ${lastFailure}`);
  }
  return exitCodes.ok;
}

async function set(context: Context, _: object, name = '', ...more: readonly string[]) {
  if (more.length > 0) {
    const hint = `Take it out of the history, make a new one, and pipe it in: \`sallyport credentials set <name> < file\`.`;
    throw new CommandFailure(exitCodes.usage, 'A value on the command line is kept by the shell, and not taken.', hint);
  }
  const admin = await connect(await findDataDir(context));
  const { source } = await find(admin, name);
  if (source !== 'stored') {
    const hint = `Change it there: it is read again by itself. To keep it here, configure \`source: {stored: true}\`.`;
    throw new CommandFailure(exitCodes.usage, `${name} is not kept here but in: ${source}.`, hint);
  }
  await admin.call('credentials.set', { params: { name }, body: { value: await valueFrom(context, name) } });
  return changed(context, name, 'set');
}

async function revoke(context: Context, _: object, name = '') {
  const admin = await connect(await findDataDir(context));
  await find(admin, name);
  await admin.call('credentials.revoke', { params: { name } });
  return changed(context, name, 'revoked');
}

async function restore(context: Context, _: object, name = '') {
  const admin = await connect(await findDataDir(context));
  await find(admin, name);
  await admin.call('credentials.restore', { params: { name } });
  return changed(context, name, 'restored');
}

function changed({ output }: Context, name: string, change: 'set' | 'revoked' | 'restored') {
  output.data(credentialChangedShape, { name, change });
  output.line(safe`${name}: ${change}.`);
  return exitCodes.ok;
}

async function find(admin: AdminClient, name: string): Promise<CredentialView> {
  const { credentials } = await admin.call('credentials.list', {});
  const found = credentials.find((each) => each.name === name);
  if (found) return found;
  const meant = nearest(
    name,
    credentials.map((each) => each.name),
  );
  const hint = meant === undefined ? 'See `sallyport credentials list`.' : `Did you mean ${meant}?`;
  throw new CommandFailure(exitCodes.usage, `There is no credential ${name}.`, hint);
}

/** Never from the command line: the list of processes and the shell's history would keep it. */
async function valueFrom({ interactive, globals, stdin, stderr }: Context, name: string): Promise<string> {
  if (interactive && !globals.json) {
    const answer = await password({ message: `The value of ${name}`, output: stderr });
    if (isCancel(answer)) throw new CommandFailure(exitCodes.interrupted, 'Nothing was changed.');
    return answer;
  }
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of stdin ?? []) {
    parts.push(part);
    bytes += part.length;
    if (bytes > 4 * maxSecretLength) throw new CommandFailure(exitCodes.usage, 'The value is too long.');
  }
  const value = Buffer.concat(parts)
    .toString('utf8')
    .replace(/[\r\n]+$/, '');
  if (value !== '') return value;
  const hint = `Pipe it in: \`sallyport credentials set ${name} < file\`.`;
  throw new CommandFailure(exitCodes.usage, 'No value came from standard input.', hint);
}
