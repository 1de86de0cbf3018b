import type { Config } from '../config/config.ts';
import { agreementKinds } from './kinds.ts';
import { lackOf, needsOf, statusOf } from './agreements.ts';

/**
 * What was signed with each provider, how long it holds, and which data it may have because of it.
 *
 * @param now milliseconds since the epoch
 */
export function agreementsOf({ providers, guards }: Pick<Config, 'providers' | 'guards'>, now: number) {
  const { require, mode } = guards.agreements;
  const named = Object.keys(require).filter((pattern) => !pattern.includes('*'));
  const allowed = Object.values(providers).flatMap(({ agreements }) => agreements?.allows ?? []);
  const labels = [...new Set(['pii', 'phi', 'secret', ...named, ...allowed])];
  return {
    enforced: mode === 'enforce',
    providers: Object.entries(providers).map(([name, { baseUrl, scripted, agreements }]) => ({
      name,
      baseUrl,
      scripted,
      region: agreements?.region ?? null,
      agreements: agreementKinds.map((kind) => ({ kind, ...statusOf(agreements?.[kind], now) })),
      labels: labels.map((label) => {
        const lack = lackOf(label, needsOf(label, require), name, agreements, now);
        return { label, allowed: lack === undefined, ...(lack ? { why: lack.why } : {}) };
      }),
    })),
  };
}
