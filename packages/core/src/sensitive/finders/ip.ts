import { each } from '../each.ts';
import type { Scan } from '../scan.ts';

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const v4 = new RegExp(`(?<![\\w.-])(?<!\\d,)${octet}(?:\\.${octet}){3}(?![\\w-])(?!\\.\\d)`, 'g');
/** A run of what IPv6 is written with; what it says is read apart. */
const v6 =
  /(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,8}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{1,4})?(?:%[\w.-]{1,15})?(?:\/\d{1,3})?(?![\w:])/g;
const wholeV4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`);
/** Words before a number in dotted form that is a version, not an address. */
const version =
  /(?:version|ver|v|build|release|rev|firmware|windows|update|chrome|safari|firefox|edg|edge|opera|webkit|gecko|section|sdk|driver|\w\/)[ :=v-]{0,3}$/i;

/** IP addresses, versions 4 and 6 (RFC 4291 section 2.2). Loopback and "any" name no one. */
export function findIp(scan: Scan): void {
  const { text } = scan;
  for (const { 0: found, index } of each(v4, text)) {
    if (found.startsWith('127.') || found === '0.0.0.0' || found === '255.255.255.255') continue;
    if (version.test(text.slice(Math.max(0, index - 20), index)) && !scan.labelled('ip', index, index + found.length))
      continue;
    if (
      /\.0\.0\.\d$|^\d\.\d\.\d\.\d$/.test(found) &&
      !/^(?:10|172|192|8|1|9|4)\./.test(found) &&
      !scan.labelled('ip', index, index + found.length)
    )
      continue;
    scan.add('IP', 'ipv4', 'format', [index, index + found.length]);
  }
  if (!text.includes(':')) return;
  for (const { 0: found, index } of each(v6, text)) {
    const written = found.replace(/\/\d+$/, '');
    if (isV6(written.replace(/%.*$/, ''))) scan.add('IP', 'ipv6', 'format', [index, index + written.length]);
  }
}

function isV6(text: string): boolean {
  if (!/\d/.test(text)) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  for (const half of halves) {
    if (half === '') continue;
    for (const part of half.split(':')) {
      if (part === '') return false;
      groups += wholeV4.test(part) ? 2 : 1;
      if (part.includes('.') && !wholeV4.test(part)) return false;
    }
  }
  return halves.length === 2
    ? groups <= 7 && (groups >= 2 || /^::(?:1|ffff:.*)$/i.test(text) || text.length >= 5)
    : groups === 8;
}
