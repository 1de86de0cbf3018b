import type { Faker } from '@faker-js/faker';
import type { Maker } from './synthetic.ts';

const common =
  'Main Oak Maple Cedar Pine Elm Washington Park Lake Hill Walnut Spring North Ridge Church Willow Mill Sunset Railroad Jackson River Lincoln Franklin Broadway Center Highland Forest Jefferson Meadow Chestnut Cherry Madison School State Union Market Court Front Bridge Grove Spruce Pleasant Summit Locust Valley College Central Victoria Station London King Queen Mulberry Birch Dogwood Prospect Liberty Monroe'.split(
    ' ',
  );
const types =
  'Street St St. Avenue Ave Ave. Road Rd Rd. Lane Ln Drive Dr Dr. Boulevard Blvd Court Ct Way Place Pl Circle Terrace Highway Parkway Pkwy Pike Trail Square Plaza Loop'.split(
    ' ',
  );
const directions = 'N S E W North South East West NE NW SE SW N. S. Northwest Southeast'.split(' ');
const ordinals = '1st 2nd 3rd 4th 5th 7th 8th 11th 14th 22nd 33rd 42nd 71st 103rd First Second Third Fifth Ninth'.split(
  ' ',
);

const digits = (pick: Faker, min: number, max: number) =>
  pick.string.numeric({ length: { min, max }, allowLeadingZeros: false });
const one = <T>(pick: Faker, values: readonly T[]): T => pick.helpers.arrayElement(values);
const maybe = (pick: Faker, share: number, value: () => string) => (pick.number.float() < share ? value() : '');

function usStreet({ faker }: Maker, pick: Faker): string {
  const name = () =>
    one(pick, [
      one(pick, common),
      one(pick, common),
      faker.person.lastName(),
      one(pick, ordinals),
      `${one(pick, common)} ${one(pick, common)}`,
    ]);
  const form = pick.number.int(11);
  const number = `${digits(pick, 1, 5)}${maybe(pick, 0.04, () => one(pick, ['A', 'B', ' 1/2', '-B']))}`;
  if (form === 0)
    return `${number} ${one(pick, ['County Road', 'Highway', 'State Route', 'US Highway', 'Hwy', 'FM', 'CR', 'Route', 'State Road', 'Old Highway'])} ${digits(pick, 1, 4)}`;
  if (form === 1)
    return `${one(pick, ['PO Box', 'P.O. Box', 'P O Box', 'Post Office Box', 'RR 2 Box'])} ${digits(pick, 2, 5)}`;
  if (form === 2) return `${number} ${faker.location.street()}`;
  if (form === 3) return `${number} ${one(pick, directions)} ${one(pick, ordinals)} ${one(pick, types)}`;
  if (form === 4) return `${number} ${name()}`;
  return `${number} ${maybe(pick, 0.3, () => `${one(pick, directions)} `)}${name()} ${one(pick, types)}${maybe(pick, 0.15, () => ` ${one(pick, directions)}`)}`;
}

const usUnit = (pick: Faker): string =>
  `${one(pick, ['Apt', 'Apt.', 'Suite', 'Ste', 'Unit', '#', 'Apartment', 'Floor', 'Rm', 'Bldg'])} ${one(pick, [digits(pick, 1, 4), pick.string.alpha({ length: 1, casing: 'upper' })])}`;

function us(maker: Maker, pick: Faker): string {
  const comma = one(pick, [', ', ', ', ', ', ' ', '\n']);
  const city = one(pick, [
    pick.location.city(),
    pick.location.city(),
    `${one(pick, ['Saint', 'Fort', 'New', 'Mount', 'Glen', 'Port'])} ${one(pick, common)}`,
  ]);
  const state = one(pick, [
    pick.location.state({ abbreviated: true }),
    pick.location.state({ abbreviated: true }),
    pick.location.state(),
  ]);
  const zip = `${digits(pick, 5, 5)}${maybe(pick, 0.1, () => `-${digits(pick, 4, 4)}`)}`;
  const unit = maybe(pick, 0.25, () => `${one(pick, [', ', ' ', ', '])}${usUnit(pick)}`);
  const form = pick.number.int(9);
  const street = `${usStreet(maker, pick)}${unit}`;
  const whole =
    form === 0
      ? street
      : form === 1
        ? `${street}${comma}${city}`
        : form === 2
          ? `${street}${comma}${city}, ${state}`
          : `${street}${comma}${city}${one(pick, [', ', ', ', ' '])}${state}${one(pick, [' ', ' ', ', '])}${zip}`;
  return maybe(pick, 0.1, () => whole.toUpperCase()) || `${whole}${maybe(pick, 0.05, () => ', USA')}`;
}

function british({ faker }: Maker, pick: Faker): string {
  const flat = maybe(pick, 0.2, () => `${one(pick, ['Flat', 'Apartment', 'Unit'])} ${digits(pick, 1, 2)}, `);
  const street = `${flat}${digits(pick, 1, 3)} ${one(pick, [faker.location.street(), `${one(pick, common)} ${one(pick, ['Street', 'Road', 'Lane', 'Close', 'Crescent', 'Gardens', 'Mews', 'Terrace', 'Grove', 'Hill'])}`])}`;
  const postcode = faker.location.zipCode();
  const town = faker.location.city();
  const gap = one(pick, [', ', ', ', '\n']);
  return one(pick, [
    street,
    `${street}${gap}${town}${one(pick, [' ', ', ', '\n'])}${postcode}`,
    `${street}${gap}${postcode} ${town}`,
    `${street}${gap}${town}`,
  ]);
}

const numberFirst = new Set(['fr', 'fr_BE']);

/** Street and number in the order of the country, then the postcode and the town. */
function european({ faker, locale }: Maker, pick: Faker): string {
  const number = `${digits(pick, 1, 3)}${maybe(pick, 0.1, () => one(pick, ['a', 'b', ' bis', '/2', 'B']))}`;
  const name = faker.location.street().replace(/\d+/g, '').trim();
  const street = numberFirst.has(locale)
    ? `${number}${one(pick, [' ', ', '])}${name}`
    : `${name}${one(pick, [' ', ' ', ' ', ', ', ' nº ', ', n. '].slice(0, locale.startsWith('es') || locale === 'it' || locale.startsWith('pt') ? 6 : 3))}${number}`;
  const unit = maybe(
    pick,
    0.15,
    () =>
      `${one(pick, [', ', ' '])}${one(pick, [faker.location.secondaryAddress(), `Apt. ${digits(pick, 1, 3)}`, `${digits(pick, 1, 1)}º ${one(pick, ['A', 'B', 'izq'])}`])}`,
  );
  const town = faker.location.city();
  const gap = one(pick, [', ', ', ', ', ', '\n', ' ']);
  const land = maybe(pick, 0.15, () => `${one(pick, [', ', '\n'])}${faker.location.country()}`);
  const form = pick.number.int(9);
  if (form < 3) return `${street}${unit}`;
  if (form === 3) return `${street}${unit}${gap}${town}`;
  if (form === 4) return `${number} ${name}${gap}${town}`;
  if (form === 5) return `${street}${unit}${gap}${town}${one(pick, [' ', ', '])}${faker.location.zipCode()}${land}`;
  return `${street}${unit}${gap}${faker.location.zipCode()} ${town}${land}`;
}

/** Shapes that random address makers and forms bring: a number before the street, a unit and a land after it. */
function padded(maker: Maker, pick: Faker): string {
  const street = `${digits(pick, 2, 5)} ${maker.faker.location.street()} ${digits(pick, 1, 3)}`;
  const unit = maybe(
    pick,
    0.5,
    () => `${one(pick, [' ', '\n ', ', '])}${one(pick, ['Apt.', 'Suite', 'Unit'])} ${digits(pick, 3, 3)}`,
  );
  const tail = one(pick, [
    '',
    `, ${maker.faker.location.city()}`,
    `\n ${maker.faker.location.city()}\n ${pick.location.country()} ${digits(pick, 5, 5)}`,
    `, ${maker.faker.location.city()}, ${pick.location.country()} ${digits(pick, 5, 5)}`,
    `\n${maker.faker.location.city().toUpperCase()}\n${pick.location.country()} ${digits(pick, 5, 5)}`,
  ]);
  return `${street}${unit}${tail}`;
}

/** A postal address as the maker's country writes it, some with parts missing. */
export function addressOf(maker: Maker, pick: Faker): string {
  if (pick.number.int(11) === 0) return padded(maker, pick);
  if (maker.locale === 'en_GB') return british(maker, pick);
  return maker.locale.startsWith('en') ? us(maker, pick) : european(maker, pick);
}
