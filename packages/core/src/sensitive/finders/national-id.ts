import { stdnum } from 'stdnum';
import { dummy, luhn, weighed, type CodeRule } from './codes.ts';

const type = 'NATIONAL_ID';
const family = 'nationalScheme';

/** The check of a country's number by its standard (`stdnum`). */
const by = (country: string, name: string) => {
  const validator = stdnum[country]?.[name];
  if (!validator) throw new Error(`stdnum has no ${country}.${name}`);
  return (code: string): boolean => validator.validate(code).isValid;
};

const dated = (month: string, day: string): boolean =>
  Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= 31;
/** Resident (1–4, 9, 0) and foreigner (5–8) registration numbers of Korea: date of birth and sex; check digits ended in 2020. */
const krRrn = (code: string): boolean => !dummy(code) && dated(code.slice(2, 4), code.slice(4, 6));
/** South Africa: date of birth, citizenship 0–2, Luhn. */
const za = by('ZA', 'idnr');
/** Germany's pension insurance number: area, date of birth, letter of the birth name. */
const deRvnr = (code: string): boolean => {
  const letter = String(code.charCodeAt(8) - 64).padStart(2, '0');
  const digits = `${code.slice(0, 8)}${letter}${code.slice(9, 11)}`;
  const weights = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1];
  let sum = 0;
  for (const [i, char] of digits.split('').entries()) {
    const product = Number(char) * (weights[i] as number);
    sum += Math.floor(product / 10) + (product % 10);
  }
  const dayOfBirth = Number(code.slice(2, 4));
  return (
    sum % 10 === Number(code[11]) && dated(code.slice(4, 6), String(dayOfBirth > 50 ? dayOfBirth - 50 : dayOfBirth))
  );
};
/** Australia's tax file number. */
const tfn = (code: string): boolean => !dummy(code) && weighed(code, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0;
/** The second and third digit say the province. */
const thaiProvince = /^[1-8](?:1\d|2[0-7]|3\d|4\d|5[0-8]|6[0-7]|7[0-7]|8[0-6]|9[0-6])/;
const thai = (code: string): boolean =>
  thaiProvince.test(code) &&
  (11 - (weighed(code, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === Number(code[12]);
/** Sweden: a date of birth and Luhn over the last ten digits; 60 is added to the day of a coordination number. */
const personnummer = (code: string): boolean => {
  const ten = code.slice(-10);
  const day = Number(ten.slice(4, 6));
  return luhn(ten) && dated(ten.slice(2, 4), String(day > 60 ? day - 60 : day));
};
/** Germany's tax id: ISO 7064 mod 11,10, and some digit of the first ten comes more than once. */
const deIdnr = (code: string): boolean => {
  let product = 10;
  for (const char of code.slice(0, 10)) {
    const sum = (Number(char) + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === Number(code[10]) && !dummy(code.slice(0, 10));
};
const letter23 = 'TRWAGMYFPDXBNJZSQVHLCKE';
const nif = (code: string): boolean => letter23[Number(code.slice(0, -1)) % 23] === code.at(-1);
const nie = (code: string): boolean => nif(`${'XYZ'.indexOf(code[0] as string)}${code.slice(1)}`);

const row = (
  rule: string,
  pattern: RegExp,
  without: CodeRule['without'],
  valid?: (code: string, written: string) => boolean,
): CodeRule => ({
  type,
  family,
  rule,
  pattern,
  without,
  certainty: valid ? 'checksum' : 'format',
  ...(valid && { valid }),
});

/**
 * National and tax ids. Those with letters, fixed separators and check digits stand for themselves; numbers alone are
 * common, so they need their scheme's name, or to be the whole text.
 */
export const nationalRules: readonly CodeRule[] = [
  // Prefixes that were never given: HMRC NIM39110.
  row(
    'uk-nino',
    /(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ -]?\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?[A-D]/iy,
    'itself',
  ),
  row('uk-utr', /\d{5} ?\d{5}/y, 'label', by('GB', 'utr')),
  row('us-itin', /9\d{2}([- ])(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])\1\d{4}/y, 'itself'),
  row('us-itin-plain', /9\d{2}-?(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])-?\d{4}/y, 'alone'),
  row('ca-sin', /[1-79]\d{2}([ -]?)\d{3}\1\d{3}/y, 'alone', by('CA', 'sin')),
  row('ca-sin-labelled', /\d{3}([ -])\d{3}\1\d{3}/y, 'label'),
  row('au-tfn', /\d{3}([ -]?)\d{3}\1\d{3}/y, 'alone', tfn),
  row('in-aadhaar', /[2-9]\d{3}([ :-]?)\d{4}\1\d{4}/y, 'alone', by('IN', 'aadhaar')),
  row('in-aadhaar-spaced', /[2-9]\d{3}([ -])\d{4}\1\d{4}/y, 'label'),
  row('in-pan', /[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]/iy, 'itself'),
  row('in-pan-labelled', /[A-Z]{5}\d{4}[A-Z]/iy, 'alone'),
  row('in-voter', /[A-Z]{3}\d{7}/iy, 'alone'),
  row('es-nif', /\d{7,8}[ -]?[A-Z]/iy, 'itself', nif),
  row('es-nie', /[XYZ][ -]?\d{7,8}[ -]?[A-Z]/iy, 'itself', nie),
  row('it-codice-fiscale', /[A-Z]{6}[\dLMNP-V]{2}[A-EHLMPRST][\dLMNP-V]{2}[A-Z][\dLMNP-V]{3}[A-Z]/iy, 'itself'),
  row('pl-pesel', /\d{11}/y, 'alone', by('PL', 'pesel')),
  row('sg-fin', /[STFGM]\d{7}[A-Z]/iy, 'itself'),
  row(
    'fi-hetu',
    /(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}[-+ABCDEFYXWVU]\d{3}[0-9A-Y]/y,
    'itself',
    (code, written) => hetu(written),
  ),
  row('kr-rrn', /\d{6}-\d{7}/y, 'itself', krRrn),
  row('kr-rrn-plain', /\d{13}/y, 'alone', krRrn),
  row('th-id', /[1-9]\d{12}|[1-9]([ -])\d{4}\1\d{5}\1\d{2}\1\d/y, 'alone', thai),
  row('tr-kimlik', /[1-9]\d{10}/y, 'alone', by('TR', 'tckimlik')),
  row('za-id', /\d{6} ?\d{4} ?[012]\d{2}/y, 'alone', za),
  row('se-personnummer', /(?:19|20|18)?\d{6}[-+]?\d{4}/y, 'alone', personnummer),
  row('de-rvnr', /\d{2} ?\d{6} ?[A-Z] ?\d{3}/iy, 'itself', deRvnr),
  row('de-idnr', /[1-9]\d ?\d{3} ?\d{3} ?\d{3}/y, 'alone', deIdnr),
  row('br-cpf', /\d{3}\.\d{3}\.\d{3}-\d{2}/y, 'itself', by('BR', 'cpf')),
  row('br-cpf-plain', /\d{11}/y, 'label', by('BR', 'cpf')),
  row('mx-curp', /[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{5}[A-Z\d]\d/iy, 'itself'),
  row('mx-rfc', /[A-ZÑ&]{4}\d{6}[A-Z\d]{3}/iy, 'label'),
  row('ar-cuit', /(?:20|23|24|25|26|27|30|33|34)-\d{8}-\d/y, 'itself', by('AR', 'cuit')),
  row('cl-rut', /\d{1,2}\.\d{3}\.\d{3}-[\dkK]/y, 'itself', by('CL', 'rut')),
  row('cl-rut-plain', /\d{7,8}-[\dkK]/y, 'label', by('CL', 'rut')),
  row('fr-nir', /[12]([ .-]?)\d{2}\1\d{2}\1\d[\dAB]\1\d{3}\1\d{3}\1\d{2}/iy, 'itself', by('FR', 'nir')),
  row('nl-bsn', /\d{9}/y, 'label', by('NL', 'bsn')),
  row('be-nn', /\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}/y, 'itself', by('BE', 'nn')),
  row('ch-ahv', /756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}/y, 'itself', by('CH', 'ssn')),
  row('at-svnr', /\d{4} ?\d{6}/y, 'label', by('AT', 'vnr')),
  row('dk-cpr', /(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}-\d{4}/y, 'label'),
  row('no-fodselsnummer', /\d{6} ?\d{5}/y, 'label', by('NO', 'fodselsnummer')),
  row('ee-isikukood', /[1-8]\d{10}/y, 'label', by('EE', 'ik')),
  row('ie-pps', /\d{7}[A-W][AHWTX]?/iy, 'label', by('IE', 'pps')),
  row('pt-nif', /[1-3]\d{2} ?\d{3} ?\d{3}/y, 'label', by('PT', 'nif')),
  row('ro-cnp', /[1-9]\d{12}/y, 'label', by('RO', 'cnp')),
  row('bg-egn', /\d{10}/y, 'label', by('BG', 'egn')),
  row('hr-oib', /\d{11}/y, 'label', by('HR', 'oib')),
  row('cz-rc', /\d{2}[0-8]\d[0-3]\d\/?\d{3,4}/y, 'label', by('CZ', 'rc')),
  row(
    'cn-ric',
    /[1-6]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]/iy,
    'itself',
    by('CN', 'ric'),
  ),
  row('tw-id', /[A-Z][12]\d{8}/y, 'alone', by('TW', 'natid')),
  row('hk-id', /[A-Z]{1,2}\d{6}\([\dA]\)/y, 'itself', by('HK', 'hkid')),
  row('my-nric', /\d{6}-\d{2}-\d{4}/y, 'label', (code) => dated(code.slice(2, 4), code.slice(4, 6))),
  row('pk-cnic', /\d{5}-\d{7}-\d/y, 'itself'),
  row('ng-nin', /\d{11}/y, 'label'),
  row('de-steuernummer', /\d{2,3}\/\d{3}\/\d{4,5}/y, 'alone'),
  row('gr-amka', /\d{11}/y, 'label', by('GR', 'amka')),
  row('ru-snils', /\d{3}-\d{3}-\d{3}[ -]\d{2}/y, 'itself'),
  {
    type,
    rule: 'id-labelled',
    family: 'nationalId',
    pattern:
      /(?:[A-Z]{1,6}[ -]?|[a-z]{1,4})?\d[A-Za-z\d]{0,14}(?:[ ./-]\d[A-Z\d]{0,8}){0,7}(?:[ -][A-Z\d](?![\p{L}\d]))?/uy,
    valid: plentiful,
    without: 'label',
    certainty: 'context',
  },
];

/** Finland's personal identity code: a check character of all the digits. */
const hetuChecks = '0123456789ABCDEFHJKLMNPRSTUVWXY';
function hetu(written: string): boolean {
  return hetuChecks[Number(written.slice(0, 6) + written.slice(7, 10)) % 31] === written[10];
}

function plentiful(code: string): boolean {
  return code.length >= 6 && code.length <= 20 && (code.match(/\d/g)?.length ?? 0) >= 5;
}
