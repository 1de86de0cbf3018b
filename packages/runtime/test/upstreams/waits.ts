import { appendFileSync } from 'node:fs';

/** Says nothing, until it is told to stop. Both are noted in the file that its label names: a program is a process of its own. */
export async function stop(label: string, signal: AbortSignal): Promise<{ content: [] }> {
  appendFileSync(label, 'begun\n');
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve);
  });
  appendFileSync(label, 'stopped\n');
  return { content: [] };
}
