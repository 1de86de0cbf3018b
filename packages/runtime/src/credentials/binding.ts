import { authorityOf, hostKey, isLoopback, matchesGlob, parseGlob, showText } from '@sallyport/core';
import type { CredentialConfig, CredentialUse, Glob, UpstreamConfig } from '@sallyport/core';
import { unavailable } from './unavailable.ts';

type Upstreams = Readonly<Record<string, UpstreamConfig>>;

/** Where one credential may go. Everything else is refused: a key at the wrong door is a key given away. */
export class Binding {
  readonly #name: string;
  readonly #config: CredentialConfig;
  readonly #upstreams: Upstreams;
  readonly #tools: readonly Glob[];
  /** Where it might go last: nearly always there again. */
  #last: { readonly upstream: string; readonly text: string; readonly url: URL } | undefined;

  constructor(name: string, config: CredentialConfig, upstreams: Upstreams) {
    this.#name = name;
    this.#config = config;
    this.#upstreams = upstreams;
    // What is no pattern was refused with the configuration; here it matches nothing.
    this.#tools = config.tools.map(parseGlob).filter((glob): glob is Glob => !('problem' in glob));
  }

  /** As configured, or those of the upstreams. */
  get hosts(): readonly string[] {
    if (this.#config.hosts.length > 0) return this.#config.hosts;
    const found = this.#config.upstreams.flatMap((name) => this.#hostOf(name) ?? []);
    return [...new Set(found)];
  }

  /**
   * The address, read as it will be when it is called.
   *
   * @throws RuntimeFault `credential_unavailable`
   */
  check({ upstream, url: text, tool }: CredentialUse): URL {
    const last = this.#last;
    const isSame = last?.upstream === upstream && last.text === text;
    const url = isSame ? last.url : this.#addressOf(upstream, text);
    if (tool !== undefined && !this.#tools.some((glob) => matchesGlob(glob, tool))) {
      throw this.#refused(`is not for the tool ${showText(tool)}; see credentials.${this.#name}.tools.`);
    }
    if (url.protocol === 'http:' && !isLoopback(url.hostname) && !this.#mayCrossInClear(upstream)) {
      throw this.#refused(`may not cross the network in clear to ${showText(url.host)}.`);
    }
    return url;
  }

  #addressOf(upstream: string, text: string): URL {
    this.checkUpstream(upstream);
    const url = this.#address(text);
    const { hosts } = this.#config;
    const allowed = hosts.length > 0 ? hosts : [this.#hostOf(upstream) ?? ''];
    if (!allowed.some((host) => host !== '' && hostKey(host, url.protocol) === authorityOf(url))) {
      throw this.#refused(`may not be sent to ${showText(url.host)}; see credentials.${this.#name}.hosts.`);
    }
    this.#last = { upstream, text, url };
    return url;
  }

  checkUpstream(upstream: string): void {
    if (this.#config.upstreams.includes(upstream)) return;
    throw this.#refused(`is not for ${showText(upstream)}; see credentials.${this.#name}.upstreams.`);
  }

  #address(text: string): URL {
    // Of these, readers of addresses differ in what the host is.
    const url = /[\s\\\p{Cc}]/u.test(text) ? null : URL.parse(text);
    if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
      throw this.#refused('was asked for by an address that is none.');
    }
    if (url.username !== '' || url.password !== '') {
      throw this.#refused('was asked for by an address that holds another one.');
    }
    return url;
  }

  #hostOf(name: string): string | undefined {
    const upstream = Object.hasOwn(this.#upstreams, name) ? this.#upstreams[name] : undefined;
    if (!upstream || upstream.kind === 'stdio' || upstream.url === undefined) return undefined;
    // With the port, also where it is the protocol's own: a host without one would be any protocol's.
    return authorityOf(new URL(upstream.url));
  }

  #mayCrossInClear(name: string): boolean {
    const upstream = Object.hasOwn(this.#upstreams, name) ? this.#upstreams[name] : undefined;
    return upstream !== undefined && upstream.kind !== 'stdio' && upstream.allowPlaintext;
  }

  #refused = (why: string) => unavailable(this.#name, why);
}
