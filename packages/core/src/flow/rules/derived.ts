import type { Field } from '../sources.ts';
import type { Judging, Sought, VouchRule } from './rule.ts';
import { fold } from '../text.ts';
import { atLeast, type Integrity } from '../labels.ts';
import { isOwnLookup, worth } from './rule.ts';
import type { ValueKind } from '../typed.ts';

/** Values made of believed ones: sums, shares, relative dates, end times, joined paths. */
export const derived: VouchRule = {
  rule: 'derived',
  vouches(sought, judging) {
    const { kind, value } = sought.part;
    const isDerived =
      (kind === 'number' && isReckoned(Number(value), judging)) ||
      (kind === 'date' && isRelativeDate(value, judging)) ||
      (kind === 'time' && isOwnChoice(sought, judging)) ||
      (kind === 'path' && isJoined(value, judging));
    return isDerived ? 'trusted' : undefined;
  },
};

/** Values of a kind that may enter a derivation. */
function believedValues(kind: ValueKind, { sources, memory }: Judging, floor: Integrity): Set<string> {
  const values = new Set<string>();
  for (const field of sources.fields) {
    for (const typed of sources.valuesIn(field, kind)) {
      if (typed.kind !== kind || values.has(typed.value)) continue;
      const own = isOwnLookup(field) && !memory.written.has(`${kind}:${typed.value}`);
      if (own || atLeast(worth(field, { kind, value: typed.value }, memory), floor)) values.add(typed.value);
    }
  }
  return values;
}

const maxTerms = 160;

/** Words by which a user asks for reckoning; without one a sum of his numbers is somebody else's idea. */
const reckoning =
  /differen|total|\bsum\b|\bmore\b|\bless\b|increas|decreas|percent|%|addition|extra|\brest\b|remain|half|twice|double|split|share|\beach\b|adjust|\bback\b|exact|enough|insufficient|needed|plus|minus|accordingly|change|update|vat\b|tax\b|discount/;

/** a ± b, a × b, a × p %, a ± a × p %, and a share with a fee, to the cent; at least one of them the user's or trusted. */
function isReckoned(sought: number, judging: Judging): boolean {
  if (!judging.asked.open && !judging.sources.requests.some((text) => reckoning.test(text))) return false;
  const sure = [...believedValues('number', judging, 'trusted')].map(Number).slice(0, maxTerms);
  const all = [...believedValues('number', judging, judging.on('delegation') ? 'named' : 'trusted')]
    .map(Number)
    .slice(0, maxTerms);
  const is = (value: number): boolean => Math.abs(value - sought) < 0.006;
  for (const a of sure) {
    for (const b of all) {
      if (is(a - b) || is(b - a) || is(a + b) || is(a * b) || (b !== 0 && is(a / b))) return true;
      const share = (a * b) / 100;
      if (is(share) || is(a + share) || is(a - share) || is(b - share)) return true;
    }
  }
  return sure.length <= 40 && sure.some((a) => sure.some((b) => sure.some((c) => is((a * b) / 100 + c))));
}

const relative: readonly (readonly [RegExp, number, number])[] = [
  [/\b(?:today|tonight|this (?:morning|afternoon|evening))\b/, 0, 0],
  [/\btomorrow\b/, 1, 1],
  [/\bday after tomorrow\b/, 2, 2],
  [/\byesterday\b/, -1, -1],
  [/\bnext week\b/, 1, 14],
  [/\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b/, 0, 7],
  [/\bin (?:a|one|two|three|four|five|six|\d) (?:days?|weeks?)\b/, 1, 42],
];
const day = 86_400_000;

/** A date that a word of the user's ("tomorrow") reaches from a believed one. */
function isRelativeDate(sought: string, judging: Judging): boolean {
  const at = Date.parse(sought);
  if (Number.isNaN(at)) return false;
  const { requests } = judging.sources;
  const reach = relative.filter(([pattern]) => requests.some((text) => pattern.test(text)));
  if (reach.length === 0) return false;
  for (const value of believedValues('date', judging, judging.on('delegation') ? 'named' : 'trusted')) {
    const from = Date.parse(value);
    if (reach.some(([, least, most]) => at >= from + least * day && at <= from + most * day)) return true;
  }
  return false;
}

/** A time that nobody wrote, for a meeting with someone whom the user named: the model's own choice, and not a stranger's. */
function isOwnChoice({ fields }: Sought, judging: Judging): boolean {
  if (fields.length > 0 || !judging.isAsked || judging.isGrave) return false;
  return judging.leaves.some(({ value, role }) => {
    if (role !== 'target' || typeof value !== 'string' || !value.includes('@')) return false;
    const names =
      fold(value)
        .slice(0, value.indexOf('@'))
        .match(/\p{L}{3,}/gu) ?? [];
    return judging.memory.names.size > 0 && names.some((name) => judging.memory.names.has(name));
  });
}

/** Every folder and the name of the file are believed, each as a whole. */
function isJoined(path: string, { sources, memory }: Judging): boolean {
  if (memory.files.has(path)) return true;
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '~' && segment !== '.');
  if (segments.length === 0 || segments.includes('..') || isSensitivePath(path)) return false;
  const believed = (field: Field, value: string): boolean =>
    isOwnLookup(field) || atLeast(worth(field, { kind: 'text', value }, memory), 'trusted');
  return segments.every((segment) => sources.holding(segment).some((field) => believed(field, segment)));
}

/** Places whose content opens other doors, or runs by itself. */
export const isSensitivePath = (path: string): boolean =>
  /(?:^|\/)(?:\.[^./][^/]*|etc|system|windows|boot|proc|sys|dev|root|bin|sbin|usr|authorized_keys|id_[a-z0-9]+|[^/]*\.(?:pem|key|env|p12|pfx|kdbx))(?:\/|$)/i.test(
    path,
  );
