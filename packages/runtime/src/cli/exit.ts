import type { FaultCode } from '@sallyport/core';
import { RuntimeFault, faults } from '@sallyport/core';

/** What scripts may rely on. */
export const exitCodes = {
  ok: 0,
  fault: 1,
  usage: 2,
  /** Denied, or a test failed. */
  denied: 3,
  /** Waits for a person's approval. */
  waiting: 4,
  unreachable: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A command that cannot go on: one line, what to do about it, and an exit code. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(exitCode: ExitCode, message: string, hint?: string, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

const usageFaults: ReadonlySet<FaultCode> = new Set(['invalid_config', 'invalid_policy', 'invalid_request']);

/** Whatever was thrown, as a failure that people can act on. */
export function asFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof RuntimeFault) {
    const { title, hint } = faults[error.code];
    const message = error.detail ? `${title}:\n${error.detail}` : title;
    return new CommandFailure(usageFaults.has(error.code) ? exitCodes.usage : exitCodes.fault, message, hint, error);
  }
  const message = error instanceof Error ? error.message : String(error);
  return new CommandFailure(exitCodes.fault, message, undefined, error);
}
