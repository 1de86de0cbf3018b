import type { Check } from './check.ts';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail, ok } from './check.ts';

const othersMayEnter = 0o077;

export const data: Check = {
  name: 'Data folder',
  async run({ dataDir }) {
    const found = await stat(dataDir).catch(() => undefined);
    if (!found) {
      return (await isWritable(await nearestFolder(dataDir)))
        ? ok(`${dataDir} will be made on the first start.`)
        : fail(`${dataDir} cannot be made.`, 'Name another folder with --data, or `data:` in the configuration.');
    }
    if (!found.isDirectory()) return fail(`${dataDir} is not a folder.`, 'Name another one with --data.');
    if (!(await isWritable(dataDir)))
      return fail(`${dataDir} is not writable.`, 'Give it to the user who runs Sallyport.');
    // Windows has no such modes: there the folder's access list counts.
    if (process.platform !== 'win32' && (found.mode & othersMayEnter) !== 0) {
      return fail(`Other users of this machine can reach into ${dataDir}.`, `chmod 700 ${dataDir}`);
    }
    return ok(`${dataDir} is writable, and private.`);
  },
};

const isWritable = (folder: string): Promise<boolean> =>
  access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );

async function nearestFolder(path: string): Promise<string> {
  const above = dirname(path);
  if (above === path) return above;
  return (await stat(above).catch(() => undefined)) ? above : nearestFolder(above);
}
