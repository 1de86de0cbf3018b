import type { Command } from 'commander';
import type { Context, Runner } from '../context.ts';
import { configJsonSchema, effectiveConfig } from '@sallyport/core';
import { readFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { configShape } from '../shapes.ts';
import { exitCodes } from '../exit.ts';
import { loadConfig } from '../config.ts';
import { paint, safe } from '../output.ts';

export function addConfig(program: Command, run: Runner): void {
  const config = program.command('config').description('The configuration');
  config
    .command('show')
    .description('The configuration file, once it was found valid')
    .option('--effective', 'with all defaults; secrets stay references')
    .action(run(z.object({ effective: z.boolean().default(false) }), show));
  config
    .command('schema')
    .description('JSON Schema of sallyport.yaml, for editors')
    .action(run(z.object({}), schema));
}

async function show(context: Context, { effective }: { readonly effective: boolean }) {
  const { output } = context;
  const loaded = await loadConfig(context, 'http://127.0.0.1:0/v1');
  const path = loaded.configPath ?? null;
  // Without a file there is nothing to show but the defaults.
  const raw: unknown = path !== null && !effective ? parse(await readFile(path, 'utf8')) : null;
  const config = z.json().parse(raw ?? effectiveConfig(loaded.config));
  output.data(configShape, { path, config });
  output.note(safe`${paint('dim', path ?? 'No configuration file: these are the defaults.')}`);
  for (const line of stringify(config).trimEnd().split('\n')) output.line(safe`${line}`);
  return exitCodes.ok;
}

async function schema({ output }: Context) {
  // Always JSON: that is what an editor reads.
  if (output.json) output.data(z.json(), z.json().parse(configJsonSchema()));
  else for (const line of JSON.stringify(configJsonSchema(), null, 2).split('\n')) output.line(safe`${line}`);
  return exitCodes.ok;
}
