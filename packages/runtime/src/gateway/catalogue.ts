import { setImmediate } from 'node:timers/promises';
import { inScope, scanTexts } from '@sallyport/core';
import type {
  Clock,
  JsonObject,
  OfferedTool,
  ToolPins,
  Upstream,
  UpstreamConnection,
  UpstreamList,
} from '@sallyport/core';
import { isToolName } from './names.ts';

const maxPages = 100;
const maxItems = 10_000;
/** What no upstream announces is found out at the latest after this long. */
const freshMs = 300_000;
/** How long others wait for their turn behind an upstream that does not answer. */
const turnMs = 5_000;
/** How often it is asked at once, where its lists change while they are read. */
const maxRounds = 3;
/** After a failure nothing is asked again for as long: every list of every client would wait for it. */
const retryMs = 5_000;

/** An item that says what it is called; all else about it is unknown. */
export type Having<Key extends string> = JsonObject & { readonly [K in Key]: string };

const having =
  <Key extends string>(key: Key) =>
  (item: JsonObject): item is Having<Key> =>
    typeof item[key] === 'string';

/** What one upstream has, as far as it may be offered. Everything in it is the upstream's word. */
export interface Offer {
  readonly upstream: string;
  readonly capabilities: JsonObject;
  /** Reviewed and pinned ones alone. */
  readonly tools: readonly { readonly tool: OfferedTool; readonly listedAs?: string | undefined }[];
  /** Known, and not to be listed or called: they wait for review. */
  readonly quarantined: ReadonlySet<string>;
  readonly resources: readonly Having<'uri'>[];
  readonly templates: readonly Having<'uriTemplate'>[];
  readonly prompts: readonly Having<'name'>[];
}

export interface CatalogueOptions {
  readonly upstream: Upstream;
  readonly pins: ToolPins;
  /** Globs of the tools that are offered at all. */
  readonly tools: readonly string[];
  readonly connectMs: number;
  readonly clock: Clock;
  /** Resolves when those that stand before it in the configuration have been judged for the first time. */
  readonly turn: Promise<unknown>;
  readonly onFault: (fault: string, error: unknown) => void;
}

/** What may have changed, in the words of MCP's notifications. */
export type ListKind = 'tools' | 'resources' | 'prompts';

/**
 * What one upstream offers, kept until it says otherwise. Asked for on a connection of its own, which carries no session.
 */
export class Catalogue {
  readonly #options: CatalogueOptions;
  readonly #listeners = new Set<(kind: ListKind) => void>();
  #connection: UpstreamConnection | undefined;
  #offer: Offer | undefined;
  #loadedAt = -Infinity;
  /** Counts what made it stale: also what comes up while it is asked for. */
  #changes = 0;
  /** What was read of resources and prompts at the last load, by their text. */
  #read: ReadonlyMap<string, boolean> = new Map();
  #loading: Promise<Offer | undefined> | undefined;
  #failedAt = -Infinity;
  #closed = false;
  /** Of what was told since it was last asked. */
  readonly #told = new Set<ListKind>();
  readonly #stopListening: () => void;
  readonly #first = Promise.withResolvers<void>();

  constructor(options: CatalogueOptions) {
    this.#options = options;
    this.#stopListening = options.pins.onChange((upstream) => {
      if (upstream === options.upstream.name) this.changed('tools');
    });
  }

  /** Resolves once it was asked for the first time, whatever came of it. */
  get judged(): Promise<void> {
    return this.#first.promise;
  }

  get name(): string {
    return this.#options.upstream.name;
  }

  /** At once where it is known well enough. Nothing while the upstream cannot be asked. */
  get(): Offer | undefined | Promise<Offer | undefined> {
    const now = this.#options.clock.now();
    if (this.#offer && now - this.#loadedAt < freshMs) return this.#offer;
    if (now - this.#failedAt < retryMs) return undefined;
    this.#loading ??= this.#load().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  /** As it is known, without waiting. */
  get known(): Offer | undefined {
    return this.#offer;
  }

  onChange(listener: (kind: ListKind) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** As the upstream says, on whatever connection: each session's own is told as well. Until somebody asks again, once is enough. */
  changed(kind: ListKind): void {
    this.#forget();
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    for (const listener of this.#listeners) listener(kind);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopListening();
    await this.#connection?.close();
  }

  async #load(): Promise<Offer | undefined> {
    const { clock, onFault, connectMs, upstream } = this.#options;
    const abort = new AbortController();
    const cancel = clock.after(connectMs * 3, () => abort.abort());
    try {
      const connection = await this.#connected(abort.signal);
      for (let round = 1; ; round++) {
        this.#told.clear();
        const asOf = this.#changes;
        this.#offer = await this.#ask(connection, abort.signal);
        const isStill = this.#changes === asOf;
        this.#loadedAt = isStill ? clock.now() : -Infinity;
        // Whoever was told of a change meanwhile waits for this very answer.
        if (isStill || round === maxRounds) return this.#offer;
      }
    } catch (error) {
      // What was reviewed may not be what is there now: nothing is offered until it can be asked.
      this.#offer = undefined;
      this.#failedAt = clock.now();
      onFault(`upstream ${upstream.name} cannot be asked what it offers`, error);
      return undefined;
    } finally {
      cancel();
      this.#first.resolve();
    }
  }

  async #connected(signal: AbortSignal): Promise<UpstreamConnection> {
    if (this.#connection) return this.#connection;
    const connection = await this.#options.upstream.connect({ capabilities: {}, signal });
    if (this.#closed) {
      await connection.close();
      throw new Error('the gateway is closing');
    }
    this.#connection = connection;
    connection.onClose(() => {
      if (this.#connection === connection) this.#connection = undefined;
      // A program that starts anew may be another one.
      this.#forget();
    });
    connection.onNotification((method) => {
      const kind = listKinds[method];
      if (kind) this.changed(kind);
    });
    return connection;
  }

  async #ask(connection: UpstreamConnection, signal: AbortSignal): Promise<Offer> {
    const { upstream, pins, tools: offered } = this.#options;
    const { capabilities } = connection.info;
    const all = async (capability: string, method: UpstreamList, member: string) =>
      capabilities[capability] === undefined ? [] : await pages(connection, method, member, signal);
    const [tools, resources, templates, prompts] = await Promise.all([
      all('tools', 'tools/list', 'tools'),
      all('resources', 'resources/list', 'resources'),
      all('resources', 'resources/templates/list', 'resourceTemplates'),
      all('prompts', 'prompts/list', 'prompts'),
    ]);
    const wanted = tools.filter(having('name')).filter(({ name }) => isToolName(name) && inScope(name, offered));
    const read = new Map<string, boolean>();
    const named = prompts.filter(having('name')).filter(({ name }) => isToolName(name));
    const harmless = {
      resources: await this.#harmless(resources.filter(having('uri')), read),
      templates: await this.#harmless(templates.filter(having('uriTemplate')), read),
      prompts: await this.#harmless(named, read),
    };
    this.#read = read;
    // Of two upstreams that are new with a tool of one name, the first has it, however fast the other answers.
    await this.#turn();
    const judged = await pins.judge(upstream.name, wanted);
    return {
      upstream: upstream.name,
      capabilities,
      tools: judged.flatMap(({ tool, state, listedAs }) => (state === 'pinned' ? [{ tool, listedAs }] : [])),
      quarantined: new Set(judged.flatMap(({ tool, state }) => (state === 'pinned' ? [] : [tool.name]))),
      ...harmless,
    };
  }

  /** Others have their turn in between: an upstream may have many, and say so as often as it likes. */
  async #harmless<Item extends JsonObject>(items: readonly Item[], read: Map<string, boolean>): Promise<Item[]> {
    const kept: Item[] = [];
    for (const item of items) {
      const text = JSON.stringify(item);
      let known = read.get(text) ?? this.#read.get(text);
      if (known === undefined) {
        known = isHarmless(item);
        await setImmediate();
      }
      read.set(text, known);
      if (known) kept.push(item);
    }
    return kept;
  }

  async #turn(): Promise<void> {
    const { turn, clock } = this.#options;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(turnMs, resolve);
    await Promise.race([turn, late]).finally(cancel);
  }

  #forget(): void {
    this.#changes++;
    this.#loadedAt = -Infinity;
  }
}

/** What nobody reviews, and models read all the same: with instructions in it, or with what nobody can see, it is not listed. */
const isHarmless = (item: JsonObject): boolean =>
  !scanTexts({ ...item, name: typeof item['name'] === 'string' ? item['name'] : '' }).some(
    ({ code }) => code !== 'oversized',
  );

export const listKinds: Readonly<Record<string, ListKind>> = {
  'notifications/tools/list_changed': 'tools',
  'notifications/resources/list_changed': 'resources',
  'notifications/prompts/list_changed': 'prompts',
};

async function pages(
  connection: UpstreamConnection,
  method: UpstreamList,
  member: string,
  signal: AbortSignal,
): Promise<JsonObject[]> {
  const items: JsonObject[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < maxPages && items.length < maxItems; page++) {
    const answer = await connection.list(method, cursor === undefined ? {} : { cursor }, signal);
    const listed = answer[member];
    if (Array.isArray(listed))
      items.push(...(listed as JsonObject[]).filter((item) => typeof item === 'object' && item !== null));
    const next = answer['nextCursor'];
    if (typeof next !== 'string' || next === cursor) break;
    cursor = next;
  }
  return items.slice(0, maxItems);
}
