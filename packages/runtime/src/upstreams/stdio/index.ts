import { resolve } from 'node:path';
import type { ConnectOptions, Program, Upstream, UpstreamConnection } from '@sallyport/core';
import type { ConfigOf, UpstreamFactory, UpstreamServices } from '../services.ts';
import type { Era } from '../protocol/handshake.ts';
import { RuntimeFault } from '@sallyport/core';
import { Restarts } from './restarts.ts';
import { StatusBoard } from '../status.ts';
import { StdioTransport } from './transport.ts';
import { offeredBy } from '../offered.ts';
import { connectOver } from '../protocol/connect.ts';

/** An MCP server that is a program of ours, speaking over its standard input and output. One for each session. */
export const stdioUpstream: UpstreamFactory<'stdio'> = (name, config, services) =>
  new StdioUpstream(name, config, services);

class StdioUpstream implements Upstream {
  readonly name: string;
  readonly shared: boolean;
  readonly #config: ConfigOf<'stdio'>;
  readonly #services: UpstreamServices;
  readonly #status: StatusBoard;
  readonly #restarts: Restarts;
  readonly #offers: (tool: string) => boolean;
  readonly #open = new Set<StdioTransport>();
  #era: Era | undefined;
  #closed = false;

  constructor(name: string, config: ConfigOf<'stdio'>, services: UpstreamServices) {
    this.name = name;
    this.shared = config.shared;
    this.#config = config;
    this.#services = services;
    this.#status = new StatusBoard(services.clock, services.runner.isolation);
    this.#restarts = new Restarts(services.clock);
    this.#offers = offeredBy(name, config.tools);
  }

  async connect(options: ConnectOptions): Promise<UpstreamConnection> {
    this.#allowed();
    const who = this.shared ? '' : (options.session?.id ?? '');
    await this.#pause(who, options.signal);
    const program = await this.#program();
    const attempt = this.#transport(program);
    try {
      return await this.#connectOver(attempt, options, who);
    } catch (error) {
      // Some programs of the era before end at the question which era they are of.
      if (this.#era !== undefined || !attempt.ended) throw this.#failed(error, options);
      this.#era = 'legacy';
      return await this.#connectOver(this.#transport(program), options, who).catch((again: unknown) => {
        throw this.#failed(again, options);
      });
    }
  }

  status(): ReturnType<Upstream['status']> {
    return this.#status.status();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#open].map((transport) => transport.close()));
  }

  #allowed(): void {
    const { runner } = this.#services;
    if (this.#closed) throw new RuntimeFault('shutting_down');
    if (this.#config.sandbox !== 'required' || runner.isolation === 'sandbox') return;
    const detail = `Upstream ${this.name} must run in a sandbox (sandbox: required), and none is configured.`;
    throw new RuntimeFault('upstream_refused', { detail, path: `upstreams.${this.name}.sandbox` });
  }

  /** A short pause is waited for; for a long one it is better to say when. */
  async #pause(who: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#services;
    const ms = Math.max(this.#restarts.waitMs(''), this.#restarts.waitMs(who));
    if (ms === 0) return;
    if (ms > this.#config.connectMs) {
      const detail = `The program of upstream ${this.name} broke down repeatedly; it is started again in ${Math.ceil(ms / 1000)} s.`;
      throw new RuntimeFault('upstream_failed', { detail });
    }
    await new Promise<void>((done) => {
      const stop = clock.after(ms, done);
      const aborted = () => {
        stop();
        done();
      };
      signal.addEventListener('abort', aborted, { once: true });
    });
  }

  async #program(): Promise<Program> {
    const { command, args, cwd, env, permissions } = this.#config;
    const { credentials, folder } = this.#services;
    const plain = Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    const secret = plain.length < Object.keys(env).length ? await credentials.environment(this.name) : {};
    const missing = Object.keys(env).find((key) => typeof env[key] !== 'string' && secret[key] === undefined);
    if (missing !== undefined) {
      const detail = `The credential for ${missing} of upstream ${this.name} is not to be had.`;
      throw new RuntimeFault('credential_unavailable', { detail, path: `upstreams.${this.name}.env.${missing}` });
    }
    const named = Object.fromEntries(Object.entries(secret).filter(([key]) => Object.hasOwn(env, key)));
    const whole = { ...Object.fromEntries(plain), ...named };
    return { name: this.name, command, args, env: whole, cwd: resolve(folder, cwd ?? '.'), permissions };
  }

  #transport(program: Program): StdioTransport {
    const { runner, credentials } = this.#services;
    const mask = (text: string) => credentials.mask(text);
    return new StdioTransport({ upstream: this.name, runner, program, maxBytes: this.#config.maxResultBytes, mask });
  }

  async #connectOver(transport: StdioTransport, options: ConnectOptions, who: string): Promise<UpstreamConnection> {
    // It may have been closed while a pause, or a credential, was waited for.
    this.#allowed();
    this.#open.add(transport);
    try {
      const connection = await connectOver(transport, {
        upstream: this.name,
        config: this.#config,
        services: this.#services,
        options,
        status: this.#status,
        offers: this.#offers,
        audience: this.name,
        known: this.#era,
        remember: (era) => {
          this.#era = era;
        },
        forget: () => {
          this.#era = undefined;
        },
        explain: (fault) => explained(fault, transport),
        onLost: (fault) => this.#brokeDown(fault, who, transport),
      });
      connection.onClose(() => this.#end(transport));
      return connection;
    } catch (error) {
      this.#end(transport);
      throw error;
    }
  }

  /** Whoever closes the upstream waits until its programs have ended. */
  #end(transport: StdioTransport): void {
    void transport.close().finally(() => this.#open.delete(transport));
  }

  /** By what one session did: it does not keep the others waiting. */
  #brokeDown(fault: RuntimeFault, who: string, transport: StdioTransport): void {
    this.#restarts.failed(who, Math.random());
    this.#status.failed('restarting', explained(fault, transport));
    this.#services.onFault(`upstream ${this.name}: ${explained(fault, transport)}`, fault);
  }

  /** Before any session had a say: it would be no different for another. */
  #failed(error: unknown, { signal }: ConnectOptions): unknown {
    this.#era = undefined;
    if (!signal.aborted) this.#restarts.failed('', Math.random());
    return error;
  }
}

const explained = ({ message }: RuntimeFault, { lastWords }: StdioTransport): string =>
  lastWords === '' ? message : `${message} It last said: ${lastWords}`;
