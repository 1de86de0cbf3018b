import { fileURLToPath } from 'node:url';

const place = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Where the dashboard is built to. */
export const dashboardDir = place('../../../dashboard/dist');
/** The example that the demo plays. */
export const exampleDir = place('../../../../examples/support-agent');
