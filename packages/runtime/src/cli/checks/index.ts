import type { AdminAnswer } from '@sallyport/core/admin';
import type { Check, CheckContext } from './check.ts';
import { agreements } from './agreements.ts';
import { config } from './config.ts';
import { credentials } from './credentials.ts';
import { dashboard } from './dashboard.ts';
import { data } from './data.ts';
import { node } from './node.ts';
import { policies } from './policies.ts';
import { port } from './port.ts';
import { providerKeys } from './provider-keys.ts';
import { providers } from './providers.ts';

export type { CheckContext, Finding } from './check.ts';

/** In the order in which they are shown. */
const checks: readonly Check[] = [
  node,
  config,
  data,
  port,
  policies,
  providerKeys,
  providers,
  credentials,
  agreements,
  dashboard,
];

/** Runs all checks at once. What `sallyport doctor` prints and `settings.doctor` answers. */
export async function runChecks(context: CheckContext): Promise<AdminAnswer<'settings.doctor'>> {
  const run = async ({ name, run: look }: Check) => {
    try {
      return { name, ...(await look(context)) };
    } catch (error) {
      const why = `The check itself failed: ${error instanceof Error ? error.message : String(error)}`;
      return { name, status: 'fail' as const, why };
    }
  };
  return { checks: await Promise.all(checks.map(run)) };
}
