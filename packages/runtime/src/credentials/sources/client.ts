import { parseJson } from '@sallyport/core';
import { SourceProblem, kindOf } from '../unavailable.ts';

/**
 * A secret store's client library, which only who uses the store installs.
 *
 * @throws SourceProblem that says how to install it
 */
export async function loadClient<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') {
      throw new SourceProblem(`needs the package ${name}, which is not installed: npm install ${name}`);
    }
    throw new SourceProblem(`needs the package ${name}, which cannot be loaded (${kindOf(error)}).`);
  }
}

/** A member of a secret that is a JSON object, or all of it. */
export function fieldOf(secret: string, field: string | undefined): string {
  if (field === undefined) return secret;
  let value: unknown;
  try {
    value = parseJson(secret, { maxDepth: 8 });
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, field)) {
    const member = (value as Readonly<Record<string, unknown>>)[field];
    if (typeof member === 'string') return member;
  }
  throw new SourceProblem(`cannot be read: the secret is no JSON object with the text ${field}.`);
}

/** Of an answer of a store: its status, in place of its words. */
export function statusOf(error: unknown): string {
  const { $metadata, statusCode, status, response } = error as {
    $metadata?: { httpStatusCode?: unknown };
    statusCode?: unknown;
    status?: unknown;
    response?: { statusCode?: unknown };
  };
  const found = $metadata?.httpStatusCode ?? response?.statusCode ?? statusCode ?? status;
  return typeof found === 'number' && Number.isInteger(found) ? `status ${found}` : kindOf(error);
}
