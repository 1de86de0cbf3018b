import type { FieldNames } from '../types.ts';

/** `fullName`, `full_name`, `Full Name` → `full name`. */
export const wordsOf = (field: string): string =>
  field
    .slice(0, 80)
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .toLowerCase();

const person =
  /^(?:(?:full|first|last|middle|given|family|sur|fore|maiden|legal|preferred|customer|client|patient|employee|contact|card ?holder|account ?holder|recipient|sender|passenger|guest|member|author|owner|manager|student|teacher|doctor|physician|provider|applicant|beneficiary|spouse|guardian)(?: (?:full|first|last|s))? ?name|surname|lastname|firstname|fullname|vorname|nachname|familienname|nom de famille|prenom|prénom|apellidos?|nombre completo|cognome|achternaam|voornaam|nome completo|sobrenome|card ?holder|account ?holder)$/u;

/** Whether what stands in the field is the name of a person, whatever it looks like. */
export const personField = (field: FieldNames): boolean => person.test(wordsOf(field.at(-1) ?? ''));
