import type { Command } from 'commander';
import type { JsonObject, PackagePin } from '@sallyport/core';
import type { Context, Runner } from '../context.ts';
import { chmod, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isMap, parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import { CommandFailure, exitCodes } from '../exit.ts';
import { addedUpstreamShape } from '../shapes.ts';
import { agreed } from '../agreed.ts';
import { checkedUpstream, packageTools, pinView, writePin } from '../pinned-packages.ts';
import { paint, safe } from '../output.ts';
import { readConfigFile } from '../config.ts';
import { replaceFile } from '../../policies/write.ts';

const options = z.object({
  npm: z.string().optional(),
  pypi: z.string().optional(),
  oci: z.string().optional(),
  url: z.url({ protocol: /^https?$/ }).optional(),
  provenance: z.enum(['required', 'checked', 'ignored']).default('checked'),
  yes: z.boolean().default(false),
});
type Options = z.output<typeof options>;

export function addToolsAdd(tools: Command, run: Runner): void {
  tools
    .command('add <name> [command...]')
    .description('Add an upstream to sallyport.yaml; of a package, the exact one into sallyport.lock')
    .option('--npm <name[@version]>', 'a server from npm')
    .option('--pypi <name==version>', 'a server from PyPI')
    .option('--oci <image[:tag]>', 'a server that is an image')
    .option('--url <address>', 'a server that is reached over HTTP')
    .option('--provenance <how>', 'required, checked (default) or ignored: attestations of where a package was built')
    .option('--yes', 'write without asking')
    .addHelpText('after', '\nWhat stands after -- is given to the server, or is the command that starts it.')
    .action(run(options, add));
}

interface Added {
  readonly config: JsonObject;
  readonly pin?: PackagePin;
}

async function add(context: Context, given: Options, ...words: readonly string[]) {
  const [name = '', ...command] = words.flat();
  const { lock, resolve } = await packageTools(context);
  const added = await addedOf(given, command, resolve);
  const file = await readConfigFile(context);
  if (!file && given.yes) {
    const hint = 'Make one (it may be empty). It takes the place of the defaults, the practice model too.';
    throw new CommandFailure(exitCodes.usage, 'There is no sallyport.yaml here to write into.', hint);
  }
  checkedUpstream(name, added.config, file ? dirname(file.path) : context.cwd);
  const { config, pin } = added;
  if (file && parseDocument(file.text).hasIn(['upstreams', name])) {
    const hint = 'Change it there, or take another name.';
    throw new CommandFailure(exitCodes.usage, `sallyport.yaml has an upstream ${name} already.`, hint);
  }
  const { output } = context;
  for (const line of stringify({ upstreams: { [name]: config } }, { lineWidth: 0 })
    .trimEnd()
    .split('\n')) {
    output.line(safe`${line}`);
  }
  if (pin) {
    output.line(safe`${paint('dim', 'pinned')} ${pin.name} ${pin.version} ${paint('dim', pin.integrity)}`);
    output.line(safe`${paint('dim', 'built from')} ${pin.source ?? 'unknown: it has no attestation'}`);
  }
  const written = file !== undefined && (await agreed(context, given.yes, 'Write this into sallyport.yaml?'));
  if (written) {
    // Whoever was asked may have had it open in an editor meanwhile, or ran this twice.
    if ((await readConfigFile(context))?.text !== file.text) {
      const hint = 'Run this again: it starts from what is there now.';
      throw new CommandFailure(exitCodes.fault, `${file.path} was changed meanwhile; nothing was written.`, hint);
    }
    // The lock first: an upstream without its pin is not started, a pin without its upstream harms nobody.
    if (pin) await writePin(lock, name, pin);
    await writeUpstream(file, name, config);
    output.note(
      safe`${paint('green', 'written')} Restart the runtime, let an agent ask for its tools once, then: sallyport tools review ${name}`,
    );
  } else if (file) output.note(safe`Nothing was written; --yes writes it.`);
  else {
    output.note(
      safe`There is no sallyport.yaml here, so nothing was written. Make one (it may be empty), and add it again.`,
    );
    output.note(safe`It takes the place of the defaults, the practice model too: name your providers in it.`);
  }
  output.data(addedUpstreamShape, { name, config: config as never, ...(pin && { package: pinView(pin) }), written });
  return exitCodes.ok;
}

async function addedOf(
  { npm, pypi, oci, url, provenance }: Options,
  rest: readonly string[],
  resolve: Awaited<ReturnType<typeof packageTools>>['resolve'],
): Promise<Added> {
  const named = [npm, pypi, oci, url].filter((each) => each !== undefined);
  if (named.length > 1 || (named.length === 0 && rest.length === 0)) {
    const hint = 'Give one of --npm, --pypi, --oci and --url, or the command after --.';
    throw new CommandFailure(exitCodes.usage, 'Say what the upstream is.', hint);
  }
  if (url !== undefined) return { config: { kind: 'mcp', url } };
  if (named.length === 0) {
    const [command = '', ...args] = rest;
    return { config: { kind: 'stdio', command, args } };
  }
  const asked = { ...packageNamed({ npm, pypi, oci }), provenance };
  const pin = await resolve(asked);
  const started = startOf(pin);
  const { registry, name, version, source } = pin;
  const how = provenance === 'checked' ? {} : { provenance };
  const from = { registry, name, version, ...how, ...(source !== undefined && { source }) };
  return { pin, config: { kind: 'stdio', ...started, args: [...started.args, ...rest], package: from } };
}

function packageNamed({ npm, pypi, oci }: Pick<Options, 'npm' | 'pypi' | 'oci'>) {
  if (npm !== undefined) return { registry: 'npm', ...split(npm, npm.indexOf('@', 1), 1) } as const;
  if (pypi !== undefined) return { registry: 'pypi', ...split(pypi, pypi.indexOf('=='), 2) } as const;
  const image = oci ?? '';
  const colon = image.lastIndexOf(':');
  // The colon before a port is none of a tag.
  return { registry: 'oci', ...split(image, colon > image.lastIndexOf('/') ? colon : -1, 1) } as const;
}

const split = (text: string, at: number, length: number): { readonly name: string; readonly version?: string } =>
  at === -1 ? { name: text } : { name: text.slice(0, at), version: text.slice(at + length) };

function startOf({ registry, name, version, integrity }: PackagePin): { command: string; args: string[] } {
  if (registry === 'npm') return { command: 'npx', args: ['-y', `${name}@${version}`] };
  if (registry === 'pypi') return { command: 'uvx', args: [`${name}@${version}`] };
  return { command: 'docker', args: ['run', '-i', '--rm', `${name}@${integrity}`] };
}

/** Comments and the order of the rest stay as they are. */
async function writeUpstream({ path, text }: { path: string; text: string }, name: string, config: JsonObject) {
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem) throw new CommandFailure(exitCodes.usage, `${path} is not valid YAML: ${problem.message}`);
  if (!isMap(document.get('upstreams'))) document.set('upstreams', document.createNode({}));
  const upstreams = document.get('upstreams');
  // `{}` would put all of it on one line.
  if (isMap(upstreams) && upstreams.items.length === 0) upstreams.flow = false;
  document.setIn(['upstreams', name], document.createNode(config));
  const { mode } = await stat(path);
  await replaceFile(path, document.toString({ lineWidth: 0 }));
  await chmod(path, mode & 0o777);
}
