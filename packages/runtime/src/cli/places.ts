import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const place = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Where the dashboard is built to. */
export const dashboardDir = place('../../../dashboard/dist');
/** The example that the demo plays. */
export const exampleDir = place('../../../../examples/support-agent');

/** A folder that only its owner may enter. */
export async function makeTemporaryFolder(prefix: string): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
