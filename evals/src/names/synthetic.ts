import { Faker, allLocales, type LocaleDefinition } from '@faker-js/faker';
import { addressOf } from './addresses.ts';
import type { Row, Span } from './corpus.ts';
import { sentences } from './sentences.ts';

const locales = allLocales as Record<string, LocaleDefinition>;
const base = [locales['en'] ?? {}, locales['base'] ?? {}];

/** Locales whose people and streets are made up, with their weight. */
const peopled: Readonly<Record<string, number>> = {
  en: 10,
  en_GB: 2,
  en_IN: 2,
  en_NG: 1,
  de: 3,
  de_CH: 1,
  fr: 3,
  fr_BE: 1,
  es: 3,
  es_MX: 1,
  it: 3,
  nl: 2,
  pt_PT: 1,
  pt_BR: 2,
  pl: 2,
  sv: 2,
  da: 1,
  nb_NO: 1,
  fi: 1,
  cs_CZ: 1,
  sk: 1,
  hr: 1,
  sl_SI: 1,
  ro: 1,
  hu: 1,
  tr: 1,
  sr_RS_latin: 1,
};

export interface Maker {
  readonly locale: string;
  readonly faker: Faker;
}

export function makersOf(seed: number): { makers: readonly Maker[]; pick: Faker } {
  const makers = Object.entries(peopled).flatMap(([locale, weight], index) => {
    const faker = new Faker({ locale: [locales[locale] ?? {}, ...base], seed: seed + index });
    return Array.from({ length: weight }, () => ({ locale, faker }));
  });
  return { makers, pick: new Faker({ locale: base, seed }) };
}

const initial = (name: string) => `${name[0] ?? 'A'}.`;

/** A person's name as people and programs write it. */
function personOf({ faker }: Maker, pick: Faker): string {
  const first = faker.person.firstName();
  const last = faker.person.lastName();
  const form = pick.number.int(29);
  if (form < 17) return `${first} ${last}`;
  if (form < 19) return `${first} ${initial(faker.person.firstName())} ${last}`;
  if (form < 20) return `${initial(first)} ${last}`;
  if (form < 21) return `${initial(first)} ${initial(faker.person.firstName())} ${last}`;
  if (form < 22) return `${first} ${last}-${faker.person.lastName()}`;
  if (form < 23) return `${first} ${last} ${faker.person.lastName()}`;
  if (form < 24)
    return `${first} ${pick.helpers.arrayElement(['van der', 'de', 'von', 'van', 'da', 'di', 'al', 'del'])} ${last}`;
  if (form < 25) return `${last}, ${first}`;
  if (form < 26) return `${first} ${last}`.toUpperCase();
  if (form < 28) return first;
  return last;
}

/** Values of the things that sentences name. */
function valueOf(slot: string, maker: Maker, pick: Faker): { value: string; type?: string } {
  const { faker } = maker;
  switch (slot) {
    case 'p':
      return { value: personOf(maker, pick), type: 'PERSON' };
    case 'full':
      return { value: `${faker.person.firstName()} ${faker.person.lastName()}`, type: 'PERSON' };
    case 'f':
      return { value: faker.person.firstName(), type: 'PERSON' };
    case 'l':
      return { value: faker.person.lastName(), type: 'PERSON' };
    case 'a':
      return { value: addressOf(maker, pick), type: 'ADDRESS' };
    case 'c':
      return { value: faker.location.city(), type: 'LOCATION' };
    case 'land':
      return { value: pick.location.country(), type: 'LOCATION' };
    case 'o':
      return { value: pick.company.name(), type: 'ORG' };
    case 'x':
      return { value: pick.commerce.productName() };
    case 'y':
      return { value: `${word(pick)} ${word(pick)}` };
    case 'w':
      return { value: word(pick) };
    case 'job':
      return { value: pick.person.jobTitle() };
    case 'n':
      return { value: pick.string.numeric({ length: { min: 1, max: 9 }, allowLeadingZeros: false }) };
    case 'e':
      return { value: pick.internet.email() };
    case 'tel':
      return { value: pick.phone.number() };
    case 'd':
      return { value: pick.date.past({ refDate: '2026-01-01' }).toISOString().slice(0, 10) };
    case 'hack':
      return { value: pick.hacker.phrase() };
    case 'id':
      return { value: pick.string.uuid() };
    default:
      throw new Error(`no value is made for {${slot}}`);
  }
}

const word = (pick: Faker): string => {
  const plain = pick.helpers.arrayElement([
    () => pick.word.noun(),
    () => pick.word.adjective(),
    () => pick.hacker.noun(),
    () => pick.commerce.department(),
    () => pick.word.verb(),
    () => pick.commerce.productMaterial(),
  ])();
  return plain.charAt(0).toUpperCase() + plain.slice(1);
};

/** Made-up rows in the shapes of `sentences`, labelled completely. The same seed gives the same rows. */
export function syntheticRows(seed: number, count: number): Row[] {
  const { makers, pick } = makersOf(seed);
  return Array.from({ length: count }, (_, index) => {
    const sentence = pick.helpers.arrayElement(sentences);
    const maker = pick.helpers.arrayElement(makers);
    const spans: Span[] = [];
    let text = '';
    for (const [at, part] of sentence.split(/\{(\w+)\}/).entries()) {
      if (at % 2 === 0) text += part;
      else {
        const { value, type } = valueOf(part, maker, pick);
        if (type) spans.push({ start: text.length, end: text.length + value.length, type });
        text += value;
      }
    }
    return { id: `made-${index}`, text, spans, source: 'made', licence: 'Apache-2.0', scope: ['*'] };
  });
}
