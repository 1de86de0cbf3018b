import { JsonRpcError } from '@sallyport/core';
import type { Clock, Config, Json, JsonObject, OfferedTool, ToolDefinition, ToolPins, Upstream } from '@sallyport/core';
import { Catalogue, listKinds, type Having, type ListKind, type Offer } from './catalogue.ts';
import { definitionOf } from './operations.ts';
import { listedNames, prefixed } from './names.ts';
import { matchesTemplate } from './templates.ts';

const invalidParams = -32_602;
const resourceNotFound = -32_002;

export interface CataloguesOptions {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly configured: Config['upstreams'];
  readonly mcp: Config['mcp'];
  readonly pins: ToolPins;
  readonly clock: Clock;
  /** Takes note of a tool that may be called now. */
  readonly onOffered: (definition: ToolDefinition) => void;
  readonly onFault: (fault: string, error: unknown) => void;
}

interface OwnedTool {
  readonly upstream: string;
  readonly name: string;
  readonly listedAs: string | undefined;
  readonly tool: OfferedTool;
}

interface ListedTool extends OwnedTool {
  readonly definition: ToolDefinition;
}

interface OwnedPrompt {
  readonly upstream: string;
  readonly name: string;
  readonly prompt: Having<'name'>;
}

/** What all upstreams have, as agents see it. An upstream that cannot be asked has nothing, and keeps no other from it. */
export class Catalogues {
  readonly #options: CataloguesOptions;
  readonly #each: readonly Catalogue[];
  /** Made anew when an offer is another one. */
  #listed: { readonly offers: readonly Offer[]; readonly tools: ReadonlyMap<string, ListedTool> } | undefined;

  constructor(options: CataloguesOptions) {
    this.#options = options;
    const { pins, clock, onFault, configured } = options;
    let turn: Promise<unknown> = Promise.resolve();
    this.#each = [...options.upstreams.values()].map((upstream) => {
      const { tools = ['*'], connectMs = 15_000 } = configured[upstream.name] ?? {};
      const catalogue = new Catalogue({ upstream, pins, tools, connectMs, clock, turn, onFault });
      turn = Promise.all([turn, catalogue.judged]);
      return catalogue;
    });
  }

  /** At once where all of them are known well enough. */
  all(): readonly Offer[] | Promise<readonly Offer[]> {
    const known: Offer[] = [];
    for (const catalogue of this.#each) {
      const offer = catalogue.get();
      if (offer instanceof Promise) return this.#asked();
      if (offer) known.push(offer);
    }
    return known;
  }

  onChange(listener: (kind: ListKind) => void): () => void {
    const stops = this.#each.map((catalogue) => catalogue.onChange(listener));
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** An upstream's word that one of its lists may be another one. */
  changed(upstream: string, method: string): void {
    const kind = listKinds[method];
    if (kind) this.#each.find(({ name }) => name === upstream)?.changed(kind);
  }

  /** By the name under which agents know them. */
  tools(): ReadonlyMap<string, ListedTool> | Promise<ReadonlyMap<string, ListedTool>> {
    const offers = this.all();
    return offers instanceof Promise ? offers.then((all) => this.#toolsOf(all)) : this.#toolsOf(offers);
  }

  /** Without waiting: of those that were asked before. */
  knownTools(): ReadonlyMap<string, ListedTool> {
    return this.#toolsOf(this.#each.flatMap(({ known }) => known ?? []));
  }

  /** The upstream that has such a tool, which waits for review. */
  async quarantinedOf(name: string): Promise<string | undefined> {
    for (const { upstream, quarantined } of await this.all()) {
      for (const tool of quarantined) if (name === tool || name === prefixed({ upstream, name: tool })) return upstream;
    }
    return undefined;
  }

  async prompts(): Promise<ReadonlyMap<string, OwnedPrompt>> {
    const all = (await this.all()).flatMap(({ upstream, prompts }) =>
      prompts.map((prompt) => ({ upstream, name: prompt.name, prompt })),
    );
    return listedNames(all, this.#options.mcp);
  }

  /** @throws JsonRpcError where there is none */
  async prompt(name: Json | undefined): Promise<OwnedPrompt> {
    const found = typeof name === 'string' ? (await this.prompts()).get(name) : undefined;
    if (!found) throw new JsonRpcError(invalidParams, 'Unknown prompt');
    return found;
  }

  async resources() {
    return addressed(await this.all(), ({ resources }) => resources, 'uri');
  }

  async templates() {
    return addressed(await this.all(), ({ templates }) => templates, 'uriTemplate');
  }

  /**
   * Whose a resource is: as `<upstream>+<uri>`, or the only one that lists it, has a template for it, or has resources.
   *
   * @throws JsonRpcError where that is nobody, or more than one
   */
  async ownerOf(
    uri: Json | undefined,
  ): Promise<{ readonly upstream: string; readonly uri: string; readonly own: boolean }> {
    if (typeof uri !== 'string') throw new JsonRpcError(invalidParams, 'uri must be a string.');
    const offers = (await this.all()).filter(({ capabilities }) => capabilities['resources'] !== undefined);
    for (const offer of offers) {
      const { upstream } = offer;
      if (!uri.startsWith(`${upstream}+`)) continue;
      const address = uri.slice(upstream.length + 1);
      return { upstream, uri: address, own: isOwn(address, offer) };
    }
    const lists = offers.filter((offer) => isListed(uri, offer));
    const fits = offers.filter((offer) => fitsTemplate(uri, offer));
    const owners = [lists, fits, offers].find(({ length }) => length > 0) ?? [];
    const [owner, ...others] = owners;
    if (!owner) throw new JsonRpcError(resourceNotFound, 'Resource not found', { uri });
    if (others.length > 0) {
      const names = owners.map(({ upstream }) => upstream).join(', ');
      throw new JsonRpcError(
        invalidParams,
        `Several upstreams may have it: name one, as <upstream>+<uri>. They are ${names}.`,
      );
    }
    return { upstream: owner.upstream, uri, own: isOwn(uri, owner) };
  }

  /** @throws JsonRpcError where it refers to nothing */
  async completed(ref: Json | undefined): Promise<{ readonly upstream: string; readonly ref: JsonObject }> {
    const asked = typeof ref === 'object' && ref !== null && !Array.isArray(ref) ? (ref as JsonObject) : {};
    if (asked['type'] === 'ref/prompt') {
      const { upstream, prompt } = await this.prompt(asked['name']);
      return { upstream, ref: { ...asked, name: prompt.name } };
    }
    if (asked['type'] !== 'ref/resource')
      throw new JsonRpcError(invalidParams, 'ref must refer to a prompt or a resource.');
    const { uri } = asked;
    const template = (await this.templates()).find(({ item }) => item.uriTemplate === uri);
    const owner = template ?? (await this.ownerOf(uri));
    return { upstream: owner.upstream, ref: { ...asked, uri: template?.original ?? (owner as { uri: string }).uri } };
  }

  async close(): Promise<void> {
    await Promise.all(this.#each.map((catalogue) => catalogue.close()));
  }

  async #asked(): Promise<readonly Offer[]> {
    const asked = await Promise.all(this.#each.map(async (catalogue) => catalogue.get()));
    return asked.filter((offer) => offer !== undefined);
  }

  #toolsOf(offers: readonly Offer[]): ReadonlyMap<string, ListedTool> {
    const before = this.#listed;
    if (before?.offers.length === offers.length && before.offers.every((offer, index) => offer === offers[index])) {
      return before.tools;
    }
    const all = offers.flatMap(({ upstream, tools }) =>
      tools.map(({ tool, listedAs }): OwnedTool => ({ upstream, name: tool.name, listedAs, tool })),
    );
    const tools = new Map<string, ListedTool>();
    for (const [name, owned] of listedNames(all, this.#options.mcp)) {
      const definition = definitionOf(name, owned.tool);
      this.#options.onOffered(definition);
      tools.set(name, { ...owned, definition });
    }
    this.#listed = { offers, tools };
    return tools;
  }
}

const isListed = (uri: string, { resources }: Offer): boolean => resources.some((each) => each.uri === uri);
const fitsTemplate = (uri: string, { templates }: Offer): boolean =>
  templates.some(({ uriTemplate }) => matchesTemplate(uri, uriTemplate));

/** To another machine, whoever offers it. */
const leadsAway = /^(?:https?|wss?|ftps?|sftp|smb):|^file:\/\/[^/]/i;
const isOwn = (uri: string, offer: Offer): boolean =>
  /^[a-z][a-z0-9+.-]*:/i.test(uri) && !leadsAway.test(uri) && (isListed(uri, offer) || fitsTemplate(uri, offer));

/**
 * What more than one has is listed with the name of its upstream, so that it can be asked for; so is an address that looks as
 * if it had one: it would be asked of another upstream. Once each, as cursors are addresses.
 */
function addressed<Key extends string>(
  offers: readonly Offer[],
  itemsOf: (offer: Offer) => readonly Having<Key>[],
  key: Key,
): { readonly upstream: string; readonly original: string; readonly item: Having<Key> }[] {
  const all = offers.flatMap((offer) =>
    [...new Map(itemsOf(offer).map((item) => [item[key], item])).values()].map((item) => ({
      upstream: offer.upstream,
      item,
    })),
  );
  const named = new Set(offers.map(({ upstream }) => upstream));
  const counts = new Map<string, number>();
  for (const { item } of all) counts.set(item[key], (counts.get(item[key]) ?? 0) + 1);
  return all.map(({ upstream, item }) => {
    const original: string = item[key];
    const isOnly = counts.get(original) === 1 && !named.has(original.split('+', 1)[0] ?? '');
    return { upstream, original, item: isOnly ? item : { ...item, [key]: `${upstream}+${original}` } };
  });
}
