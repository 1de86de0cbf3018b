import type { Check } from './check.ts';
import { needsConfig, ok, validConfig, warn } from './check.ts';

const patienceMs = 5000;

export const providers: Check = {
  name: 'Providers reachable',
  async run(context) {
    const config = validConfig(context);
    if (!config) return needsConfig;
    const found = await Promise.all(
      Object.entries(config.providers).map(async ([name, { baseUrl }]) => {
        const problem = await reach(baseUrl);
        return problem === undefined ? [] : [`${name} (${problem})`];
      }),
    );
    const silent = found.flat();
    if (found.length === 0) return ok('There is none to reach.');
    if (silent.length === 0) return ok(`All ${found.length} answer.`);
    return warn(`Not reached: ${silent.join(', ')}.`, 'Check providers.<name>.baseUrl and the network.');
  },
};

/** Any answer counts, a refusal too: no key is sent, so that checking a mistyped address gives none away. */
async function reach(baseUrl: string): Promise<string | undefined> {
  try {
    const url = `${baseUrl.replace(/\/$/, '')}/models`;
    const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(patienceMs) });
    await answer.body?.cancel();
    return answer.status >= 500 ? `status ${answer.status}` : undefined;
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    if (error.name === 'TimeoutError') return `no answer in ${patienceMs / 1000} s`;
    return error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : error.message;
  }
}
