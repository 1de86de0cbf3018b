import { Faker, allLocales, type LocaleDefinition } from '@faker-js/faker';
import { addressOf } from './addresses.ts';
import type { Row, Span } from './corpus.ts';
import { foreign, germanNoun } from './foreign.ts';
import { sentences } from './sentences.ts';
import { terms, termSentences } from './terms.ts';

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

type Value = (maker: Maker, pick: Faker) => string;

const term =
  (trade: keyof typeof terms): Value =>
  (_, pick) => {
    const first = pick.helpers.arrayElement(terms[trade]);
    return pick.number.int(2) > 0 ? first : `${first} ${pick.helpers.arrayElement(terms[trade])}`;
  };

/** What stands for `{p}` and the like, with the type of the span where it is one. */
const labelled: Readonly<Record<string, readonly [string, Value]>> = {
  p: ['PERSON', personOf],
  full: ['PERSON', ({ faker }) => `${faker.person.firstName()} ${faker.person.lastName()}`],
  f: ['PERSON', ({ faker }) => faker.person.firstName()],
  l: ['PERSON', ({ faker }) => faker.person.lastName()],
  a: ['ADDRESS', addressOf],
  c: ['LOCATION', ({ faker }) => faker.location.city()],
  land: ['LOCATION', (_, pick) => pick.location.country()],
  o: ['ORG', (_, pick) => pick.company.name()],
};
const unnamed: Readonly<Record<string, Value>> = {
  x: (_, pick) => pick.commerce.productName(),
  y: (_, pick) => `${word(pick)} ${word(pick)}`,
  w: (_, pick) => word(pick),
  job: (_, pick) => pick.person.jobTitle(),
  n: (_, pick) => pick.string.numeric({ length: { min: 1, max: 9 }, allowLeadingZeros: false }),
  e: (_, pick) => pick.internet.email(),
  tel: (_, pick) => pick.phone.number(),
  d: (_, pick) => pick.date.past({ refDate: '2026-01-01' }).toISOString().slice(0, 10),
  N: (_, pick) => germanNoun((below) => pick.number.int(below - 1), locales['de']?.word?.noun ?? []),
  verb: (_, pick) => capital(pick.word.verb()),
  low: (_, pick) => pick.helpers.arrayElement([pick.word.noun(), pick.hacker.noun(), pick.word.adjective()]),
  date: (_, pick) =>
    pick.date
      .past({ refDate: '2026-01-01' })
      .toUTCString()
      .slice(0, pick.helpers.arrayElement([11, 16])),
  long: (_, pick) => longDate(pick),
  iban: (_, pick) => pick.finance.iban({ formatted: pick.datatype.boolean() }),
  legal: term('legal'),
  medical: term('medical'),
  software: term('software'),
  media: term('media'),
  code: (_, pick) => `${pick.string.alpha({ length: { min: 2, max: 4 }, casing: 'upper' })}-${pick.string.numeric(5)}`,
  hack: (_, pick) => pick.hacker.phrase(),
  id: (_, pick) => pick.string.uuid(),
};

function valueOf(slot: string, maker: Maker, pick: Faker): { value: string; type?: string } {
  const named = labelled[slot];
  if (named) return { value: named[1](maker, pick), type: named[0] };
  const value = unnamed[slot];
  if (!value) throw new Error(`no value is made for {${slot}}`);
  return { value: value(maker, pick) };
}

const capital = (plain: string) => plain.charAt(0).toUpperCase() + plain.slice(1);

const longDate = (pick: Faker): string => {
  const date = pick.date.past({ refDate: '2026-01-01', years: 60 });
  const month = pick.date.month();
  return pick.helpers.arrayElement([
    `${month} ${date.getUTCDate()}, ${date.getUTCFullYear()}`,
    `${date.getUTCDate()} ${month} ${date.getUTCFullYear()}`,
    `${month} ${date.getUTCFullYear()}`,
  ]);
};

const word = (pick: Faker): string => {
  const kinds = [
    () => pick.word.noun(),
    () => pick.word.adjective(),
    () => pick.hacker.noun(),
    () => pick.commerce.department(),
    () => pick.word.verb(),
    () => pick.commerce.productMaterial(),
  ];
  return capital(pick.helpers.arrayElement(kinds)());
};

const shapes = [...sentences, ...foreign, ...termSentences, ...termSentences];

/** Made-up rows in the shapes of `sentences`, labelled completely. The same seed gives the same rows. */
export function syntheticRows(seed: number, count: number): Row[] {
  const { makers, pick } = makersOf(seed);
  return Array.from({ length: count }, (_, index) => {
    const sentence = pick.helpers.arrayElement(shapes);
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
