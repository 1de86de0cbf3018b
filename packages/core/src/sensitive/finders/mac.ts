import type { Scan } from '../scan.ts';

const mac =
  /(?<![\p{L}\p{N}:.-])(?:[0-9a-fA-F]{2}([:-])(?:[0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}|[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\.[0-9a-fA-F]{4})(?![\p{L}\p{N}]|[:.-][0-9a-fA-F])/gu;

/** MAC addresses (EUI-48); none of nobody and of everybody. */
export function findMac(scan: Scan): void {
  for (const { 0: found, index } of scan.text.matchAll(mac)) {
    const digits = found.replace(/[:.-]/g, '');
    if (/^(?:0{12}|f{12})$/i.test(digits)) continue;
    if (found.includes('.') && /^\d+$/.test(digits) && !scan.labelled('mac', index, index + found.length)) continue;
    scan.add('MAC', 'mac', 'format', [index, index + found.length]);
  }
}
