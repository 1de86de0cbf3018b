import type { AgreementsConfig, ProviderAgreements } from '../config/content/agreements.ts';
import type { AgreementKind, AgreementState } from './kinds.ts';
import { matchesGlob, parseGlob } from '../policy/glob.ts';

/** Health data needs a business associate agreement; secrets are nobody's. */
const defaults: AgreementsConfig['require'] = { phi: ['baa'], secret: ['never'] };

/** What a provider needs for data of a label: the union of all patterns that the label matches. */
export function needsOf(label: string, require: AgreementsConfig['require']): readonly string[] {
  const needs = Object.entries({ ...defaults, ...require }).flatMap(([pattern, each]) => {
    const glob = parseGlob(pattern);
    return !('problem' in glob) && matchesGlob(glob, label) ? each : [];
  });
  return [...new Set(needs)];
}

export interface AgreementStatus {
  readonly state: AgreementState;
  /** The last day, `YYYY-MM-DD`; absent where it never ends. */
  readonly until?: string;
  readonly from?: string;
  /** Whole days for which it still holds, the present one not counted. */
  readonly daysLeft?: number;
}

const dayMs = 86_400_000;

/** @param now milliseconds since the epoch */
export function statusOf(agreement: ProviderAgreements[AgreementKind], now: number): AgreementStatus {
  if (agreement === undefined || agreement === false) return { state: 'none' };
  if (agreement === true) return { state: 'valid' };
  const { from, until } = agreement;
  const dates = { until, ...(from === undefined ? {} : { from }) };
  if (from !== undefined && now < Date.parse(from)) return { state: 'not_yet', ...dates };
  const ends = Date.parse(until) + dayMs;
  if (now >= ends) return { state: 'expired', ...dates };
  return { state: 'valid', ...dates, daysLeft: Math.floor((ends - 1 - now) / dayMs) };
}

/** Why a provider may not have data of a label, and what would help; undefined where it may. */
export interface Lack {
  readonly why: string;
  readonly fix: string;
}

export function lackOf(
  label: string,
  needs: readonly string[],
  provider: string,
  agreements: ProviderAgreements | undefined,
  now: number,
): Lack | undefined {
  if (agreements?.allows.includes(label)) return undefined;
  const at = `providers.${provider}.agreements`;
  for (const need of needs) {
    if (need === 'never') {
      const fix = `Take it out with guards.redact; if ${provider} may have it, list it under ${at}.allows.`;
      return { why: `no provider may have it unless its entry says so, and ${provider}'s does not`, fix };
    }
    if (need.startsWith('region:')) {
      const region = need.slice('region:'.length);
      if (agreements?.region === region) continue;
      const where = agreements?.region ?? 'no region that is known';
      return { why: `it must stay in ${region}, and ${provider} is in ${where}`, fix: `Use a provider in ${region}.` };
    }
    const { state, until, from } = statusOf(agreements?.[need as AgreementKind], now);
    if (state === 'valid') continue;
    const why = {
      none: `${provider} has no ${need}`,
      expired: `the ${need} of ${provider} ended on ${until}`,
      not_yet: `the ${need} of ${provider} begins on ${from}`,
    }[state];
    return { why, fix: `Enter a valid one under ${at}.${need}, use a provider that has one, or take the data out.` };
  }
  return undefined;
}
