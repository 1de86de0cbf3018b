import { each } from '../each.ts';
import type { Scan } from '../scan.ts';
import { wordChar } from './codes.ts';

/** Lengths by country, from the IBAN registry (ISO 13616, SWIFT) and the countries that use the format outside it. */
const lengths: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 ' +
    'FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 ' +
    'LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 ' +
    'SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30 ' +
    'AO25 BF28 BJ28 CF27 CG27 CI28 CM27 CV25 DZ26 GA27 GQ27 GW25 IR26 KM27 MA28 MG27 ML28 MZ25 NE28 SN28 TD27 TG28'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);
const head = /(?<![A-Za-z\d])[A-Za-z]{2}[ -]?\d{2}(?=[ -]?[A-Za-z\d])/g;
const codeChar = /[A-Za-z\d]/;

/** International bank account numbers: the country's length and the check digits (ISO 7064 mod 97-10), spaced or not. */
export function findIban(scan: Scan): void {
  const { text } = scan;
  for (const { 0: start, index } of each(head, text)) {
    const length = lengths.get(start.slice(0, 2).toUpperCase());
    if (length === undefined || wordChar.test(text[index - 1] ?? ' ')) continue;
    const end = codeEnd(text, index, length);
    if (end === undefined) continue;
    const code = text.slice(index, end).replace(/[ -]/g, '').toUpperCase();
    if (mod97(code.slice(4) + code.slice(0, 4)) === 1) scan.add('IBAN', 'iban', 'checksum', [index, end]);
  }
}

/** Where that many letters and digits end; one space or hyphen may stand between any two. */
function codeEnd(text: string, start: number, length: number): number | undefined {
  let at = start;
  for (let count = 0; count < length; at++) {
    const char = text[at] ?? '';
    if (codeChar.test(char)) count++;
    else if ((char !== ' ' && char !== '-') || !codeChar.test(text[at + 1] ?? '')) return undefined;
  }
  return wordChar.test(text[at] ?? ' ') ? undefined : at;
}

function mod97(code: string): number {
  let rest = 0;
  for (const char of code) {
    const value = Number.parseInt(char, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}
