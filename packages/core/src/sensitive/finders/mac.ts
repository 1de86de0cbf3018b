import { each } from '../each.ts';
import type { Scan } from '../scan.ts';

const mac =
  /(?<![\w:.-])(?:[0-9a-fA-F]{2}([:-])(?:[0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}|[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\.[0-9a-fA-F]{4})(?!\w|[:.-][0-9a-fA-F])/g;

/** MAC addresses (EUI-48); none of nobody and of everybody. */
export function findMac(scan: Scan): void {
  for (const { 0: found, index } of each(mac, scan.text)) {
    const digits = found.replace(/[:.-]/g, '');
    if (/^(?:0{12}|f{12})$/i.test(digits)) continue;
    if (found.includes('.') && /^\d+$/.test(digits) && !scan.labelled('mac', index, index + found.length)) continue;
    scan.add('MAC', 'mac', 'format', [index, index + found.length]);
  }
}
