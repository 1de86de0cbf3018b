import type { Guard } from '../guard.ts';
import type { Reason } from '../decision.ts';
import { allow } from '../decision.ts';
import { defineGuard } from '../guard.ts';
import { ExfiltrationFilter, withoutExfiltration, type Removed } from '../injection/exfiltration.ts';
import type { FetchOptions } from '../injection/fetched.ts';

/** Takes images, elements and invisible text that would carry data out off what a model answers. */
export const exfiltrationGuard = (options: FetchOptions): Guard =>
  defineGuard({
    name: 'exfiltration',
    summary: 'Takes images and elements that would be fetched from foreign hosts out of answers',
    stage: 'rewrite',
    on: ['model_response'],
    check(event) {
      const { text, removed } = withoutExfiltration(event.text, options);
      if (text === event.text) return allow;
      return { outcome: 'transform', event: { ...event, text }, reasons: [reasonOf(removed)] };
    },
    stream: () => new ExfiltrationFilter(options),
  });

function reasonOf(removed: readonly Removed[]): Reason {
  const hosts = [...new Set(removed.flatMap(({ host }) => host ?? []))].slice(0, 5);
  const kinds = [...new Set(removed.map(({ rule }) => rule))].join(', ');
  const detail = [
    removed.length === 0 ? 'an image by reference was parted from its sign' : `${removed.length} × ${kinds}`,
    hosts.length > 0 && `asked of ${hosts.join(', ')}`,
  ];
  return {
    code: 'exfiltration_link',
    rule: 'guards.exfiltration',
    path: 'text',
    detail: detail.filter(Boolean).join('; '),
    ...(hosts[0] === undefined ? {} : { fix: `List ${hosts[0]} in guards.exfiltration.allowedHosts if it is yours.` }),
  };
}
