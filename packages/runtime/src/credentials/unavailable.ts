import { RuntimeFault, showText } from '@sallyport/core';

/** Why a secret is not to be had, in our own words: what a secret store says may hold what it keeps. */
export class SourceProblem extends Error {
  override readonly name = 'SourceProblem';
}

/** Without a cause: the errors of client libraries carry the requests that they made, tokens included. */
export const unavailable = (name: string, why: string): RuntimeFault =>
  new RuntimeFault('credential_unavailable', {
    path: `credentials.${name}`,
    detail: `The credential ${showText(name)} ${why} Nothing was sent.`,
  });

/** What may be told of an error of a library: its kind, never its text. */
export function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return code;
  return /^[A-Za-z][A-Za-z0-9]{2,60}$/.test(error.name) ? error.name : 'error';
}
