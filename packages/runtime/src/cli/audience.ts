import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Context } from './context.ts';
import { paint, safe } from './output.ts';

/** The story is best watched on the page: it begins when somebody is ready, or after a while by itself. */
export async function audience({ output, interrupted }: Context): Promise<void> {
  output.note(
    safe`${paint('dim', 'Open the dashboard to watch it live, then press Enter. It begins by itself in 30 s.')}`,
  );
  const lines = createInterface({ input: process.stdin });
  try {
    await once(lines, 'line', { signal: AbortSignal.any([interrupted, AbortSignal.timeout(30_000)]) });
  } catch {
    // Nobody answered, or Ctrl-C, which the next step of the story notices.
  } finally {
    lines.close();
  }
}
