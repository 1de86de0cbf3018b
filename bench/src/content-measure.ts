import { sensitiveTypes } from '@sallyport/core';

const secretTypes = ['API_KEY', 'JWT', 'PRIVATE_KEY', 'PASSWORD', 'URL_CREDENTIALS'];
const nameTypes = ['PERSON', 'ADDRESS'];

/** What has a format or a checksum. */
export const structuredTypes: ReadonlySet<string> = new Set(
  Object.keys(sensitiveTypes).filter((type) => ![...secretTypes, ...nameTypes].includes(type)),
);
export const typesWithSecrets: ReadonlySet<string> = new Set([...structuredTypes, ...secretTypes]);

/** Of this thread: other programs share the cores. */
export function threadMicros(work: () => unknown): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}

/** The least of some runs, the first of which warms up. Each takes long beside the steps of the thread's clock. */
export function bestMicros(runs: number, work: () => unknown): number {
  let best = Infinity;
  for (let run = 0; run < runs; run++) best = Math.min(best, threadMicros(work));
  return best;
}
