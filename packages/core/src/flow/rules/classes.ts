import type { Finding } from '../provenance.ts';
import type { Judging } from './rule.ts';
import type { Label } from '../labels.ts';
import { fold } from '../text.ts';

/** Words by which a user asks for a class of data to be used. */
const classWords: Readonly<Record<string, RegExp>> = {
  secret:
    /password|passcode|credential|\blog ?in\b|\bsign ?in\b|\baccount|token|secret|\bkeys?\b|\bcode\b|\botp\b|information|register|authori[sz]/,
  pii: /address|phone|e-?mail|contact|birth|passport|\bid\b|\bssn\b|name|personal|profile|information|details|account|invoice|customer/,
  phi: /patient|health|medical|diagnos|prescri|treatment|record/,
  private: /.*/,
};

/** Values of secrets that were read, as they stand in a text. */
export function secretsIn(text: string, secrets: ReadonlyMap<string, number>): string[] {
  if (secrets.size === 0) return [];
  const folded = fold(text);
  const found = folded.split(/[\s"'<>,;()[\]{}=&]+/).map((word) => word.replace(/^[:.]+|[:.!?]+$/g, ''));
  return [...new Set(found.filter((word) => secrets.has(word)))];
}

/** Private data goes only where the task calls for its class, even to a target that the user named. */
export function classes(
  labels: readonly Label[],
  scope: readonly Label[] | undefined,
  requests: readonly string[],
  { tool }: Judging,
): Finding | undefined {
  const said = fold(requests.join('\n'));
  const outside = labels.filter((label) => {
    if (scope) return !scope.includes(label);
    const words = classWords[label];
    return words ? !words.test(said) : false;
  });
  if (outside.length === 0) return undefined;
  return {
    rule: 'classes',
    code: 'data_out_of_scope',
    detail: `${tool} would carry data labelled ${outside.join(', ')}, which the request does not call for`,
  };
}
