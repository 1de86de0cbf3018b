import type { IncomingHttpHeaders } from 'node:http';
import type { JsonObject } from '@sallyport/core';
import { Refusal, errorCodes, invalidParams, mismatch } from './errors.ts';
import { decodeHeader } from './header-values.ts';
import { isObject, shown, type RpcMessage } from './message.ts';
import { isStatelessRevision, logLevels, metaKeys, statelessRevisions } from './revisions.ts';

/** What every 2026 request says of itself and its client. */
export interface Envelope {
  readonly protocol: string;
  readonly capabilities: JsonObject;
  readonly info: JsonObject;
  readonly meta: JsonObject;
  /** The least severe log messages the client wants; none without it. */
  readonly logLevel: string | undefined;
}

/** Whether a message is of a revision without sessions: by its envelope, and where it has none by the header. */
export function isStateless(message: RpcMessage, version: string | undefined): boolean {
  if (message.kind !== 'answer') {
    const meta = message.params['_meta'];
    if (isObject(meta) && metaKeys.version in meta) return true;
  }
  return namesStateless(version);
}

/** Dates sort as text; a later revision than we know is of this era as well, and is refused in its words. */
export const namesStateless = (version: string | undefined): boolean =>
  version !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= statelessRevisions[0];

type Sent = RpcMessage & { readonly kind: 'request' | 'notification' };

/**
 * Reads the envelope and holds the headers against the body (2026-07-28, streamable HTTP, server validation): whoever stands
 * between client and server may have decided on the headers.
 *
 * @throws Refusal 400 with -32602, -32020 or -32022
 */
export function readEnvelope(message: Sent, headers: IncomingHttpHeaders): Envelope {
  const version = headers['mcp-protocol-version'];
  const meta = message.params['_meta'];
  const named = isObject(meta) ? meta[metaKeys.version] : undefined;
  if (message.kind === 'notification' && named === undefined) {
    checkRepeated(message, headers);
    if (!isStatelessRevision(version)) throw unsupported(String(version));
    return { protocol: version, capabilities: {}, info: {}, meta: {}, logLevel: undefined };
  }
  if (!isObject(meta) || named === undefined) throw invalidParams(`params._meta lacks ${metaKeys.version}.`);
  if (typeof named !== 'string') throw invalidParams(`params._meta: ${metaKeys.version} must be a string.`);
  const envelope = readMeta(meta, named, message.kind);
  if (version !== undefined && version !== named)
    throw mismatch(`MCP-Protocol-Version is ${shown(String(version))}, the body says ${shown(named)}.`);
  checkRepeated(message, headers);
  if (!isStatelessRevision(named)) throw unsupported(named);
  if (message.kind === 'request') checkPresent(message, headers);
  return envelope;
}

function readMeta(meta: JsonObject, protocol: string, kind: Sent['kind']): Envelope {
  const { [metaKeys.capabilities]: capabilities, [metaKeys.clientInfo]: info, [metaKeys.logLevel]: level } = meta;
  if (capabilities === undefined && kind === 'request')
    throw invalidParams(`params._meta lacks ${metaKeys.capabilities}.`);
  if (capabilities !== undefined && !isObject(capabilities))
    throw invalidParams(`params._meta: ${metaKeys.capabilities} must be an object.`);
  if (info !== undefined && !isObject(info))
    throw invalidParams(`params._meta: ${metaKeys.clientInfo} must be an object.`);
  if (level !== undefined && !(logLevels as readonly unknown[]).includes(level))
    throw invalidParams(`params._meta: ${metaKeys.logLevel} must be one of ${logLevels.join(', ')}.`);
  return {
    protocol,
    capabilities: capabilities ?? {},
    info: info ?? {},
    meta,
    logLevel: level as string | undefined,
  };
}

/** Which member `Mcp-Name` repeats. */
const nameMembers: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

/**
 * Holds what is repeated in headers against the body, in either era: a 2025 client sends no such headers, but whoever stands
 * in front may decide on them all the same.
 *
 * @throws Refusal 400 with -32020
 */
export function checkRepeated({ method, params }: Sent, headers: IncomingHttpHeaders): void {
  const { 'mcp-method': repeated, 'mcp-name': name } = headers;
  if (repeated !== undefined && repeated !== method)
    throw mismatch(`Mcp-Method is ${shown(String(repeated))}, the body's method ${shown(method)}.`);
  const member = Object.hasOwn(nameMembers, method) ? nameMembers[method] : undefined;
  if (member === undefined || name === undefined) return;
  const value = params[member];
  if (typeof name !== 'string' || decodeHeader(name) !== value)
    throw mismatch(`Mcp-Name is ${shown(String(name))}, the body's params.${member} another.`);
}

function checkPresent({ method, params }: Sent, headers: IncomingHttpHeaders): void {
  if (headers['mcp-protocol-version'] === undefined) throw mismatch('MCP-Protocol-Version is missing.');
  if (headers['mcp-method'] === undefined) throw mismatch('Mcp-Method is missing.');
  const member = Object.hasOwn(nameMembers, method) ? nameMembers[method] : undefined;
  if (member === undefined) return;
  if (typeof params[member] !== 'string') throw invalidParams(`params.${member} must be a string.`);
  if (headers['mcp-name'] === undefined) throw mismatch('Mcp-Name is missing.');
}

const unsupported = (requested: string): Refusal =>
  new Refusal(400, errorCodes.unsupportedVersion, `Revision ${shown(requested)} is not spoken here.`, {
    data: { supported: statelessRevisions, requested },
  });
