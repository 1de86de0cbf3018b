import type { ConnectOptions, Upstream, UpstreamConnection } from '@sallyport/core';
import type { ConfigOf, UpstreamFactory, UpstreamServices } from '../services.ts';
import type { Era } from '../protocol/handshake.ts';
import type { Transport } from '../protocol/transport.ts';
import { Endpoint } from '../http/endpoint.ts';
import { LegacySse } from './legacy-sse.ts';
import { NotUnderstood, SessionGone } from '../protocol/transport.ts';
import { StatusBoard } from '../status.ts';
import { StreamableHttp } from './streamable.ts';
import { offeredBy } from '../offered.ts';
import { connectOver } from '../protocol/connect.ts';

type Carrier = 'streamable' | 'sse';

/** An MCP server behind an address. */
export const mcpUpstream: UpstreamFactory<'mcp'> = (name, config, services) => new McpUpstream(name, config, services);

class McpUpstream implements Upstream {
  readonly name: string;
  readonly shared: boolean;
  readonly #config: ConfigOf<'mcp'>;
  readonly #services: UpstreamServices;
  readonly #endpoint: Endpoint;
  readonly #status: StatusBoard;
  readonly #offers: (tool: string) => boolean;
  /** What it was found to speak, and over what; asked anew after a failure. */
  #era: Era | undefined;
  #carrier: Carrier | undefined;

  constructor(name: string, config: ConfigOf<'mcp'>, services: UpstreamServices) {
    this.name = name;
    this.shared = config.shared;
    this.#config = config;
    this.#services = services;
    this.#status = new StatusBoard(services.clock);
    this.#offers = offeredBy(name, config.tools);
    const { headers, connectMs } = config;
    const { credentials } = services;
    this.#endpoint = new Endpoint({ upstream: name, url: new URL(config.url), headers, connectMs, credentials });
  }

  async connect(options: ConnectOptions): Promise<UpstreamConnection> {
    const { transport } = this.#config;
    const carriers: readonly Carrier[] =
      transport !== 'auto' ? [transport] : this.#carrier ? [this.#carrier] : ['streamable', 'sse'];
    for (const carrier of carriers) {
      try {
        const connection = await this.#connectOver(carrier, options);
        this.#carrier = carrier;
        return connection;
      } catch (error) {
        this.#forget();
        const another = carrier !== carriers.at(-1) && error instanceof NotUnderstood;
        if (!another) throw error;
      }
    }
    throw new NotUnderstood(this.name, 404);
  }

  status(): ReturnType<Upstream['status']> {
    return this.#status.status();
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }

  #connectOver(carrier: Carrier, options: ConnectOptions): Promise<UpstreamConnection> {
    const { config, endpoint, services } = { config: this.#config, endpoint: this.#endpoint, services: this.#services };
    const { clock, credentials } = services;
    const carrying = {
      upstream: this.name,
      endpoint,
      clock,
      maxBytes: config.maxResultBytes,
      connectMs: config.connectMs,
      userContextHeader: config.userContext.header,
      mask: (text: string) => credentials.mask(text),
    };
    const transport: Transport = carrier === 'sse' ? new LegacySse(carrying) : new StreamableHttp(carrying);
    return connectOver(transport, {
      upstream: this.name,
      config,
      services,
      options,
      status: this.#status,
      audience: config.userContext.audience ?? endpoint.url.origin,
      // 2024-11-05 is older than the question.
      known: carrier === 'sse' ? 'legacy' : this.#era,
      remember: (era) => {
        this.#era = era;
      },
      forget: () => this.#forget(),
      offers: this.#offers,
      explain: ({ message }) => message,
      onLost: (fault) => {
        // A 2025 server forgets sessions as it likes.
        if (!(fault instanceof SessionGone)) services.onFault(`upstream ${this.name} was lost`, fault);
      },
    });
  }

  #forget(): void {
    this.#era = undefined;
    this.#carrier = undefined;
  }
}
