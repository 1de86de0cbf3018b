/** Hosts from which pages that show answers may fetch by themselves: `img.example.com`, or `*.example.com` for all below. */
export interface FetchOptions {
  readonly allowedHosts: readonly string[];
}

/** Where a URL would be fetched from: nowhere (relative, or its own data), an allowed host, or a foreign one. */
export type Fetched = { readonly foreign: false } | { readonly foreign: true; readonly host?: string };

const own: Fetched = { foreign: false };

/** A URL as a page would read it: relative ones stay with the page. What cannot be read is foreign. */
export function fetchedFrom(written: string, { allowedHosts }: FetchOptions): Fetched {
  // As browsers do before they read it (WHATWG URL, basic URL parser).
  const text = unescaped(written)
    .replace(/[\t\n\r]/g, '')
    .trim();
  const url = URL.parse(text.replaceAll('\\', '/'), 'https://page.invalid/');
  if (!url) return { foreign: true };
  if (url.protocol === 'data:' || url.protocol === 'cid:' || url.hostname === 'page.invalid') return own;
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return { foreign: true };
  const host = url.hostname.toLowerCase().replace(/\.$/, '');
  const isAllowed = allowedHosts.some((allowed) => {
    const pattern = allowed.toLowerCase();
    return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;
  });
  return isAllowed ? own : { foreign: true, host };
}

const named: Readonly<Record<string, string>> = {
  amp: '&',
  colon: ':',
  sol: '/',
  period: '.',
  quest: '?',
  tab: '\t',
  newline: '\n',
  lowbar: '_',
  bsol: '\\',
};

/** With the character references that occur in URLs resolved; another one is left, and makes a strange URL. */
const unescaped = (text: string): string =>
  text.includes('&')
    ? text.replace(
        /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]{2,10}));?/gi,
        (all, hex?: string, decimal?: string, name?: string) => {
          if (name !== undefined) return named[name.toLowerCase()] ?? all;
          const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
          return code <= 0x10ffff ? String.fromCodePoint(code) : all;
        },
      )
    : text;

/** Elements that stand for themselves or are followed by a click: their links fetch nothing. */
const clicked: ReadonlySet<string> = new Set(['a', 'area', 'form', 'button']);
/** Elements that run, or change where everything else is fetched from. */
const running: ReadonlySet<string> = new Set([
  'script',
  'style',
  'base',
  'meta',
  'iframe',
  'frame',
  'object',
  'embed',
  'applet',
  'portal',
  'template',
]);
const attribute = /([^\s"'<>/=]{1,100})(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;
const address =
  /^(?:src|srcset|poster|background|data|href|xlink:href|action|formaction|dynsrc|lowsrc|ping|longdesc|icon)$/;

/** Where an HTML element would make a page fetch from, read off what stands between `<` and `>`. */
export function fetchedByElement(name: string, attributes: string, options: FetchOptions): Fetched {
  const tag = name.toLowerCase();
  if (running.has(tag)) return { foreign: true };
  for (const { 1: written = '', 2: double, 3: single, 4: bare } of attributes.matchAll(attribute)) {
    const key = written.toLowerCase();
    const value = double ?? single ?? bare ?? '';
    if (key.startsWith('on') || key === 'srcdoc') return { foreign: true };
    if (key === 'style' && /url|image|import|src|\\/i.test(unescaped(value))) return { foreign: true };
    if (!address.test(key) || (clicked.has(tag) && key !== 'ping')) continue;
    const urls = key === 'srcset' ? value.split(',').map((each) => each.trim().split(/\s/, 1)[0] ?? '') : [value];
    const foreign = urls.map((url) => fetchedFrom(url, options)).find((each) => each.foreign);
    if (foreign) return foreign;
  }
  return own;
}
