import { each } from '../each.ts';
import type { Scan } from '../scan.ts';

const months =
  'jan(?:uary|vier|uar|uari|v)?|feb(?:ruary|ruar|ruari|r)?|f[ée]v(?:rier)?|mar(?:ch|s|zo|t|et)?|m[äa]rz|maart|apr(?:il|ile)?|avr(?:il)?|may|mai|mag(?:gio)?|mei|maj|jun[ie]?|juin|giu(?:gno)?|jul[iy]?|juillet|lug(?:lio)?|aug(?:ust|ustus)?|ao[uû]t|ago(?:sto)?|sep(?:t(?:ember)?|tembre|tiembre|tembro)?|set(?:tembre|embro)?|o[ck]t(?:ober|obre|ubre)?|ott(?:obre)?|out(?:ubro)?|nov(?:ember|embre|iembre|embro)?|de[cz](?:ember|embre|embro)?|dic(?:embre|iembre)?|d[ée]c(?:embre)?|ene(?:ro)?|gen(?:naio)?|feb(?:rero|braio)?|fev(?:ereiro)?|jan(?:eiro)?|mar[çc]o|abr(?:il)?|mayo|maio|jun(?:io|ho)|jul(?:io|ho)';
const year = '(?:18|19|20)\\d{2}';
const day = '(?:0?[1-9]|[12]\\d|3[01])';
const month = '(?:0?[1-9]|1[0-2])';
const date = new RegExp(
  `(?<![\\p{Ll}\\p{Lu}\\p{N}])(?:${year}([-/.])${month}\\1${day}|${year}年 ?${month}月 ?${day}日|${year}년 ?${month}월 ?${day}일|${day}([-/. ]) ?(?:${month}|${months})\\2 ?(?:${year}|\\d{2})|` +
    `${month}([-/])${day}\\3(?:${year}|\\d{2})|(?:${months})\\.? ${day}(?:st|nd|rd|th)?,? ${year}|${day}(?:st|nd|rd|th|\\.|º)? (?:de |of )?(?:${months})\\.?,? (?:de )?${year}|` +
    `${day}-(?:${months})-(?:${year}|\\d{2})|(?:19|20)\\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\\d|3[01]))(?!(?!T\\d)[\\p{Ll}\\p{Lu}\\p{N}]|[-/.]\\d)`,
  'giu',
);

/** Dates that a word or a field says to be somebody's birth. */
export function findBirth(scan: Scan): void {
  if (!scan.names('birth')) return;
  for (const { 0: found, index } of each(date, scan.text)) {
    const end = index + found.length;
    if (scan.labelled('birth', index, end, true)) scan.add('DATE_OF_BIRTH', 'date-of-birth', 'context', [index, end]);
  }
}
