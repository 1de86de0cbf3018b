/** The host as the WHATWG URL parser reads it: lower case, punycode; `acme.example.` is `acme.example`. */
export function hostOf(text: string): string | undefined {
  const url = URL.parse(text);
  // Only of these schemes does the parser normalise the host.
  if (url === null || !['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol)) return undefined;
  const host = url.hostname.replace(/\.$/, '');
  return host === '' ? undefined : host;
}
