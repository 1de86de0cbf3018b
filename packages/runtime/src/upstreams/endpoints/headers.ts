/**
 * Request headers that no argument may set: those of the connection (RFC 9110 section 7.6.1), those that frame the body,
 * credentials, those by which proxies say who asks and for which host, and those by which a method becomes another one.
 */
const reserved = new Set(
  (
    'connection keep-alive te trailer transfer-encoding upgrade http2-settings expect via host ' +
    'content-length content-type content-encoding accept accept-encoding user-agent authorization cookie ' +
    'cookie2 set-cookie x-api-key api-key api_key apikey dpop x-auth-token x-access-token x-csrf-token ' +
    'x-xsrf-token origin referer forwarded x-real-ip x-client-ip client-ip true-client-ip x-original-url ' +
    'x-rewrite-url x-http-method x-http-method-override x-method-override traceparent tracestate baggage'
  ).split(' '),
);
const reservedFamilies = /^(?:proxy-|sec-|x-forwarded-|cf-|x-amz-|x-goog-|sallyport-)/;

/** @param taken names in lower case that the operator gave a value: fixed headers, and the user context's */
export function isReservedHeader(name: string, taken: ReadonlySet<string>): boolean {
  const lower = name.toLowerCase();
  return reserved.has(lower) || reservedFamilies.test(lower) || taken.has(lower);
}

/** A field name: RFC 9110 section 5.6.2. */
export const isHeaderName = (name: string): boolean => /^[!#$%&'*+.^_`|~\dA-Za-z-]{1,100}$/.test(name);
