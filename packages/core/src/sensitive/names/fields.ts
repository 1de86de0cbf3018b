import type { FieldNames } from '../types.ts';

/** What a field holds, as its name tells. `named` may be a person or a thing: its value decides. */
export const holds = { nothing: 0, unknown: 1, person: 2, named: 3, address: 4, place: 5, thing: 6 } as const;
export type Holds = (typeof holds)[keyof typeof holds];

/** `fullName`, `full_name`, `Full Name` → `full name`. */
export const wordsOf = (field: string): string =>
  field
    .slice(0, 80)
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .toLowerCase();

const all = (list: string): ReadonlySet<string> => new Set(list.split(' '));
const people = all(
  'customer client patient employee contact recipient addressee sender passenger guest member author owner student teacher doctor physician provider applicant beneficiary spouse guardian cardholder holder person people user buyer seller driver tenant landlord attendee candidate caller assignee reporter manager supervisor traveler traveller insured subscriber signatory witness nominee payee payer policyholder nurse clinician respondent organizer organiser attn billing shipping account card next kin emergency',
);
const nameParts = all(
  'full first last middle given family legal preferred maiden birth real complete second christian display',
);
const wholeNames = all(
  'surname lastname firstname fullname forename vorname nachname familienname vollname prenom prénom apellido apellidos cognome achternaam voornaam sobrenome förnamn efternamn etternavn fornavn cardholder patient attn attention assignee addressee signatory beneficiary passenger caller',
);
const nameWords = all('name names nom nombre nome naam navn namn imie nazwisko');
const addressWords = all(
  'address addr street anschrift adresse direccion dirección indirizzo adres straße strasse calle residence domicile location1 address1 address2 addressline line1 line2 endereco endereço morada',
);
const addressKinds = all(
  'ip mac email mail e web url wallet memory network host server contract bitcoin btc eth token',
);
const placeWords = all(
  'city town state province region country zip zipcode postcode postal plz ort stadt ville ciudad città county',
);
const things = all(
  'product item title file filename tool function package model class brand company organization organisation business vendor merchant app application project repo repository branch event host hostname service table column database db field key job process image container pod node cluster bucket domain server script module component theme channel group team role policy plan template bank store shop street city country school hotel restaurant category tag label bot agent',
);

/** What a field of this name holds, given the names of the fields round it, outermost first. */
export function holdsOf(field: FieldNames): Holds {
  const own = wordsOf(field.at(-1) ?? '').split(' ');
  const last = own.at(-1) ?? '';
  if (last === '') return holds.nothing;
  if (wholeNames.has(own.join('')) || wholeNames.has(last)) return holds.person;
  if (nameWords.has(last)) {
    const qualifier = own.at(-2);
    if (qualifier !== undefined) {
      if (things.has(qualifier)) return holds.thing;
      return nameParts.has(qualifier) || people.has(qualifier) ? holds.person : holds.unknown;
    }
    const parent =
      wordsOf(field.at(-2) ?? '')
        .split(' ')
        .at(-1) ?? '';
    const one = parent.replace(/s$/, '');
    if (people.has(parent) || people.has(one)) return holds.person;
    return things.has(parent) || things.has(one) ? holds.thing : holds.named;
  }
  if (addressWords.has(last) || addressWords.has(own[0] ?? ''))
    return own.some((word) => addressKinds.has(word)) ? holds.thing : holds.address;
  if (placeWords.has(last)) return holds.place;
  if (things.has(last)) return holds.thing;
  return people.has(last) ? holds.named : holds.unknown;
}
