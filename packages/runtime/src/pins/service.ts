import { setImmediate } from 'node:timers/promises';
import type { Clock, JudgedTool, Neighbours, OfferedTool, PinFinding, PinState, ToolPins } from '@sallyport/core';
import { RuntimeFault, neighboursOf, scanBeside, scanTexts, showText } from '@sallyport/core';
import type { PinView } from '@sallyport/core/admin';
import { pinStates } from '@sallyport/core/admin';
import type { AcceptedTool, Lock } from './lock-shape.ts';
import { LockFile } from './lock-file.ts';
import { Offers, type Offer } from './offers.ts';
import { acceptedBeside, freeName, lockedTool, withAccepted, withRejected } from './locked.ts';
import { hashOf } from './lock-shape.ts';
import { acceptedView, offerView } from './views.ts';

export interface PinServiceOptions {
  /** Absolute; see `lockPathOf`. */
  readonly path: string;
  /** `upstreams` of the configuration. */
  readonly upstreams: Readonly<Record<string, { readonly firstUse: 'review' | 'pin' }>>;
  readonly clock: Clock;
  /** Told before a definition is accepted that no operator has seen (`firstUse: pin`), for the log; where it rejects, none is. */
  readonly onFirstUse?: (upstream: string, tool: string, hash: string) => Promise<void>;
}

/** Who takes definitions as they come, where `firstUse` says so. */
const firstUse = 'firstUse';
const mostOffered = 2_000;
/** Of one definition in canonical JSON, in characters: what is longer cannot be approved. */
const longestApproved = 1_000_000;
const mostScans = 10_000;
/** Characters of new definitions that are scanned at one question; the next one goes on where this one stopped. */
const mostScanned = 500_000;

/**
 * Reviewed definitions, their truth being `sallyport.lock`. What is on disk counts at every question, so that the command
 * line, a merge and the runtime agree.
 */
export class PinService implements ToolPins {
  readonly #file: LockFile;
  readonly #upstreams: PinServiceOptions['upstreams'];
  readonly #clock: Clock;
  readonly #onFirstUse: PinServiceOptions['onFirstUse'];
  readonly #offers = new Offers();
  /** Of each definition what its texts show, so that the same one is read once. */
  readonly #scans = new Map<string, readonly PinFinding[]>();
  readonly #listeners = new Set<(upstream: string) => void>();
  readonly #unwatch: () => void;

  private constructor({ path, upstreams, clock, onFirstUse }: PinServiceOptions) {
    this.#onFirstUse = onFirstUse;
    this.#file = new LockFile(path);
    this.#upstreams = upstreams;
    this.#clock = clock;
    this.#unwatch = this.#file.watch(() => {
      for (const upstream of Object.keys(this.#upstreams)) this.#changed(upstream);
    });
  }

  /** @throws RuntimeFault `invalid_config` where the lock file is malformed, `store_unavailable` where it cannot be read */
  static async open(options: PinServiceOptions): Promise<PinService> {
    const service = new PinService(options);
    try {
      await service.#file.read();
    } catch (error) {
      service.close();
      throw error;
    }
    return service;
  }

  close(): void {
    this.#unwatch();
  }

  async judge(upstream: string, offered: readonly OfferedTool[]): Promise<readonly JudgedTool[]> {
    if (offered.length > mostOffered) {
      const detail = `${showText(upstream)} offers ${offered.length} tools; more than ${mostOffered} cannot be reviewed.`;
      throw new RuntimeFault('upstream_malformed', { detail });
    }
    const at = Math.floor(this.#clock.now());
    const names = offered.map(({ name }) => name);
    const doubled = doubles(names);
    const offers = offered.map((tool): Offer => ({ tool, hash: hashOf(tool), at, doubled: doubled.has(tool.name) }));
    for (const offer of offers) this.#offers.note(upstream, offer);
    await this.#scanAll(await this.#file.read(), upstream, offers, mostScanned);
    await this.#pinFirst(upstream, offers, names);
    // Reading them took a while, in which somebody may have rejected one.
    const lock = await this.#file.read();
    const beside = this.#beside(lock, upstream, names);
    return offers.map((offer) => this.#judged(lock, upstream, offer, beside));
  }

  onChange(listener: (upstream: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What waits for a review, and what was accepted; the former first. */
  async list({ upstream, state }: { readonly upstream?: string; readonly state?: PinState } = {}): Promise<PinView[]> {
    const lock = await this.#file.read();
    const known = new Set([...lock.upstreams.keys(), ...this.#offers.upstreams()]);
    for (const each of known) await this.#scanAll(lock, each, this.#offers.all(each), mostScanned);
    const views = [...known]
      .filter((each) => upstream === undefined || each === upstream)
      .flatMap((each) => this.#viewsOf(lock, each));
    const order = (view: PinView) => waiting.indexOf(view.state);
    return views
      .filter((view) => state === undefined || view.state === state)
      .toSorted((a, b) => order(a) - order(b) || compare(a.upstream, b.upstream) || compare(a.tool, b.tool));
  }

  /** Of each upstream, how many definitions are in each state. */
  async counts(): Promise<ReadonlyMap<string, Readonly<Record<PinState, number>>>> {
    const counts = new Map<string, Record<PinState, number>>();
    for (const { upstream, state } of await this.list()) {
      const none = Object.fromEntries(pinStates.map((each) => [each, 0])) as Record<PinState, number>;
      const of = counts.get(upstream) ?? none;
      of[state]++;
      counts.set(upstream, of);
    }
    return counts;
  }

  /**
   * Accepts exactly this definition, with what was found in it; in place of the one that was accepted before.
   *
   * @throws RuntimeFault `not_found`, `conflict`, `invalid_request`, `store_unavailable`
   */
  async approve(upstream: string, tool: string, hash: string, operatorId: string): Promise<PinView> {
    const offer = this.#reviewable(upstream, tool, hash);
    if (!isKept(offer.tool)) {
      const detail = `${showText(tool)} cannot be approved: its definition is longer than ${longestApproved} characters, or its name is one that JSON readers drop.`;
      throw new RuntimeFault('invalid_request', { detail });
    }
    await this.#scanAll(await this.#file.read(), upstream, [offer], Number.POSITIVE_INFINITY);
    await this.#file.change((lock) => {
      const beside = this.#beside(lock, upstream, this.#offers.names(upstream));
      const findings = this.#findings(offer, beside);
      return this.#accept(lock, upstream, offer, hash, operatorId, findings);
    });
    this.#changed(upstream);
    return await this.#view(upstream, tool, hash);
  }

  /**
   * Refuses exactly this definition. Where it had been accepted, it is not any more; an earlier one that was accepted stays so.
   *
   * @throws RuntimeFault `not_found`, `conflict`, `store_unavailable`
   */
  async reject(upstream: string, tool: string, hash: string, operatorId: string): Promise<PinView> {
    const lock = await this.#file.read();
    if (lockedTool(lock, upstream, tool).accepted?.hash !== hash) this.#reviewable(upstream, tool, hash);
    const before = this.#viewIn(lock, upstream, tool, hash);
    const at = this.#now();
    await this.#file.change((read) => withRejected(read, upstream, tool, { hash, by: operatorId, at }));
    this.#changed(upstream);
    const after = (await this.list({ upstream })).find((view) => view.tool === tool && view.hash === hash);
    return after ?? { ...before, state: 'rejected', reviewed: { by: operatorId, at: Date.parse(at) } };
  }

  #changed(upstream: string): void {
    for (const listener of this.#listeners) listener(upstream);
  }

  #now(): string {
    return new Date(Math.floor(this.#clock.now())).toISOString();
  }

  /**
   * `firstUse: pin`: takes what nobody has seen before and nothing is suspicious about. Where a person refused a definition of
   * a tool, the next one is no first.
   */
  async #pinFirst(upstream: string, offers: readonly Offer[], names: readonly string[]): Promise<void> {
    if (!Object.hasOwn(this.#upstreams, upstream) || this.#upstreams[upstream]?.firstUse !== 'pin') return;
    const fresh = (lock: Lock) => {
      const beside = this.#beside(lock, upstream, names);
      return offers.filter(
        (offer) =>
          this.#judged(lock, upstream, offer, beside).state === 'new' &&
          lockedTool(lock, upstream, offer.tool.name).rejected.length === 0 &&
          isKept(offer.tool),
      );
    };
    const found = fresh(await this.#file.read());
    if (found.length === 0) return;
    for (const { tool, hash } of found) await this.#onFirstUse?.(upstream, tool.name, hash ?? '');
    await this.#file.change((read) =>
      fresh(read).reduce((lock, offer) => this.#accept(lock, upstream, offer, offer.hash ?? '', firstUse, []), read),
    );
  }

  #accept(
    lock: Lock,
    upstream: string,
    { tool }: Offer,
    hash: string,
    by: string,
    findings: readonly PinFinding[],
  ): Lock {
    const listedAs = lockedTool(lock, upstream, tool.name).accepted?.listedAs ?? freeName(lock, upstream, tool.name);
    const accepted: AcceptedTool = {
      hash,
      by,
      at: this.#now(),
      findings: findings.map(({ code, at }) => ({ code, at })),
      ...(listedAs !== undefined && { listedAs }),
      definition: tool,
    };
    return withAccepted(lock, upstream, tool.name, accepted);
  }

  #judged(lock: Lock, upstream: string, offer: Offer, beside: Neighbours): JudgedTool {
    const { tool, hash } = offer;
    const { accepted, rejected } = lockedTool(lock, upstream, tool.name);
    // What is as it was reviewed goes on working, whatever comes up beside it: the newcomer waits.
    if (accepted && accepted.hash === hash && !offer.doubled) {
      const { listedAs } = accepted;
      return { tool, hash, state: 'pinned', findings: [], ...(listedAs !== undefined && { listedAs }) };
    }
    const findings = this.#findings(offer, beside);
    const isRejected = rejected.some((review) => review.hash === hash);
    const fresh = findings.length > 0 ? 'suspicious' : 'new';
    const state = isRejected ? 'rejected' : accepted ? 'changed' : fresh;
    return { tool, hash, state, findings };
  }

  /** What its tools are looked at beside. Upstreams that are not configured any more offer nothing that could be meant. */
  #beside(lock: Lock, upstream: string, names: readonly string[]): Neighbours {
    const others = acceptedBeside(lock, upstream).filter((other) => Object.hasOwn(this.#upstreams, other.upstream));
    const own = names.filter((name) => lockedTool(lock, upstream, name).accepted);
    return neighboursOf(others, names, own);
  }

  #findings({ tool, hash, doubled }: Offer, beside: Neighbours): PinFinding[] {
    const own: PinFinding[] = [];
    if (hash === undefined) {
      const detail =
        'It has no canonical form, half a surrogate pair or a number beyond range, so it cannot be reviewed';
      own.push({ code: 'invisible', at: '', detail });
    }
    if (doubled) own.push({ code: 'shadows', at: '/name', detail: 'Its upstream offers two tools of this name' });
    return [...own, ...this.#scan(hash), ...scanBeside(tool, beside)];
  }

  /**
   * Reads the definitions that nobody has accepted, before they are judged. Others have their turn in between, and an upstream
   * that offers more than can be read at once is read bit by bit.
   */
  async #scanAll(lock: Lock, upstream: string, offers: readonly Offer[], most: number): Promise<void> {
    let left = most;
    for (const { tool, hash } of offers) {
      if (hash === undefined || this.#scans.has(hash)) continue;
      if (lockedTool(lock, upstream, tool.name).accepted?.hash === hash) continue;
      const { length } = JSON.stringify(tool);
      if (length > most) continue;
      left -= length;
      if (left < 0) return;
      if (this.#scans.size >= mostScans) this.#scans.clear();
      this.#scans.set(hash, scanTexts(tool));
      await setImmediate();
    }
  }

  #scan(hash: string | undefined): readonly PinFinding[] {
    const known = hash === undefined ? [] : this.#scans.get(hash);
    return known ?? [unread];
  }

  #reviewable(upstream: string, tool: string, hash: string): Offer {
    const offer = this.#offers.find(upstream, tool, hash);
    if (offer) return offer;
    if (this.#offers.of(upstream, tool).length > 0) {
      const detail = `${showText(tool, 80)} is defined otherwise by now; look at it again before you decide.`;
      throw new RuntimeFault('conflict', { path: 'hash', detail });
    }
    const detail = `${showText(upstream, 80)} has not offered ${showText(tool, 80)} since the start.`;
    throw new RuntimeFault('not_found', { detail });
  }

  #viewsOf(lock: Lock, upstream: string): PinView[] {
    const tools = lock.upstreams.get(upstream)?.tools ?? {};
    const names = this.#offers.names(upstream);
    const beside = this.#beside(lock, upstream, names);
    return [...new Set([...Object.keys(tools), ...names])].flatMap((tool) => {
      const locked = lockedTool(lock, upstream, tool);
      const offers = this.#offers.of(upstream, tool);
      const offered = offers.map((offer) =>
        offerView(upstream, offer, this.#judged(lock, upstream, offer, beside), locked),
      );
      const { accepted } = locked;
      if (!accepted || offers.some(({ hash }) => hash === accepted.hash)) return offered;
      return [...offered, acceptedView(upstream, tool, accepted)];
    });
  }

  async #view(upstream: string, tool: string, hash: string): Promise<PinView> {
    return this.#viewIn(await this.#file.read(), upstream, tool, hash);
  }

  #viewIn(lock: Lock, upstream: string, tool: string, hash: string): PinView {
    const view = this.#viewsOf(lock, upstream).find((each) => each.tool === tool && each.hash === hash);
    if (view) return view;
    throw new RuntimeFault('conflict', { detail: `${showText(tool, 80)} was reviewed by somebody else meanwhile.` });
  }
}

const unread: PinFinding = {
  code: 'oversized',
  at: '',
  detail: 'Its upstream offers more at once than is read at once; look again in a moment',
};

/** Whether a lock can hold it. */
const isKept = (tool: OfferedTool): boolean =>
  tool.name !== '__proto__' && JSON.stringify(tool).length <= longestApproved;

/** In the order of a list. */
const waiting: readonly PinState[] = ['changed', 'suspicious', 'new', 'rejected', 'pinned'];
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const doubles = (names: readonly string[]): ReadonlySet<string> => {
  const seen = new Set<string>();
  return new Set(names.filter((name) => seen.size === seen.add(name).size));
};
