import type { Effect } from '../flow/manifest.ts';
import type { builtInLabels } from '../flow/labels.ts';
import { readRecords } from '../flow/records.ts';
import { isOneOf, wordsOf } from './words.ts';

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));

type BuiltInLabel = (typeof builtInLabels)[number];

/** Fields by the last word or two of their names, and the label of what they hold. */
const labelByField: ReadonlyMap<string, BuiltInLabel> = new Map([
  ...(
    'password passwd passphrase passcode secret token apikey api_key access_key private_key secret_key client_secret ' +
    'credential cvv cvc pin otp session_key recovery_code'
  )
    .split(' ')
    .map((name) => [name, 'secret'] as const),
  ...(
    'email mail phone telephone mobile fax address street zip postcode postal_code first_name last_name full_name surname ' +
    'birthday birthdate birth_date dob date_of_birth ssn social_security national_id id_number passport passport_number ' +
    'tax_id iban account_number bank_account card card_number credit_card driver_license license_number salary gender'
  )
    .split(' ')
    .map((name) => [name, 'pii'] as const),
  ...'diagnosis diagnoses medication prescription allergy allergies blood_type icd patient_id mrn symptom symptoms'
    .split(' ')
    .map((name) => [name, 'phi'] as const),
]);

/** The label of a field of this name, if its name says one. */
export function labelOfField(name: string): BuiltInLabel | undefined {
  const words = wordsOf(name);
  const [last = '', beforeLast = ''] = words.toReversed();
  const singular = last.replace(/(?<=[^s])s$/, '');
  const candidates = [words.join('_'), `${beforeLast}_${last}`, `${beforeLast}_${singular}`, last, singular];
  return candidates.map((each) => labelByField.get(each)).find((label) => label !== undefined);
}

/** What is kept of a result: how it was laid out, and which of its fields bear a name that this table knows. No values. */
export interface ResultShape {
  readonly layout: 'records' | 'text';
  /** `email`, `*.email`; of one deeper inside only the last name. */
  readonly fields: readonly string[];
}

const maxLength = 65_536;

/** Looks at one result. A name that is not in the table is not kept: where records are named by people, it is content. */
export function resultShape(text: string): ResultShape {
  const found = text.length > maxLength ? undefined : readRecords(text);
  if (!found || found.length === 0) return { layout: 'text', fields: [] };
  const fields = new Set<string>();
  for (const { path, key } of found) {
    if (labelOfField(key) === undefined || !/^[A-Za-z][\w-]{0,39}$/.test(key)) continue;
    const place = path.replaceAll(/\[\d+\]/g, '.*').replace(/^\./, '');
    fields.add(place === key || place === `*.${key}` ? place : key);
  }
  return { layout: 'records', fields: [...fields].slice(0, 50) };
}

/** What was seen of a tool's results, summed up. */
export interface ResultsSeen {
  readonly records: number;
  readonly text: number;
  /** Results in which a text that was given as argument came back. */
  readonly echoes: number;
  /** As in `ResultShape`. */
  readonly fields: readonly string[];
}

/** Tools which hand on a text as it is: even where it is laid out, the layout is its author's. */
const rawVerbs = set(
  'read fetch browse open download visit navigate scrape crawl cat curl render extract click run execute exec',
);
const rawThings = set(
  'file webpage page url website html document content text attachment blob raw readme article pdf',
);
const lookupVerbs = set('get list search find retrieve lookup query show view count describe look select check');

export interface FormatProposal {
  readonly format: 'records' | 'text';
  readonly why: string;
}

/** `records` only where every result that was seen was laid out, by a tool that lays results out itself. */
export function proposeFormat(name: string, effect: Effect, seen: ResultsSeen | undefined): FormatProposal {
  const words = wordsOf(name);
  const text = (why: string): FormatProposal => ({ format: 'text', why });
  if (effect !== 'read') return text('Its results are taken as one text: it is no look-up.');
  const raw = words.find((word) => isOneOf(word, rawVerbs)) ?? singleThing(words);
  if (raw !== undefined) {
    return text(`Its results are taken as one text: "${raw}" hands on what others wrote, layout and all.`);
  }
  if (!words.some((word) => lookupVerbs.has(word)))
    return text('Its results are taken as one text: its name tells of no look-up.');
  if (!seen || seen.records === 0) return text('Its results are taken as one text: none with fields was seen yet.');
  if (seen.text > 0) return text('Its results are taken as one text: some that were seen have no fields.');
  return {
    format: 'records',
    why: `Its results are records: all ${seen.records} that were seen are laid out in fields.`,
  };
}

/** `get_webpage` and `get_file_by_id` hand on the thing itself; `list_files` and `search_files` tell of many. */
function singleThing(words: readonly string[]): string | undefined {
  if (words.some((word) => word === 'list' || word === 'search')) return undefined;
  return words.find((word) => rawThings.has(word));
}

const privateWords = set(
  'email mail inbox message chat conversation calendar appointment event meeting contact balance account transaction ' +
    'payment invoice order history file document note drive folder directory cart wallet statement profile customer ' +
    'client user employee patient personal private draft reservation booking ticket address iban discount subscription ' +
    'salary health medical secret password credential repository repo',
);
const piiWords =
  /\b(?:ssn|social security|passport|phone numbers?|date of birth|e-?mail addresses|contact data|postal address(?:es)?|iban|bank account|id numbers?|personal data|pii)\b/i;
const secretWords = /\b(?:passwords?|passphrases?|api keys?|access tokens?|private keys?|credentials?|secrets?)\b/i;
const phiWords = /\b(?:patients?|diagnos[ei]s|medical records?|prescriptions?|medications?|phi)\b/i;

export interface LabelProposal {
  readonly labels: readonly BuiltInLabel[];
  readonly fieldLabels: Readonly<Record<string, readonly BuiltInLabel[]>>;
  readonly why: readonly string[];
}

/** What the results seem to hold, by name, description and fields that were seen. */
export function proposeLabels(
  name: string,
  description: string,
  effect: Effect,
  format: 'records' | 'text',
  seen: ResultsSeen | undefined,
): LabelProposal {
  const labels = new Map<BuiltInLabel, string>();
  const add = (label: BuiltInLabel, because: string) => labels.set(label, labels.get(label) ?? because);
  if (effect === 'read') {
    const word = [...wordsOf(name), ...wordsOf(description)].find((each) => isOneOf(each, privateWords));
    if (word !== undefined) add('private', word);
    for (const [label, pattern] of [
      ['secret', secretWords],
      ['pii', piiWords],
      ['phi', phiWords],
    ] as const) {
      const told = pattern.exec(`${wordsOf(name).join(' ')}. ${description}`)?.[0];
      if (told !== undefined) add(label, told.toLowerCase());
    }
  }
  const fieldLabels: Record<string, BuiltInLabel[]> = {};
  const why: string[] = [];
  for (const field of seen?.fields ?? []) {
    const key = field.split('.').at(-1) ?? '';
    const label = labelOfField(key);
    if (label === undefined || !/^(?:\*\.)?[A-Za-z][\w-]*$/.test(field)) continue;
    if (format === 'records') fieldLabels[field] = [label];
    // In a text no field can be told from another, and a bare name stands at a place that was not kept.
    if (format === 'text' || !field.startsWith('*.')) add(label, `the field ${key}`);
    else why.push(`Its field ${field} is labelled ${label}, by its name.`);
  }
  const all = [...labels].map(([label, because]) => `Its results are labelled ${label}: "${because}".`);
  return { labels: [...labels.keys()], fieldLabels, why: [...all, ...why] };
}

/** Whether arguments come back: seen, or told by a tool that changes something and returns it. */
export function proposeEchoes(effect: Effect, description: string, seen: ResultsSeen | undefined): string | undefined {
  if (seen && seen.echoes > 0) return 'Its results echo arguments, as was seen.';
  return effect !== 'read' && /\breturns?\b/i.test(description)
    ? 'Its results may echo arguments: it changes something and returns a description of it.'
    : undefined;
}
