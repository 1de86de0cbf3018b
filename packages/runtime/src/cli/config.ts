import type { Config } from '@sallyport/core';
import type { Globals } from './context.ts';
import { parseConfig } from '@sallyport/core';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { CommandFailure, exitCodes } from './exit.ts';

export interface ConfigPlace {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly globals: Globals;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Absolute; absent when no file is used. */
  readonly configPath?: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Absolute. */
  readonly policyDir: string;
  /** Whether the file names the port; the default one may give way to a free one. */
  readonly portGiven: boolean;
}

/** The file that is used when none is named. */
const defaultConfigName = 'sallyport.yaml';

/**
 * Reads the configuration: the file of `--config`, else `sallyport.yaml` where there is one, else the default.
 *
 * @param practiceUrl where the built-in practice model listens, for the default; left out, it has no such provider
 * @throws RuntimeFault `invalid_config`
 */
export async function loadConfig(place: ConfigPlace, practiceUrl: string | undefined): Promise<LoadedConfig> {
  const file = await readConfigFile(place);
  const text = file?.text ?? defaultConfigText(place.env, practiceUrl);
  const folder = file ? dirname(file.path) : place.cwd;
  const config = parseConfig(text, {
    env: place.env,
    readFile: (path) => readFileSync(resolve(folder, path), 'utf8'),
  });
  const dataDir = place.globals.data ? resolve(place.cwd, place.globals.data) : resolve(folder, config.data);
  return {
    config,
    ...(file && { configPath: file.path }),
    dataDir,
    policyDir: config.policies === undefined ? resolve(dataDir, 'policies') : resolve(folder, config.policies),
    portGiven: file !== undefined && parseDocument(file.text).hasIn(['server', 'port']),
  };
}

/** The data folder, without asking for the rest of the configuration to be valid: its secrets may not be at hand here. */
export async function findDataDir(place: ConfigPlace): Promise<string> {
  if (place.globals.data) return resolve(place.cwd, place.globals.data);
  const file = await readConfigFile(place);
  const named: unknown = file && parseDocument(file.text).get('data');
  return resolve(file ? dirname(file.path) : place.cwd, typeof named === 'string' ? named : '.sallyport');
}

/** The configuration file as text, where there is one; `undefined` where none is named and none is there. */
export async function readConfigFile({
  cwd,
  globals,
}: ConfigPlace): Promise<{ path: string; text: string } | undefined> {
  const path = resolve(cwd, globals.config ?? defaultConfigName);
  try {
    return { path, text: await readFile(path, 'utf8') };
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (missing && globals.config === undefined) return undefined;
    const reason = missing ? 'there is no such file' : String(cause);
    throw new CommandFailure(
      exitCodes.usage,
      `${path} cannot be read: ${reason}.`,
      'Name a file with --config.',
      cause,
    );
  }
}

function defaultConfigText(env: ConfigPlace['env'], practiceUrl: string | undefined): string {
  const practice = [
    '  practice:',
    `    baseUrl: ${practiceUrl}`,
    '    scripted: true',
    '    models: { practice-1: {} }',
  ];
  const openAi = [
    '  openai:',
    '    baseUrl: https://api.openai.com/v1',
    '    apiKey: ${env:OPENAI_API_KEY}',
    '    models: { gpt-4o-mini: {}, gpt-4o: {} }',
  ];
  const providers = [...(practiceUrl === undefined ? [] : practice), ...(env['OPENAI_API_KEY'] ? openAi : [])];
  return providers.length === 0 ? '{}' : ['providers:', ...providers].join('\n');
}
