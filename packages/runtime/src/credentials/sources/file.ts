import { constants, open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { maxSecretLength } from '@sallyport/core';
import { SourceProblem, kindOf } from '../unavailable.ts';
import type { Source, SourceContext } from './source.ts';

/** A file, such as a mounted secret: read again as soon as it is another one. */
export function fileSource(path: string, { folder }: Pick<SourceContext, 'folder'>): Source {
  const file = resolve(folder, path);
  let seen = '';
  return {
    async read() {
      try {
        // Opening a pipe would wait for who writes to it, and hold one of the few threads that read files.
        const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
        try {
          const found = await handle.stat();
          if (!found.isFile()) throw new SourceProblem(`cannot be read: ${path} is no file.`);
          // The bound holds for what is read, whatever the file says of its size.
          const { buffer, bytesRead } = await handle.read(Buffer.alloc(maxSecretLength + 1));
          if (bytesRead > maxSecretLength) {
            throw new SourceProblem(`cannot be read: ${path} holds more than ${maxSecretLength} bytes.`);
          }
          seen = markOf(found);
          return buffer.toString('utf8', 0, bytesRead);
        } finally {
          await handle.close();
        }
      } catch (error) {
        if (error instanceof SourceProblem) throw error;
        throw new SourceProblem(`cannot be read: ${path} (${kindOf(error)}). Check the file and its rights.`);
      }
    },
    // A file that is gone counts as changed: reading it then says so.
    changed: async () =>
      await stat(file).then(
        (found) => markOf(found) !== seen,
        () => true,
      ),
  };
}

const markOf = ({ dev, ino, size, mtimeMs, ctimeMs }: Awaited<ReturnType<typeof stat>>): string =>
  [dev, ino, size, mtimeMs, ctimeMs].join();
