import type { Check } from './check.ts';
import { agreementsOf, endsSoonDays } from '@sallyport/core';
import { needsConfig, ok, validConfig, warn } from './check.ts';

/** One that has ended is found by the first denied request; this says so before. */
export const agreements: Check = {
  name: 'Provider agreements',
  run(context) {
    const config = validConfig(context);
    if (!config) return needsConfig;
    const all = agreementsOf(config, context.now ?? Date.now()).providers.flatMap(({ name, agreements: each }) =>
      each.map((one) => ({ ...one, at: `providers.${name}.agreements.${one.kind}` })),
    );
    const ended = all.filter(({ state }) => state === 'expired').map(({ at, until }) => `${at} ended on ${until}`);
    const ending = all
      .filter(({ daysLeft = Infinity }) => daysLeft < endsSoonDays)
      .map(({ at, until }) => `${at} ends on ${until}`);
    const found = [...ended, ...ending];
    if (found.length > 0) {
      return warn(
        `${found.join('; ')}.`,
        'Renew them and enter the new days: data that needs them is denied from then on.',
      );
    }
    const signed = all.filter(({ state }) => state !== 'none').length;
    return ok(signed === 0 ? 'None is entered.' : `None ends within ${endsSoonDays} days.`);
  },
};
