import type {
  AgentEvent,
  Clock,
  Config,
  ConfirmedManifest,
  JsonObject,
  Manifest,
  ManifestStore,
  Proposal,
  ToolAnnotations,
  ToolDefinition,
} from '@sallyport/core';
import type { ToolView } from '@sallyport/core/admin';
import {
  RuntimeFault,
  checkManifest,
  proposeManifest,
  manifestSchema,
  showText,
  unknownManifest,
} from '@sallyport/core';
import type { ObservedTool } from './observations.ts';
import { ConfiguredTools } from './configured.ts';
import { Observations, hashOfDefinition } from './observations.ts';

export interface ToolRegistryOptions {
  readonly store: ManifestStore;
  /** `tools` of the configuration. */
  readonly configured: Config['tools'];
  readonly clock: Clock;
  /** Of what is no tool, and is decided like one, such as reading a resource of an upstream. */
  readonly builtIn?: (tool: string) => Manifest | undefined;
}

/**
 * What is known of each tool: what the configuration says by name, what operators confirmed, what the configuration says of
 * a family, and else the safest. Everything is in memory, so that asking costs no query; only confirmations are kept.
 */
export class ToolRegistry {
  readonly #store: ManifestStore;
  readonly #clock: Clock;
  readonly #configured: ConfiguredTools;
  readonly #confirmed = new Map<string, ConfirmedManifest>();
  readonly #observations = new Observations((tool) => this.#confirmed.has(tool));
  /** Changes run one after the other, so that what was checked still holds when it is written. */
  #last: Promise<unknown> = Promise.resolve();

  readonly #builtIn: NonNullable<ToolRegistryOptions['builtIn']>;

  private constructor({ store, configured, clock, builtIn = () => undefined }: ToolRegistryOptions) {
    this.#builtIn = builtIn;
    this.#store = store;
    this.#clock = clock;
    this.#configured = new ConfiguredTools(configured);
  }

  static async open(options: ToolRegistryOptions): Promise<ToolRegistry> {
    const registry = new ToolRegistry(options);
    for (const confirmed of await options.store.list()) registry.#confirmed.set(confirmed.name, confirmed);
    return registry;
  }

  /**
   * What is assumed of a tool now; asked for every call. What was confirmed counts for the definition that was confirmed.
   *
   * @param definition as offered with this call. Without it, what was confirmed counts only while nothing else was offered
   * under the name
   */
  readonly manifestOf = (tool: string, definition?: ToolDefinition): Manifest =>
    this.#inForce(tool, definition).manifest;

  /** Takes note of what agents offer, call and get. Keeps names and counts, no content. */
  observe(event: AgentEvent): void {
    this.#observations.observe(event);
  }

  /** Takes note of a tool before anybody calls it. */
  offered(definition: ToolDefinition): void {
    this.#observations.offered(definition);
  }

  /** Every tool that was configured, confirmed or seen, by name. */
  async list(): Promise<ToolView[]> {
    const names = new Set([...this.#configured.entries()].map(([name]) => name));
    for (const name of this.#confirmed.keys()) names.add(name);
    for (const name of this.#observations.names()) names.add(name);
    return [...names].toSorted().map((name) => this.#view(name));
  }

  /**
   * @param definition hash of the definition that the operator saw
   * @throws RuntimeFault `not_found`, `conflict`, `invalid_request`
   */
  confirm(name: string, manifest: Manifest, operatorId: string, definition?: string): Promise<ToolView> {
    return this.#change(async () => {
      const hash = this.#confirmable(name, manifest, definition);
      const confirmedAt = Math.floor(this.#clock.now());
      const confirmed: ConfirmedManifest = { name, manifest, definition: hash, confirmedBy: operatorId, confirmedAt };
      await this.#store.set(confirmed);
      this.#confirmed.set(name, confirmed);
      // Another definition may have been offered while this was written: then it does not count, and that is right.
      if (this.#observations.get(name)?.hash === hash) this.#observations.settle(name);
      return this.#view(name);
    });
  }

  /** @throws RuntimeFault `not_found` */
  forget(name: string): Promise<void> {
    return this.#change(async () => {
      if (!this.#confirmed.has(name)) {
        const inFile = this.#configured.exact(name) && ' What sallyport.yaml says of it is changed there.';
        throw new RuntimeFault('not_found', { detail: `Nothing was confirmed of ${shown(name)}.${inFile ?? ''}` });
      }
      // First in memory: from here on the safest is assumed, even if the store fails.
      this.#confirmed.delete(name);
      await this.#store.delete(name);
    });
  }

  #change<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task, task);
    this.#last = result.catch(() => undefined);
    return result;
  }

  #inForce(tool: string, definition?: ToolDefinition): Pick<ToolView, 'from'> & { readonly manifest: Manifest } {
    const exact = this.#configured.exact(tool);
    if (exact) return { from: 'config', manifest: exact };
    const confirmed = this.#confirmed.get(tool);
    if (!confirmed) {
      const family = this.#configured.family(tool);
      if (family) return { from: 'config', manifest: family };
      return { from: 'unknown', manifest: this.#builtIn(tool) ?? unknownManifest };
    }
    // A tool that changed under its name falls back to the safest, not to its family: that may say less than was confirmed.
    return this.#isAsConfirmed(confirmed, definition)
      ? { from: 'confirmed', manifest: confirmed.manifest }
      : { from: 'unknown', manifest: unknownManifest };
  }

  #isAsConfirmed(confirmed: ConfirmedManifest, definition: ToolDefinition | undefined): boolean {
    if (definition) return hashOfDefinition(definition) === confirmed.definition;
    return this.#observations.isOnly(confirmed.name, confirmed.definition);
  }

  /** The hash that a confirmation is bound to. */
  #confirmable(name: string, manifest: Manifest, definition: string | undefined): string {
    if (this.#configured.exact(name)) {
      const detail = `sallyport.yaml says what ${shown(name)} is, and wins; change it there.`;
      throw new RuntimeFault('conflict', { detail });
    }
    const seen = this.#observations.get(name);
    if (!seen) {
      const detail = `${shown(name)} was not seen since the start. Let an agent offer it once, or put its manifest under tools in sallyport.yaml.`;
      throw new RuntimeFault('not_found', { detail });
    }
    if (definition !== undefined && definition !== seen.hash) {
      const detail = `${shown(name)} is defined otherwise by now; look at it again before you confirm it.`;
      throw new RuntimeFault('conflict', { path: 'definition', detail });
    }
    if (seen.hash === undefined) {
      const detail = `The definition of ${shown(name)} holds half of a surrogate pair, so no confirmation can be bound to it.`;
      throw new RuntimeFault('invalid_request', { path: 'definition', detail });
    }
    const [problem] = checkManifest(manifest, seen.definition);
    if (problem) {
      const path = ['manifest', ...problem.path].join('.');
      throw new RuntimeFault('invalid_request', { path, detail: `${path}: ${problem.message}` });
    }
    return seen.hash;
  }

  #view(name: string): ToolView {
    // A pattern is shown as itself: it is no tool that could be seen.
    const family = this.#configured.pattern(name);
    if (family) return { name, from: 'config', manifest: family };
    const { from, manifest } = this.#inForce(name);
    const seen = this.#observations.get(name);
    if (!seen) return { name, from, manifest };
    const { calls, lastAt, definition, hash } = seen;
    const proposal = from === 'unknown' ? this.#proposal(name, seen) : undefined;
    return {
      name,
      from,
      manifest,
      seen: { calls, lastAt: lastAt === null ? null : Math.floor(lastAt), arguments: [...seen.arguments] },
      ...(definition.description !== undefined && { description: definition.description }),
      ...(hash !== undefined && { definition: hash }),
      ...(proposal && { proposal: { manifest: manifestSchema.parse(proposal.manifest), why: [...proposal.why] } }),
    };
  }

  #proposal(name: string, { definition, arguments: names, results }: ObservedTool): Proposal {
    const { annotations, ...rest } = definition;
    const proposal = proposeManifest({
      ...rest,
      ...(annotations && { annotations: hintsOf(annotations) }),
      seen: { arguments: names, results },
      siblings: this.#observations.definitions(),
    });
    const confirmed = this.#confirmed.get(name);
    if (!confirmed) return proposal;
    const day = new Date(confirmed.confirmedAt).toISOString().slice(0, 10);
    const changed = `It was confirmed on ${day} and is offered with another definition since then: what was confirmed does not count until you confirm it again.`;
    return { ...proposal, why: [changed, ...proposal.why] };
  }
}

/** Hints are booleans; whatever else an upstream wrote there says nothing. */
const hintsOf = (annotations: JsonObject): ToolAnnotations =>
  Object.fromEntries(Object.entries(annotations).filter(([, hint]) => typeof hint === 'boolean'));

const shown = (name: string): string => showText(name, 80);
