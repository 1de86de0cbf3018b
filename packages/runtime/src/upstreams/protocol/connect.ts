import type { ConnectOptions, JsonObject, UpstreamConnection } from '@sallyport/core';
import type { Era } from './handshake.ts';
import type { StatusBoard } from '../status.ts';
import type { Transport } from './transport.ts';
import type { UpstreamServices } from '../services.ts';
import { RuntimeFault } from '@sallyport/core';
import { Calls } from './calls.ts';
import { McpConnection } from './connection.ts';
import { agree, initialize } from './handshake.ts';

export interface Connecting {
  readonly upstream: string;
  readonly config: {
    readonly timeoutMs: number;
    readonly connectMs: number;
    readonly shared: boolean;
  };
  readonly offers: (tool: string) => boolean;
  readonly services: Pick<UpstreamServices, 'clock' | 'userContexts'>;
  readonly options: ConnectOptions;
  readonly status: StatusBoard;
  readonly audience: string;
  readonly known: Era | undefined;
  readonly remember: (era: Era) => void;
  readonly forget: () => void;
  /** What an operator is told of a fault. */
  readonly explain: (fault: RuntimeFault) => string;
  /** The connection ended, and nobody had meant it to. */
  readonly onLost: (fault: RuntimeFault) => void;
}

/** What a client can be asked; nothing else that it says of itself is passed on. */
const askable: ReadonlySet<string> = new Set(['elicitation', 'sampling', 'roots']);

/**
 * Opens a transport and agrees on the revision, all of it within `connectMs`.
 *
 * @throws RuntimeFault; JsonRpcError as the upstream answered `initialize`
 */
export async function connectOver(transport: Transport, connecting: Connecting): Promise<UpstreamConnection> {
  const { upstream, config, services, options, status } = connecting;
  const { clock } = services;
  const calls = new Calls({ upstream, transport, clock, shared: config.shared });
  const about = options.session ? { session: options.session } : {};
  const capabilities: JsonObject = Object.fromEntries(
    Object.entries(options.capabilities).filter(([key]) => askable.has(key)),
  );
  const handshake = { upstream, calls, transport, capabilities, about, timeoutMs: config.connectMs };
  const time = limited(options.signal, connecting, (fault) => calls.end(fault));
  try {
    const { signal } = time;
    const agreeing = transport
      .open(calls.channel, signal, about)
      .then(() => agree({ ...handshake, signal }, connecting.known, Math.ceil(config.connectMs / 2)));
    const agreed = await Promise.race([agreeing, time.over]);
    connecting.remember(agreed.era);
    status.connected(agreed.info.protocol);
    calls.onClose(() => {
      status.closed();
      if (calls.lost) connecting.onLost(calls.lost);
    });
    return new McpConnection({
      upstream,
      calls,
      transport,
      clock,
      timeoutMs: config.timeoutMs,
      shared: config.shared,
      connect: options,
      agreed,
      offers: connecting.offers,
      again: (until) => initialize({ ...handshake, signal: until }),
      audience: connecting.audience,
      userContexts: services.userContexts,
      forget: connecting.forget,
    });
  } catch (error) {
    const fault = error instanceof RuntimeFault ? error : refused(upstream, error);
    calls.end(fault);
    status.failed('failing', connecting.explain(fault));
    throw fault;
  } finally {
    time.stop();
  }
}

/** A handshake that is refused by an error of the protocol: what it says is the upstream's own word. */
const refused = (upstream: string, cause: unknown): RuntimeFault =>
  new RuntimeFault('upstream_failed', { detail: `Upstream ${upstream} refused the handshake.`, cause });

function limited(
  outer: AbortSignal,
  { config, upstream, services }: Connecting,
  end: (fault: RuntimeFault) => void,
): { readonly signal: AbortSignal; readonly over: Promise<never>; readonly stop: () => void } {
  const controller = new AbortController();
  let fail: (fault: RuntimeFault) => void = () => undefined;
  const over = new Promise<never>((_, reject) => {
    fail = reject;
  });
  over.catch(() => undefined);
  const give = (fault: RuntimeFault) => {
    fail(fault);
    controller.abort(fault);
    end(fault);
  };
  const cancelled = () =>
    give(
      new RuntimeFault('upstream_timeout', { detail: `Upstream ${upstream} was given up before it was connected.` }),
    );
  const stopTimer = services.clock.after(config.connectMs, () => {
    const detail = `Upstream ${upstream} was not connected within ${config.connectMs} ms (connectMs).`;
    give(new RuntimeFault('upstream_timeout', { detail }));
  });
  if (outer.aborted) cancelled();
  else outer.addEventListener('abort', cancelled, { once: true });
  const stop = () => {
    stopTimer();
    outer.removeEventListener('abort', cancelled);
  };
  return { signal: controller.signal, over, stop };
}
