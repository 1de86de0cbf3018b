/**
 * The closed table of faults. A fault is an exception: "could not do", never "may not do" (that is a decision).
 * `status` is HTTP's (RFC 9110); `hint` says what to do.
 */
export const faults = {
  invalid_json: {
    status: 400,
    title: 'The body is not valid JSON',
    hint: 'Send one JSON object, UTF-8, without duplicate keys.',
  },
  invalid_request: { status: 400, title: 'The request is malformed', hint: 'See the named parameter.' },
  body_too_large: { status: 413, title: 'The body is too large', hint: 'Send less, or raise server.maxBodyBytes.' },
  unauthenticated: {
    status: 401,
    title: 'Not signed in',
    hint: 'Send an agent key or a session token as a Bearer token.',
  },
  forbidden: { status: 403, title: 'Not allowed for this role', hint: 'Ask an operator whose role may do this.' },
  insufficient_scope: {
    status: 403,
    title: 'The access token has too little scope',
    hint: 'Ask the identity provider for a token with the named scope (RFC 6750 section 3.1).',
  },
  not_found: { status: 404, title: 'No such thing', hint: 'Check the address.' },
  conflict: { status: 409, title: 'Changed in the meantime', hint: 'Reload and try again.' },
  invalid_config: { status: 422, title: 'The configuration is not valid', hint: 'Correct the named key.' },
  invalid_policy: {
    status: 422,
    title: 'The policies are not valid',
    hint: 'Correct the named line; the old policies stay in force.',
  },
  unknown_model: { status: 404, title: 'No such model', hint: 'Name one of /v1/models.' },
  provider_failed: {
    status: 502,
    title: 'The provider could not be reached',
    hint: 'Check providers.<name>.baseUrl and the network.',
  },
  provider_timeout: {
    status: 504,
    title: 'The provider did not answer in time',
    hint: 'Try again, or raise providers.<name>.timeoutMs.',
  },
  provider_malformed: {
    status: 502,
    title: "The provider's answer could not be understood",
    hint: 'What cannot be read cannot be judged, so it was not passed on.',
  },
  upstream_failed: {
    status: 502,
    title: 'The upstream could not be reached',
    hint: 'Check upstreams.<name>, the network, and whether its program starts.',
  },
  upstream_timeout: {
    status: 504,
    title: 'The upstream did not answer in time',
    hint: 'Try again, or raise upstreams.<name>.timeoutMs. Whether the call had its effect is not known.',
  },
  upstream_malformed: {
    status: 502,
    title: "The upstream's answer could not be understood",
    hint: 'What cannot be read cannot be judged, so it was not passed on.',
  },
  upstream_refused: {
    status: 409,
    title: 'The upstream may not be used as it is',
    hint: 'Its package, definition or sandbox is not what was reviewed: see `sallyport tools review`.',
  },
  credential_unavailable: {
    status: 502,
    title: 'A credential of the upstream is not to be had',
    hint: 'Check credentials.<name>; without it nothing was sent.',
  },
  detector_failed: {
    status: 502,
    title: 'An injection detector could not answer',
    hint: 'Check what guards.injection.detectors names, and its timeoutMs; what cannot be judged is denied.',
  },
  identity_unavailable: {
    status: 503,
    title: 'An identity provider cannot be asked',
    hint: 'Try again; check identity.issuers.<name>.issuer and the network. Without its keys nobody is let in.',
  },
  store_unavailable: { status: 503, title: 'The store is not writable', hint: 'Check disk space and the data folder.' },
  shutting_down: { status: 503, title: 'The runtime is stopping', hint: 'Try again.' },
  internal: { status: 500, title: 'Something failed inside Sallyport', hint: 'See the log for the request id.' },
} as const satisfies Record<string, { status: number; title: string; hint: string }>;

export type FaultCode = keyof typeof faults;

/** The one class of fault. `detail` names the key, the place of the value and the fix; it may be shown to the caller. */
export class RuntimeFault extends Error {
  override readonly name = 'RuntimeFault';
  readonly code: FaultCode;
  readonly detail: string | undefined;
  /** Dotted path of the offending value, where there is one. */
  readonly path: string | undefined;
  /** Of `insufficient_scope`: what the token must hold (RFC 6750 section 3.1). */
  readonly scope: string | undefined;

  constructor(code: FaultCode, options: { detail?: string; path?: string; scope?: string; cause?: unknown } = {}) {
    super(options.detail ?? faults[code].title, { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
    this.path = options.path;
    this.scope = options.scope;
  }

  get status(): number {
    return faults[this.code].status;
  }
}

export const asFault = (error: unknown): RuntimeFault =>
  error instanceof RuntimeFault ? error : new RuntimeFault('internal', { cause: error });
