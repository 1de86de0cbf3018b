import type { Command } from 'commander';
import type { AdminClient } from '../client.ts';
import type { Context, Runner } from '../context.ts';
import { confirm, isCancel } from '@clack/prompts';
import { z } from 'zod';
import { connect } from '../client.ts';
import { CommandFailure, exitCodes } from '../exit.ts';
import { findDataDir } from '../config.ts';
import { keysShape, newKeyShape, revokedShape } from '../shapes.ts';
import { paint, safe } from '../output.ts';

export function addKeys(program: Command, run: Runner): void {
  const keys = program.command('keys').description('Keys of agents, in a running runtime');
  keys
    .command('list')
    .description('All keys, newest last')
    .action(run(z.object({}), list));
  keys
    .command('create')
    .description('Make a key; it is shown this once')
    .requiredOption('--agent <name>', 'the agent; registered if there is none of this name')
    .option('--roles <names>', 'roles of a new agent, separated by commas')
    .option('--name <name>', 'what the key is for', 'command line')
    .option('--expires-in-days <days>', 'or `never`', '90')
    .action(run(createOptions, create));
  keys
    .command('revoke <key-id>')
    .description('Refuse a key from now on')
    .option('--yes', 'do not ask')
    .action(run(z.object({ yes: z.boolean().default(false) }), revoke));
}

const createOptions = z.object({
  agent: z.string().min(1),
  roles: z
    .string()
    .transform((text) => text.split(',').map((role) => role.trim()))
    .optional(),
  name: z.string().min(1),
  expiresInDays: z.union([z.literal('never').transform(() => null), z.coerce.number().int().min(1).max(3650)], {
    error: 'must be a number of days from 1 to 3650, or `never`',
  }),
});

async function list(context: Context) {
  const keys = await allKeys(await connect(await findDataDir(context)));
  context.output.data(keysShape, { keys });
  context.output.table([
    ['ID', 'AGENT', 'ROLES', 'KEY', 'NAME', 'STATE', 'LAST USED'].map((title) => paint('dim', title)),
    ...keys.map((key) => [
      key.id,
      key.agent,
      key.roles.join(','),
      `${key.hint}…`,
      key.name,
      stateOf(key, Date.now()),
      dayOf(key.lastUsedAt),
    ]),
  ]);
  return exitCodes.ok;
}

async function create(
  context: Context,
  { agent: name, roles, name: purpose, expiresInDays }: z.output<typeof createOptions>,
) {
  const { output } = context;
  const admin = await connect(await findDataDir(context));
  const { agents } = await admin.call('agents.list', {});
  const known = agents.find((agent) => agent.name === name || agent.id === name);
  if (!known && !roles) {
    throw new CommandFailure(exitCodes.usage, `There is no agent called ${name}.`, 'Give --roles to register it.');
  }
  if (known && roles && roles.toSorted().join() !== known.roles.toSorted().join()) {
    const message = `The agent ${name} has the roles ${known.roles.join(', ')}.`;
    throw new CommandFailure(exitCodes.usage, message, 'Leave --roles out; roles are changed on the Agents page.');
  }
  const agent = known ?? (await admin.call('agents.create', { body: { name, roles: roles ?? [] } }));
  const key = await admin.call('agents.createKey', {
    params: { id: agent.id },
    body: { name: purpose, expiresInDays },
  });
  output.data(newKeyShape, { ...key, agent: agent.name });
  output.note(safe`${paint('dim', 'Shown this once. It acts with the roles')} ${agent.roles.join(', ') || '(none)'}`);
  output.line(safe`${key.key}`);
  return exitCodes.ok;
}

async function revoke(context: Context, { yes }: { readonly yes: boolean }, id = '') {
  const admin = await connect(await findDataDir(context));
  const key = (await allKeys(admin)).find((candidate) => candidate.id === id || candidate.hint === id);
  if (!key) throw new CommandFailure(exitCodes.usage, `There is no key ${id}.`, 'See `sallyport keys list`.');
  if (!yes) await askFirst(context, `Refuse the key ${key.hint}… of ${key.agent} from now on?`);
  await admin.call('agents.revokeKey', { params: { id: key.agentId, keyId: key.id } });
  context.output.data(revokedShape, { id: key.id, revoked: true });
  context.output.line(safe`Revoked ${key.hint}… of ${key.agent}.`);
  return exitCodes.ok;
}

async function askFirst({ interactive, globals, stderr }: Context, message: string): Promise<void> {
  if (!interactive || globals.json) {
    throw new CommandFailure(exitCodes.usage, 'Nobody is here to ask.', 'Give --yes to do it without asking.');
  }
  const answer = await confirm({ message, initialValue: false, output: stderr });
  if (isCancel(answer) || !answer) throw new CommandFailure(exitCodes.interrupted, 'Nothing was changed.');
}

async function allKeys(admin: AdminClient) {
  const { agents } = await admin.call('agents.list', {});
  return agents.flatMap(({ name: agent, roles, keys }) => keys.map((key) => ({ ...key, agent, roles })));
}

function stateOf(key: { readonly revokedAt: number | null; readonly expiresAt: number | null }, now: number) {
  if (key.revokedAt !== null) return paint('red', 'revoked');
  if (key.expiresAt !== null && key.expiresAt <= now) return paint('red', 'expired');
  return paint('green', key.expiresAt === null ? 'valid' : `until ${dayOf(key.expiresAt)}`);
}

const dayOf = (time: number | null): string => (time === null ? '—' : new Date(time).toISOString().slice(0, 10));
