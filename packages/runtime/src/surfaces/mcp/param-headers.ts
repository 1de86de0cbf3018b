import type { IncomingHttpHeaders } from 'node:http';
import type { JsonObject, Session } from '@sallyport/core';
import type { Gateway } from '../../gateway/contract.ts';
import { mismatch } from './errors.ts';
import { checkParamHeaders } from './header-values.ts';

/**
 * Holds the `Mcp-Param-*` headers of a tool's call against its arguments.
 *
 * @param areNeeded whether an argument must be repeated, as in 2026-07-28. 2025 knows no such headers; whoever stands in front
 *   may decide on them all the same.
 * @throws Refusal 400 with -32020
 */
export async function checkParams(
  gateway: Gateway,
  session: Session,
  { name, arguments: args }: JsonObject,
  headers: IncomingHttpHeaders,
  areNeeded: boolean,
): Promise<void> {
  const areThere = () => Object.keys(headers).some((header) => header.startsWith('mcp-param-'));
  if (typeof name !== 'string' || !(areNeeded || areThere())) return;
  if (gateway.inputSchema) return checkParamHeaders(await gateway.inputSchema(session, name), args, headers, areNeeded);
  // Not to be held against anything: whoever decided on them may have been told another value than the tool will be.
  if (areThere()) throw mismatch('Mcp-Param-* cannot be checked here.');
}
