import type { Context } from '../context.ts';
import { RuntimeFault } from '@sallyport/core';
import { resolve } from 'node:path';
import { CommandFailure, exitCodes } from '../exit.ts';
import { loadConfig } from '../config.ts';
import { openPolicies } from '../policies.ts';
import { readPolicyFolder } from '../../policies/index.ts';

/** The policies of a folder, by default those that a runtime here would use. */
export async function openFolder(context: Context, named: string | undefined) {
  const path = named === undefined ? (await loadConfig(context, undefined)).policyDir : resolve(context.cwd, named);
  const folder = await readPolicyFolder(path).catch((cause: unknown) => {
    if (cause instanceof RuntimeFault) throw cause;
    throw new CommandFailure(exitCodes.usage, `${path} cannot be read.`, 'Name the folder of the policies.', cause);
  });
  return { path, folder, policies: openPolicies(folder) };
}
