/** Takes the nonce for style elements out of the page, so that later content cannot read it there. */
export function takeStyleNonce(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]');
  const nonce = meta?.content ?? '';
  meta?.remove();
  // The scroll lock of drawers and dialogs adds a style element of its own, and looks for the nonce here.
  Object.defineProperty(globalThis, '__webpack_nonce__', { value: nonce });
  return nonce;
}

declare global {
  /** Absent in browsers without Trusted Types. */
  var trustedTypes:
    { createPolicy(name: string, rules: { createHTML: (text: string) => string }): unknown } | undefined;
}

/**
 * Under `require-trusted-types-for 'script'` every write of HTML passes this one rule. The only writer is the component
 * kit, which fills style elements; text with `<` in it is therefore an attack or a mistake, and throws.
 */
export function forbidMarkup(): void {
  globalThis.trustedTypes?.createPolicy('default', {
    createHTML: (text) => {
      if (text.includes('<')) throw new TypeError('Markup is never written into this page');
      return text;
    },
  });
}
