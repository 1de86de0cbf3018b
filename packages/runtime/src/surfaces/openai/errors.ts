import {
  asFault,
  denialOf,
  faults,
  reasons,
  retryableReasons,
  type Decision,
  type FaultCode,
  type RuntimeFault,
} from '@sallyport/core';

/** An error as OpenAI's SDKs read it: status, body and what they may do next. */
export interface OpenAiError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error: OpenAiErrorBody };
}

interface OpenAiErrorBody {
  readonly message: string;
  readonly type: string;
  readonly code: string;
  readonly param: string | null;
}

/** SDKs retry 408, 409, 429 and 5xx unless told otherwise; a refusal repeated three times is three refusals. */
const never = { 'x-should-retry': 'false' };

const types: Partial<Record<FaultCode, string>> = {
  unauthenticated: 'authentication_error',
  forbidden: 'permission_error',
};

export function faultError(error: unknown): OpenAiError {
  const fault: RuntimeFault = asFault(error);
  const { status, title, hint } = faults[fault.code];
  const code =
    fault.code === 'unknown_model'
      ? 'model_not_found'
      : fault.code === 'unauthenticated'
        ? 'invalid_api_key'
        : fault.code;
  const type = types[fault.code] ?? (status >= 500 ? 'server_error' : 'invalid_request_error');
  const message = [fault.detail ?? `${title}.`, hint].join(' ');
  const retry = fault.code === 'shutting_down' || fault.code.startsWith('provider_') ? {} : never;
  return { status, headers: retry, body: { error: { message, type, code, param: fault.path ?? null } } };
}

/** A denied request: 403, or 503 where the checkpoint itself could not do its work. Never to be repeated as it is. */
export function denialError(decision: Decision, eventId: string): OpenAiError {
  const denial = denialOf(decision, eventId);
  const [first] = decision.reasons;
  const message = `${reasons[denial.reason].title}. ${denial.message} Event ${denial.event}.`;
  const error = { message, type: 'permission_error', code: denial.reason, param: first?.path ?? null };
  return { status: retryableReasons.has(denial.reason) ? 503 : 403, headers: never, body: { error } };
}

/** The in-band form: a stream that merely stopped would look like success. */
export const errorEvent = ({ body }: OpenAiError): string => `data: ${JSON.stringify(body)}\n\n`;
