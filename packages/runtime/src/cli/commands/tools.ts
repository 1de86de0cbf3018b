import type { Command } from 'commander';
import type { Manifest } from '@sallyport/core';
import type { ToolView } from '@sallyport/core/admin';
import type { AdminClient } from '../client.ts';
import type { Context, Runner } from '../context.ts';
import { manifestSchema, nearest, parseManifest } from '@sallyport/core';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import { toolSchema } from '@sallyport/core/admin';
import { z } from 'zod';
import { CommandFailure, exitCodes } from '../exit.ts';
import { connect } from '../client.ts';
import { findDataDir } from '../config.ts';
import { forgottenShape, toolsShape } from '../shapes.ts';
import { addToolsAdd } from './tools-add.ts';
import { addToolsPin } from './tools-pin.ts';
import { addToolsReview } from './tools-review.ts';
import { paint, safe } from '../output.ts';

export function addTools(program: Command, run: Runner): void {
  const tools = program
    .command('tools')
    .description('Upstreams and their tools: what was reviewed, and what is assumed of each');
  tools
    .command('list')
    .description('All tools that are configured, confirmed or were seen')
    .action(run(z.object({}), list));
  tools
    .command('show <name>')
    .description('The manifest in force, and what is proposed, with the reasons')
    .action(run(z.object({}), show));
  tools
    .command('confirm <name>')
    .description('Say what a tool is; counts until the tool is defined otherwise')
    .option('--file <manifest.yaml>', 'the manifest to confirm')
    .option('--proposed', 'confirm what is proposed')
    .action(run(z.object({ file: z.string().optional(), proposed: z.boolean().default(false) }), confirm));
  tools
    .command('forget <name>')
    .description('Take back what was confirmed')
    .action(run(z.object({}), forget));
  addToolsAdd(tools, run);
  addToolsReview(tools, run);
  addToolsPin(tools, run);
}

const looks = { config: 'green', confirmed: 'green', unknown: 'yellow' } as const;

async function list(context: Context) {
  const tools = await allTools(await connect(await findDataDir(context)));
  context.output.data(toolsShape, { tools });
  context.output.table([
    ['TOOL', 'FROM', 'EFFECT', 'PROPOSED', 'CALLS'].map((title) => paint('dim', title)),
    ...tools.map(({ name, from, manifest, proposal, seen }) => [
      name,
      paint(looks[from], from),
      effectOf(manifest),
      proposal ? effectOf(proposal.manifest) : '—',
      String(seen?.calls ?? 0),
    ]),
  ]);
  const waiting = tools.filter(({ proposal }) => proposal).length;
  if (waiting > 0) {
    context.output.note(
      safe`${paint('dim', `${waiting} to confirm: sallyport tools show <name>, then confirm <name>`)}`,
    );
  }
  return exitCodes.ok;
}

async function show(context: Context, _: object, name = '') {
  const tool = await find(await connect(await findDataDir(context)), name);
  context.output.data(toolSchema, tool);
  print(context, tool);
  return exitCodes.ok;
}

async function confirm(
  context: Context,
  { file, proposed }: { file?: string | undefined; proposed: boolean },
  name = '',
) {
  if ((file === undefined) !== proposed) {
    const hint = 'Give --file manifest.yaml, or --proposed to take what `sallyport tools show` proposes.';
    throw new CommandFailure(exitCodes.usage, 'Say what is to be confirmed: one of --file and --proposed.', hint);
  }
  // Read first: a file that is not valid asks nothing of the runtime.
  const written = file === undefined ? undefined : await manifestIn(resolve(context.cwd, file));
  const admin = await connect(await findDataDir(context));
  const { from, proposal, definition } = await find(admin, name);
  const manifest = written ?? proposal?.manifest;
  if (!manifest) {
    const hint = from === 'config' ? 'sallyport.yaml says what it is.' : 'Give --file to say something else of it.';
    throw new CommandFailure(exitCodes.usage, `Nothing is proposed of ${name}: it is known already.`, hint);
  }
  const body = { manifest, ...(definition !== undefined && { definition }) };
  const confirmed = await admin.call('tools.confirm', { params: { name }, body });
  context.output.data(toolSchema, confirmed);
  print(context, confirmed);
  return exitCodes.ok;
}

async function forget(context: Context, _: object, name = '') {
  const admin = await connect(await findDataDir(context));
  await admin.call('tools.forget', { params: { name } });
  context.output.data(forgottenShape, { name, forgotten: true });
  context.output.line(safe`Forgot what was confirmed of ${name}.`);
  return exitCodes.ok;
}

async function allTools(admin: AdminClient): Promise<ToolView[]> {
  return (await admin.call('tools.list', {})).tools;
}

async function find(admin: AdminClient, name: string): Promise<ToolView> {
  const tools = await allTools(admin);
  const tool = tools.find((each) => each.name === name);
  if (tool) return tool;
  const meant = nearest(
    name,
    tools.map((each) => each.name),
  );
  const hint = meant === undefined ? 'A tool is known once an agent offers it.' : `Did you mean ${meant}?`;
  throw new CommandFailure(exitCodes.usage, `There is no tool ${name}.`, hint);
}

async function manifestIn(path: string): Promise<Manifest> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CommandFailure(exitCodes.usage, `${path} cannot be read.`, 'Name the file of the manifest.', cause);
  });
  return parseManifest(text);
}

const origins = {
  config: 'by sallyport.yaml',
  confirmed: 'confirmed by an operator',
  unknown: 'not known: the safest is assumed',
} as const;

function print({ output }: Context, { name, from, manifest, proposal, description }: ToolView): void {
  output.line(safe`${paint('bold', name)} ${paint(looks[from], origins[from])}`);
  if (description !== undefined) output.line(safe`${paint('dim', 'It says of itself:')} ${description}`);
  printManifest(output, manifest);
  if (!proposal) return;
  output.line(safe`${paint('bold', 'proposed')}`);
  printManifest(output, proposal.manifest);
  for (const sentence of proposal.why) output.line(safe`  ${paint('dim', '·')} ${sentence}`);
}

function printManifest(output: Context['output'], manifest: Manifest): void {
  for (const line of stringify(withoutDefaults(manifest), { lineWidth: 0 }).trimEnd().split('\n')) {
    output.line(safe`  ${line}`);
  }
}

const defaults = manifestSchema.parse({});

/** As somebody would write it. */
function withoutDefaults({ effect, results, ...rest }: Manifest): object {
  const told = differing(rest, defaults);
  const ofResults = differing(results, defaults.results);
  return { effect, ...told, ...(Object.keys(ofResults).length > 0 && { results: ofResults }) };
}

const differing = (given: object, usual: object): object =>
  Object.fromEntries(
    Object.entries(given).filter(([key, value]) => !isDeepStrictEqual(value, (usual as Record<string, unknown>)[key])),
  );

const effectOf = ({ effect, local, egress }: Manifest): string =>
  [effect, ...(local ? ['local'] : []), ...(egress === true ? ['egress'] : [])].join(', ');
