import { RuntimeFault, parseJson } from '@sallyport/core';
import { isObject } from './request.ts';
import type { WholeAnswer } from './answer.ts';

/** What goes back to the client. */
export interface Passed {
  readonly status: number;
  readonly headers: WholeAnswer['headers'];
  readonly body: Buffer;
}

/**
 * A provider's error goes back as it is, so that the SDK's own handling works, except where it would mislead: the
 * provider's refusal of the checkpoint's key is not the client's key being wrong, and a redirect would lead past the checkpoint.
 *
 * @throws RuntimeFault `provider_failed` or `provider_malformed`
 */
export function passError({ status, headers, bytes }: WholeAnswer): Passed {
  if (status === 401 || status === 403) {
    throw new RuntimeFault('provider_failed', { detail: `The provider refused Sallyport's key (HTTP ${status}).` });
  }
  if (status < 400) throw new RuntimeFault('provider_failed', { detail: `The provider answered with HTTP ${status}.` });
  return { status, headers, body: isErrorBody(bytes) ? bytes : Buffer.from(JSON.stringify(plainError(status))) };
}

function isErrorBody(bytes: Buffer): boolean {
  try {
    const body = parseJson(bytes.toString('utf8'), { maxDepth: 32 });
    return isObject(body) && isObject(body['error']);
  } catch {
    return false;
  }
}

const plainError = (status: number) => ({
  error: {
    message: `The provider answered with HTTP ${status}.`,
    type: 'server_error',
    code: 'provider_failed',
    param: null,
  },
});

const passed = /^(?:x-ratelimit-.+|retry-after|retry-after-ms|x-should-retry|openai-processing-ms|openai-version)$/;

/** The provider's headers that tell a client something about pace and retries; nothing else of them is passed on. */
export function passHeaders(headers: WholeAnswer['headers']): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string' && passed.test(name)) kept[name] = value;
  }
  return kept;
}
