import { RuntimeFault } from '@sallyport/core';
import type { WorkerError } from './worker-protocol.ts';

/** SQLite's result codes that say something else than "the database cannot answer": https://www.sqlite.org/rescode.html */
const taken = new Set([1555, 2067]);
const dangling = 787;
const advice: Readonly<Record<number, string>> = {
  5: 'Another program holds it. Close whatever else has it open.',
  8: 'It cannot be written to. Check the rights of the file and its folder.',
  10: 'The disk failed. Check it, and the free space.',
  11: 'The file is damaged. Restore a backup.',
  13: 'The disk is full. Make room.',
  14: 'It cannot be opened. Check the rights of the file and its folder.',
  26: 'This is not a database. Move the file away or restore a backup.',
};

/** What a failed query means for the caller: `conflict`, `not_found`, and everything else `store_unavailable`. */
export function storeFault({ message, code }: WorkerError, file: string): RuntimeFault {
  const cause = new Error(message);
  if (code !== undefined && taken.has(code)) {
    return new RuntimeFault('conflict', { detail: `There is one already (${message}).`, cause });
  }
  if (code === dangling) {
    return new RuntimeFault('not_found', { detail: `It refers to something that does not exist (${message}).`, cause });
  }
  const hint = code === undefined ? undefined : advice[code & 0xff];
  const detail = `${file}: ${message}.${hint === undefined ? '' : ` ${hint}`}`;
  return new RuntimeFault('store_unavailable', { detail, cause });
}
