import type { Command } from 'commander';
import type { PackageConfig, PackagePin } from '@sallyport/core';
import type { Context, Runner } from '../context.ts';
import { RuntimeFault } from '@sallyport/core';
import { z } from 'zod';
import { exitCodes } from '../exit.ts';
import { agreed } from '../agreed.ts';
import { checkSame } from '../../packages/index.ts';
import { configuredPackages, packageTools, pinView, writePin, type PackageTools } from '../pinned-packages.ts';
import { packagePinsShape } from '../shapes.ts';
import { paint, safe } from '../output.ts';

const options = z.object({ check: z.boolean().default(false), yes: z.boolean().default(false) });

export function addToolsPin(tools: Command, run: Runner): void {
  tools
    .command('pin')
    .description('Ask the registries for the packages of upstreams again, and show what sallyport.lock would hold')
    .option('--check', 'write nothing; exit with 3 where the lock does not match')
    .option('--yes', 'write without asking')
    .action(run(options, pin));
}

interface Compared {
  readonly upstream: string;
  readonly state: 'same' | 'new' | 'changed' | 'failed';
  readonly pinned?: PackagePin;
  readonly found?: PackagePin;
  readonly problem?: string;
}

const looks = { same: 'green', new: 'yellow', changed: 'red', failed: 'red' } as const;

async function pin(context: Context, { check, yes }: z.output<typeof options>) {
  const { output } = context;
  const packages = await configuredPackages(context);
  const tools = await packageTools(context);
  const compared: Compared[] = [];
  for (const [upstream, config] of packages) compared.push(await compare(tools, upstream, config));
  print(context, compared);
  const differing = compared.filter(({ state }) => state === 'new' || state === 'changed');
  const failed = compared.some(({ state }) => state === 'failed');
  const written =
    !check && !failed && differing.length > 0 && (await agreed(context, yes, 'Write this into sallyport.lock?'));
  if (written) {
    for (const { upstream, found } of differing) if (found) await writePin(tools.lock, upstream, found);
    output.note(safe`${paint('green', 'written')} ${tools.lock.path}`);
  } else if (!check && differing.length > 0) output.note(safe`Nothing was written; --yes writes it.`);
  const ok = !failed && (differing.length === 0 || written);
  output.data(packagePinsShape, {
    ok,
    written,
    packages: compared.map(({ pinned, found, ...rest }) => ({
      ...rest,
      ...(pinned && { pinned: pinView(pinned) }),
      ...(found && { found: pinView(found) }),
    })),
  });
  if (failed) return check ? exitCodes.denied : exitCodes.fault;
  return ok ? exitCodes.ok : exitCodes.denied;
}

async function compare({ lock, resolve }: PackageTools, upstream: string, config: PackageConfig): Promise<Compared> {
  const pinned = (await lock.read()).upstreams.get(upstream)?.package;
  const before = pinned && { pinned };
  try {
    const found = await resolve(config);
    if (config.integrity !== undefined && config.integrity !== found.integrity) {
      const problem = `sallyport.yaml names ${config.integrity}, and the registry has ${found.integrity}.`;
      return { upstream, state: 'failed', ...before, found, problem };
    }
    return { upstream, state: stateOf(pinned, found), ...before, found };
  } catch (error) {
    if (!(error instanceof RuntimeFault)) throw error;
    return { upstream, state: 'failed', ...before, problem: error.detail ?? error.message };
  }
}

function stateOf(pinned: PackagePin | undefined, found: PackagePin): Compared['state'] {
  if (!pinned) return 'new';
  if (pinned.registry !== found.registry || pinned.name !== found.name) return 'changed';
  try {
    checkSame(pinned, found);
    return pinned.source === found.source && pinned.contents === found.contents ? 'same' : 'changed';
  } catch {
    return 'changed';
  }
}

function print({ output }: Context, compared: readonly Compared[]): void {
  if (compared.length === 0) {
    output.note(safe`${paint('dim', 'No upstream names a package.')}`);
    return;
  }
  output.table([
    ['UPSTREAM', 'STATE', 'PACKAGE', 'PINNED', 'FOUND', 'BUILT FROM'].map((title) => paint('dim', title)),
    ...compared.map(({ upstream, state, pinned, found }) => [
      upstream,
      paint(looks[state], state),
      (found ?? pinned)?.name ?? '',
      pinned ? `${pinned.version} ${short(pinned)}` : '—',
      found ? `${found.version} ${short(found)}` : '—',
      found?.source ?? 'unknown',
    ]),
  ]);
  for (const { upstream, problem } of compared) if (problem !== undefined) output.note(safe`${upstream}: ${problem}`);
}

const short = ({ integrity }: PackagePin): string => `${integrity.slice(0, 19)}…`;
