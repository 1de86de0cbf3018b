import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The page that is tested is the page as it stands. */
export function setup(): void {
  const script = fileURLToPath(new URL('../scripts/build-dashboard.ts', import.meta.url));
  const { status } = spawnSync(process.execPath, [script], { stdio: 'inherit' });
  if (status !== 0) throw new Error('The dashboard could not be built.');
}
