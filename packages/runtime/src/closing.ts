/**
 * Closes what was opened, the last first. What fails keeps nothing else open: the store comes last, with what it still has
 * to write.
 *
 * @throws the first fault, when all is closed
 */
export async function closeAll(opened: readonly (() => unknown)[]): Promise<void> {
  const faults: unknown[] = [];
  for (const close of opened.toReversed()) {
    try {
      await close();
    } catch (error) {
      faults.push(error);
    }
  }
  if (faults.length > 0) throw faults[0];
}
