import type { JsonObject, UpstreamInfo } from '@sallyport/core';
import type { About, Transport } from './transport.ts';
import type { Calls } from './calls.ts';
import { JsonRpcError, RuntimeFault } from '@sallyport/core';
import { NotUnderstood } from './transport.ts';
import { clientInfo, isObject, isRevision, legacyProtocols, metaKeys, modernProtocol, rpcCodes } from './messages.ts';

/** Of the protocol: `modern` has no handshake (2026-07-28), `legacy` has one. A property of the server, so remembered. */
export type Era = 'modern' | 'legacy';

export interface Handshake {
  readonly upstream: string;
  readonly calls: Calls;
  readonly transport: Transport;
  /** What the client can be asked: `elicitation`, `sampling`, `roots`. */
  readonly capabilities: JsonObject;
  readonly about: About;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

export interface Agreed {
  readonly era: Era;
  readonly info: UpstreamInfo;
}

/**
 * Finds out what the upstream speaks, as 2026-07-28 says ("Versioning and Compatibility"): `server/discover` first;
 * whatever is no answer and no error of that revision means that it expects `initialize`.
 *
 * @param probeMs how long a program may stay silent on the question; on HTTP silence is a fault
 */
export async function agree(handshake: Handshake, known: Era | undefined, probeMs: number): Promise<Agreed> {
  if (known !== 'legacy') {
    const info = await discover(handshake, probeMs);
    if (info) return { era: 'modern', info };
  }
  try {
    return { era: 'legacy', info: await initialize(handshake) };
  } catch (error) {
    // A program that was slow to start did not answer the question in time; or the server has become another since.
    const info = isModernOnly(error) ? await discover(handshake, handshake.timeoutMs) : undefined;
    if (info) return { era: 'modern', info };
    throw error;
  }
}

function isModernOnly(error: unknown): boolean {
  if (!(error instanceof JsonRpcError) || error.code !== rpcCodes.unsupportedProtocol) return false;
  const supported = isObject(error.data) ? error.data['supported'] : undefined;
  return Array.isArray(supported) && supported.includes(modernProtocol);
}

/** Resolves to nothing where the upstream is of the era before. */
async function discover(handshake: Handshake, probeMs: number): Promise<UpstreamInfo | undefined> {
  const { calls, transport, capabilities, about, signal, upstream } = handshake;
  const timeoutMs = transport.streams ? handshake.timeoutMs : probeMs;
  calls.envelope = {
    [metaKeys.protocolVersion]: modernProtocol,
    [metaKeys.clientInfo]: clientInfo,
    [metaKeys.clientCapabilities]: capabilities,
  };
  transport.speak(modernProtocol);
  try {
    const result = await calls.request({ method: 'server/discover', params: {}, meta: {}, about, signal, timeoutMs });
    return discovered(result);
  } catch (error) {
    if (error instanceof JsonRpcError) return refuseOthers(error, upstream);
    if (error instanceof NotUnderstood) return undefined;
    const silent = error instanceof RuntimeFault && error.code === 'upstream_timeout' && !transport.streams;
    if (silent) return undefined;
    throw error;
  }
}

function discovered(result: JsonObject): UpstreamInfo | undefined {
  const { supportedVersions, capabilities, instructions, _meta } = result;
  if (!Array.isArray(supportedVersions) || !supportedVersions.includes(modernProtocol)) return undefined;
  const serverInfo = isObject(_meta) ? _meta[metaKeys.serverInfo] : undefined;
  return {
    protocol: modernProtocol,
    capabilities: isObject(capabilities) ? capabilities : {},
    serverInfo: isObject(serverInfo) ? serverInfo : {},
    ...(typeof instructions === 'string' ? { instructions } : {}),
  };
}

/** Of what the server supports, nothing may be ours: then it is clearer to say so than to try `initialize`. */
function refuseOthers({ code, data }: JsonRpcError, upstream: string): undefined {
  if (code !== rpcCodes.unsupportedProtocol || !isObject(data)) return undefined;
  const { supported } = data;
  if (!Array.isArray(supported) || supported.length === 0) return undefined;
  if (legacyProtocols.some((protocol) => supported.includes(protocol))) return undefined;
  const detail = `Upstream ${upstream} speaks only ${supported.filter(isRevision).slice(0, 10).join(', ')}; this runtime does not.`;
  throw new RuntimeFault('upstream_failed', { detail });
}

/** The handshake of 2025-11-25 ("Lifecycle") and before. */
export async function initialize(handshake: Handshake): Promise<UpstreamInfo> {
  const { calls, transport, capabilities, about, signal, upstream, timeoutMs } = handshake;
  calls.envelope = undefined;
  transport.speak('');
  const params = { protocolVersion: legacyProtocols[0], capabilities, clientInfo };
  const result = await calls.request({ method: 'initialize', params, meta: {}, about, signal, timeoutMs });
  const { protocolVersion, instructions } = result;
  const protocol = legacyProtocols.find((each) => each === protocolVersion);
  if (protocol === undefined) {
    const named = isRevision(protocolVersion) ? protocolVersion : 'no revision';
    throw new RuntimeFault('upstream_failed', {
      detail: `Upstream ${upstream} answered initialize with ${named}; this runtime speaks ${legacyProtocols.join(', ')}.`,
    });
  }
  transport.speak(protocol);
  await calls.notify('notifications/initialized', {}, about);
  transport.listen?.();
  return {
    protocol,
    capabilities: isObject(result['capabilities']) ? result['capabilities'] : {},
    serverInfo: isObject(result['serverInfo']) ? result['serverInfo'] : {},
    ...(typeof instructions === 'string' ? { instructions } : {}),
  };
}
