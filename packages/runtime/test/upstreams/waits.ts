/** Labels of the calls of `wait` that began, and that were told to stop. */
export const begun: string[] = [];
export const stopped: string[] = [];

/** Says nothing, until it is told to stop. */
export async function stop(label: string, signal: AbortSignal): Promise<{ content: [] }> {
  begun.push(label);
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve);
  });
  stopped.push(label);
  return { content: [] };
}
