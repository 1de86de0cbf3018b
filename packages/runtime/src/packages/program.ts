import { access, constants, realpath } from 'node:fs/promises';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import type { StartedProgram } from './registry.ts';

/** The files that a program is started from, as named and with links followed: its command, and arguments that are files. */
export async function filesOf(
  { command, args, cwd, env }: StartedProgram,
  searched: string,
): Promise<readonly string[]> {
  const paths = args.map((arg) => resolve(cwd ?? '.', arg));
  if (command.includes('/')) paths.push(resolve(cwd ?? '.', command));
  else
    paths.push(
      ...(env['PATH'] ?? searched).split(delimiter).map((folder) => join(resolve(cwd ?? '.', folder), command)),
    );
  const files: string[] = [];
  for (const path of paths) {
    const file = await realpath(path).catch(() => undefined);
    if (file === undefined) continue;
    // Both: a Python environment is known by the link to its interpreter, a package of npm by what a link leads to.
    files.push(file, ...(file === path ? [] : [path]));
    // The first of the search path is what runs.
    if (basename(path) === command && (await isExecutable(file))) break;
  }
  return files;
}

const isExecutable = async (file: string): Promise<boolean> =>
  await access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

/** A folder and all that it lies in. */
export function parentsOf(folder: string): readonly string[] {
  const found = [folder];
  for (let at = folder; at !== dirname(at); at = dirname(at)) found.push(dirname(at));
  return found;
}
