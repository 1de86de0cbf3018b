import type { Finder, SensitiveMatch } from '../types.ts';
import { personField } from './fields.ts';

const titled =
  /(?<![\p{L}\p{N}])(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Frau|Mme|Mlle|Sr|Sra|Sig|Dhr|Mevr)\.? ((?:\p{Lu}[\p{L}'’-]{0,30}|\p{Lu}\.)(?: (?:\p{Lu}[\p{L}'’-]{0,30}|\p{Lu}\.)){0,3})/gu;
const street =
  /(?<![\p{L}\p{N}])\d{1,6}[A-Za-z]? (?:[\p{Lu}\d][\p{L}\d.'’-]{0,30} ){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Place|Pl)\b\.?(?:, [\p{Lu}][\p{L}.'’-]{0,30}(?: [\p{Lu}][\p{L}.'’-]{0,30}){0,3}){0,2}(?:,? [A-Z]{2} \d{5}(?:-\d{4})?)?/gu;
const wholeName = /^\p{Lu}[\p{L}.'’-]{0,30}(?: [\p{L}.'’-]{1,31}){0,4}$/u;

/** Names of people and postal addresses. */
export const findNames: Finder = (text, field) => {
  const matches: SensitiveMatch[] = [];
  if (personField(field) && wholeName.test(text)) {
    return [{ type: 'PERSON', start: 0, end: text.length, rule: 'name-field', certainty: 'context' }];
  }
  for (const match of text.matchAll(titled)) {
    const end = match.index + match[0].length;
    matches.push({
      type: 'PERSON',
      start: end - (match[1]?.length ?? 0),
      end,
      rule: 'titled-name',
      certainty: 'context',
    });
  }
  for (const match of text.matchAll(street)) {
    matches.push({
      type: 'ADDRESS',
      start: match.index,
      end: match.index + match[0].length,
      rule: 'street-address',
      certainty: 'name',
    });
  }
  return matches;
};
