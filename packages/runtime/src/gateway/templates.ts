/** The longest address that is compared with templates. */
const maxUri = 8_192;

/**
 * Whether an address may have come from a URI template (RFC 6570): each `{…}` stands for any characters. Looser than the
 * standard, since it only tells which upstream to ask; linear, because both texts are strangers'.
 */
export function matchesTemplate(uri: string, template: string): boolean {
  if (uri.length > maxUri || template.length > maxUri) return false;
  const fixed = template.split(/\{[^{}]*\}/);
  const [first = '', ...rest] = fixed;
  const last = rest.pop();
  if (last === undefined) return uri === first;
  if (!uri.startsWith(first) || !uri.endsWith(last) || uri.length < first.length + last.length) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = uri.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return at <= uri.length - last.length;
}
