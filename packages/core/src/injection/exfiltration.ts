export interface ExfiltrationOptions {
  /** Hosts that may be fetched, such as `img.example.com`, or `*.example.com` for all below. */
  readonly allowedHosts: readonly string[];
}
/** Offsets in UTF-16 code units, end exclusive. */
export interface ExfiltrationSpan {
  readonly rule: 'fetched-url' | 'invisible-text';
  /** Of `fetched-url`. */
  readonly host?: string;
  readonly start: number;
  readonly end: number;
}

/**
 * What in a model's answer would leave without a click: images and other URLs that a client fetches by itself, to hosts
 * that are not allowed, and invisible text. Linear in the text's length.
 */
export function findExfiltration(text: string, { allowedHosts }: ExfiltrationOptions): ExfiltrationSpan[] {
  const spans: ExfiltrationSpan[] = [];
  for (const found of text.matchAll(
    /!\[[^\]\n]{0,300}\]\(\s{0,9}<?(https?:\/\/([^\s/)>?#]{1,255})[^\s)>]{0,2000})/gi,
  )) {
    const host = (found[2] ?? '').toLowerCase();
    if (allowedHosts.includes(host)) continue;
    spans.push({ rule: 'fetched-url', host, start: found.index, end: found.index + found[0].length });
  }
  return spans;
}
