import { constants } from 'node:fs';
import { open, readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { invalidPolicy } from '@sallyport/core';
import type { PolicyProblem, PolicySource } from '@sallyport/core';

export const permissionsFile = 'permissions.yaml';
const maxBytes = 1024 * 1024;

/** The files of a policy folder, sorted by name. Folders within it and hidden files are not looked at. */
export interface PolicyFiles {
  readonly permissions: PolicySource | undefined;
  readonly cedar: readonly PolicySource[];
  /** Unit tests, `*.test.yaml`. */
  readonly tests: readonly PolicySource[];
}

/**
 * Reads a policy folder.
 *
 * @throws RuntimeFault `invalid_policy` on a file that cannot be a policy file; an `Error` when there is no such folder
 */
export async function readPolicyFolder(folder: string): Promise<PolicyFiles> {
  const root = await realpath(folder);
  const entries = await readdir(root, { withFileTypes: true });
  const names = entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  const relevant = names.filter((name) => /\.(cedar|ya?ml)$/i.test(name)).toSorted();
  const problems: PolicyProblem[] = [];
  const sources: PolicySource[] = [];
  for (const name of relevant) {
    const read = kindOf(name) === undefined ? notRead(name) : await readSource(root, name);
    if (typeof read === 'string') problems.push({ file: name, line: 1, column: 1, message: read });
    else sources.push(read);
  }
  if (problems.length > 0) throw invalidPolicy(problems);
  const of = (kind: Kind) => sources.filter(({ name }) => kindOf(name) === kind);
  return { permissions: of('permissions')[0], cedar: of('cedar'), tests: of('tests') };
}

type Kind = 'permissions' | 'cedar' | 'tests';

function kindOf(name: string): Kind | undefined {
  if (name === permissionsFile) return 'permissions';
  if (name.endsWith('.cedar')) return 'cedar';
  return name.endsWith('.test.yaml') ? 'tests' : undefined;
}

/** A file that looks like rules but is silently left out would be a rule that its author believes in. */
const notRead = (name: string): string =>
  `is not read: the matrix is ${permissionsFile}, policies are *.cedar and tests *.test.yaml (${name} is none of these)`;

/** Links are followed within the folder (as Kubernetes mounts files), never out of it. */
async function readSource(root: string, name: string): Promise<PolicySource | string> {
  let real: string;
  try {
    real = await realpath(join(root, name));
  } catch {
    return 'is a link to nothing';
  }
  if (!real.startsWith(root + sep)) return 'is a link out of the folder';
  // The path has been resolved: a link that appears now was put there in between.
  const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) return 'is no regular file';
    if (stat.size > maxBytes) return `is larger than ${maxBytes} bytes`;
    const bytes = await file.readFile();
    if (bytes.length > maxBytes) return `is larger than ${maxBytes} bytes`;
    return { name, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    if (error instanceof TypeError) return 'is not UTF-8';
    throw error;
  } finally {
    await file.close();
  }
}
