import type { Check } from './check.ts';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, warn } from './check.ts';

export const dashboard: Check = {
  name: 'Dashboard',
  run: ({ dashboardDir }) =>
    access(join(dashboardDir, 'index.html')).then(
      () => ok('The dashboard is built.'),
      () => warn('The dashboard is not built; the API works without it.', 'npm run build'),
    ),
};
