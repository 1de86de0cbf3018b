import type { OfferedTool } from '@sallyport/core';

/** One definition that an upstream offered. */
export interface Offer {
  readonly tool: OfferedTool;
  readonly hash: string | undefined;
  readonly at: number;
  /** Whether its upstream offered its name more than once in one list. */
  readonly doubled: boolean;
}

/** What an upstream offers is its own choice: bounded. */
const mostTools = 2_000;
/** An upstream may offer each user another definition; so many of one tool are kept for whoever reviews. */
const mostOfTool = 4;

/** What upstreams offered since the start: for reviews. The offers of longest ago are forgotten first. */
export class Offers {
  readonly #byUpstream = new Map<string, Map<string, Offer[]>>();

  note(upstream: string, offer: Offer): void {
    const tools = this.#byUpstream.get(upstream) ?? new Map<string, Offer[]>();
    this.#byUpstream.set(upstream, tools);
    const { name } = offer.tool;
    const others = (tools.get(name) ?? []).filter(({ hash }) => hash !== offer.hash);
    tools.delete(name);
    tools.set(name, [...others, offer].slice(-mostOfTool));
    const [oldest] = tools.keys();
    if (tools.size > mostTools && oldest !== undefined) tools.delete(oldest);
  }

  find(upstream: string, tool: string, hash: string): Offer | undefined {
    return this.of(upstream, tool).find((offer) => offer.hash === hash);
  }

  of(upstream: string, tool: string): readonly Offer[] {
    return this.#byUpstream.get(upstream)?.get(tool) ?? [];
  }

  all(upstream: string): readonly Offer[] {
    return [...(this.#byUpstream.get(upstream)?.values() ?? [])].flat();
  }

  names(upstream: string): readonly string[] {
    return [...(this.#byUpstream.get(upstream)?.keys() ?? [])];
  }

  upstreams(): readonly string[] {
    return [...this.#byUpstream.keys()];
  }
}
