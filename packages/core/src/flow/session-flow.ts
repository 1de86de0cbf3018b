import type { Decision } from '../decision.ts';
import type { Excerpt, Finding, FlowRule, Trace } from './provenance.ts';
import type { Judging } from './rules/rule.ts';
import type { Label } from './labels.ts';
import type { Manifest } from './manifest.ts';
import type { ModelRequest, ToolCall, ToolDefinition, ToolResult, UserMessage } from '../events.ts';
import type { Session } from '../session.ts';
import { Learner, type FlowPiece } from './learner.ts';
import { RuntimeFault } from '../errors.ts';
import { askedFor, isAsked, kindsOf, openKinds, takeOverKinds, type Asked } from './intent.ts';
import { classes } from './rules/classes.ts';
import { endorsementOf } from './memory.ts';
import { findingOf, leastOf, sensitivePlace, weighLeaf, weighLinks, type Weighed } from './judge.ts';
import { fold } from './text.ts';
import { intent } from './rules/intent.ts';
import { reaching } from './rules/rule.ts';
import { isSink } from './manifest.ts';
import { leavesOf, type Leaf } from './leaves.ts';
import { isUrlKey, partsOf } from './parts.ts';
import { atLeast } from './labels.ts';

export type { FlowPiece } from './learner.ts';

export interface FlowOptions {
  /** Asked for every call, because an operator may confirm a manifest while sessions run. */
  readonly manifestOf: (tool: string, definition?: ToolDefinition) => Manifest;
  readonly rules: ReadonlySet<FlowRule>;
  /** Of text that one session may have read; beyond it calls cannot be traced, and so are denied. */
  readonly maxBytes: number;
}

/** What one session has read, and where the values of its calls come from. Belongs to one session and knows no other. */
export class SessionFlow {
  readonly #options: FlowOptions;
  readonly #learner: Learner;
  #asked: { readonly asked: Asked; readonly of: number } | undefined;

  constructor(options: FlowOptions) {
    this.#options = options;
    this.#learner = new Learner(options.manifestOf, options.rules);
  }

  /** Takes up what is new; returns it, to be kept. */
  learn(event: UserMessage | ModelRequest | ToolResult): readonly FlowPiece[] {
    return this.#learner.learn(event);
  }

  restore(piece: FlowPiece): void {
    if (piece.kind === 'settled') this.#settle(piece);
    else this.#learner.restore(piece);
  }

  /** @throws RuntimeFault where the session has read more than can be traced */
  trace(call: ToolCall, session: Session): Trace {
    const { sources, memory, tainted } = this.#learner;
    if (sources.bytes > this.#options.maxBytes) {
      throw new RuntimeFault('internal', {
        detail: `the session has read more than flow.maxBytes (${this.#options.maxBytes}); open a new session`,
      });
    }
    const judging = this.#judging(call, session.user.id);
    const { manifest, leaves } = judging;
    const weighed = this.#weigh(leaves, judging);
    const labels = [...new Set(weighed.flatMap(({ provenance }) => provenance.labels))];
    const findings = tainted ? this.#findings(judging, weighed, labels, session) : [];
    const read = [...new Set(sources.texts.flatMap(({ tool }) => (tool === undefined ? [] : [tool])))];
    return {
      manifest,
      tainted,
      labels,
      provenance: weighed.map(({ provenance }) => provenance),
      trajectory: { called: { ...memory.called }, denied: { ...memory.denied }, held: { ...memory.held }, read },
      findings,
      excerpts: () => this.#excerpts(weighed),
      requests: () => this.#requests(),
    };
  }

  /** What the call leaves behind. Returns it, to be kept. */
  settle(call: ToolCall, decision: Decision): readonly FlowPiece[] {
    const { callId, tool, arguments: args } = call;
    const { outcome, approval, endorses = false } = decision;
    const passes = outcome === 'allow' || outcome === 'transform';
    const piece: FlowPiece & { kind: 'settled' } = {
      kind: 'settled',
      tool,
      callId,
      args,
      outcome,
      approved: passes && approval !== undefined,
      endorses: passes && endorses,
    };
    this.#settle(piece);
    return [piece];
  }

  /** For people: what was read, without the texts. */
  describe() {
    const { sources, tainted } = this.#learner;
    const labels = [...new Set(sources.fields.flatMap((field) => field.labels))];
    return {
      tainted,
      labels,
      sources: sources.texts.map(({ id, role, tool, integrity, bytes }) => ({
        source: id,
        role,
        integrity,
        bytes,
        ...(tool === undefined ? {} : { tool }),
      })),
    };
  }

  #judging(
    { tool, arguments: args, definition }: Pick<ToolCall, 'tool' | 'arguments' | 'definition'>,
    userId: string,
  ): Judging {
    const { sources, memory } = this.#learner;
    const manifest = this.#options.manifestOf(tool, definition);
    const leaves = leavesOf(args, manifest);
    const kinds = kindsOf(tool, manifest, leaves);
    const asked = this.#askedFor();
    const isGrave = [...kinds].some((kind) => takeOverKinds.has(kind));
    const isOpen =
      this.#options.rules.has('delegation') && asked.open && [...kinds].some((kind) => openKinds.has(kind));
    const judging: Judging = {
      tool,
      manifest,
      leaves,
      kinds,
      asked,
      isAsked: isAsked(tool, kinds, asked) || (isOpen && !isGrave),
      isGrave,
      use: manifest.effect === 'read' && ![...kinds].some((kind) => kind === 'delete') ? 'read' : 'act',
      sources,
      memory,
      userId,
      recipient: () =>
        leastOf(
          leaves
            .filter((leaf) => leaf.role === 'target' && partsOf(leaf)?.[0]?.kind !== 'number')
            .map((leaf) => weighLeaf(leaf, judging)),
        ),
      on: (rule) => this.#options.rules.has(rule),
    };
    return judging;
  }

  #weigh(leaves: readonly Leaf[], judging: Judging): Weighed[] {
    return leaves.flatMap((leaf) => {
      const weighed = weighLeaf(leaf, judging);
      if (leaf.role === 'target') return [weighed, ...this.#attached(leaf, judging)];
      return typeof leaf.value === 'string' ? [weighed, ...weighLinks(leaf, leaf.value, judging)] : [weighed];
    });
  }

  /** What this session itself wrote into a file leaves with it. */
  #attached(leaf: Leaf, judging: Judging): Weighed[] {
    if (typeof leaf.value !== 'string' || judging.manifest.local) return [];
    const texts = judging.memory.files.get(fold(leaf.value)) ?? [];
    return texts.flatMap((text) => weighLinks(leaf, text, judging));
  }

  #findings(judging: Judging, weighed: readonly Weighed[], labels: readonly Label[], session: Session): Finding[] {
    const { manifest } = judging;
    const fetches =
      manifest.egress ??
      weighed.some(
        ({ parts, leaf }) =>
          leaf.role === 'target' && (isUrlKey(leaf.key) || parts?.some(({ kind }) => kind === 'url')),
      );
    if (manifest.local && !fetches) return [sensitivePlace(judging)].filter((finding) => finding !== undefined);
    if (!isSink(manifest) && !fetches) return [];
    if (judging.on('confirmations') && manifest.confirms.some((tool) => (judging.memory.queued.get(tool) ?? 0) > 0))
      return [];
    const found = weighed.map((each) => findingOf(each, judging)).filter((finding) => finding !== undefined);
    const kept = judging.on('links') ? found : found.filter(({ rule }) => rule !== 'links');
    const asked = judging.on('intent') && !this.#isEndorsed(weighed, judging) ? intent(judging) : undefined;
    const carried =
      judging.on('classes') && judging.use === 'act' ? classes(labels, session.scope?.labels, judging) : undefined;
    return [...kept, asked, carried].filter((finding) => finding !== undefined).slice(0, 20);
  }

  /** Whoever approved every target of a call for this task has answered what intent would ask. */
  #isEndorsed(weighed: readonly Weighed[], { memory, use }: Judging): boolean {
    const parts = weighed.filter(({ leaf }) => leaf.role === 'target').flatMap((each) => each.parts ?? []);
    return parts.length > 0 && parts.every((part) => memory.endorsed.has(endorsementOf(part, use, 'target')));
  }

  #settle({ tool, callId, args, outcome, approved, endorses }: FlowPiece & { kind: 'settled' }): void {
    const { memory, sources } = this.#learner;
    const counts = outcome === 'deny' ? memory.denied : outcome === 'require_approval' ? memory.held : memory.called;
    counts[tool] = (counts[tool] ?? 0) + 1;
    // What was held is noted as well: the operation may have been done elsewhere, and would come back in a listing.
    const judging = this.#judging({ tool, arguments: args }, '');
    const weighed = this.#weigh(judging.leaves, judging);
    for (const each of weighed)
      if (!atLeast(each.provenance.integrity, 'trusted')) this.#write(each, sources.texts.length);
    if (outcome === 'deny' || outcome === 'require_approval') return;
    this.#learner.called(callId, tool, args);
    if (approved) memory.approvedCalls.add(callId);
    const reachesSomeone = weighed.some(
      ({ parts, provenance }) =>
        provenance.role !== 'content' &&
        !atLeast(provenance.integrity, 'trusted') &&
        (parts ?? []).some(({ kind }) => reaching.has(kind)),
    );
    if (reachesSomeone && !approved && this.#learner.tainted) memory.tainted.add(callId);
    const confirmed = judging.manifest.confirms.find((each) => (memory.queued.get(each) ?? 0) > 0);
    if (confirmed !== undefined) memory.queued.set(confirmed, (memory.queued.get(confirmed) ?? 1) - 1);
    else memory.queued.set(tool, (memory.queued.get(tool) ?? 0) + 1);
    for (const { leaf, provenance } of weighed) {
      if (provenance.rule !== 'amounts') continue;
      const place = `${tool} ${leaf.pattern}`;
      memory.spent.set(place, (memory.spent.get(place) ?? 0) + Math.abs(Number(leaf.value)));
    }
    if (endorses) for (const each of weighed) this.#endorse(each, judging);
    if (judging.manifest.local) this.#noteFile(judging);
  }

  /** Only what was asked about: an answer to one value is none to those beside it. */
  #endorse(weighed: Weighed, judging: Judging): void {
    const { parts, provenance } = weighed;
    if (provenance.role === 'content' || !findingOf(weighed, judging)) return;
    for (const part of parts ?? []) judging.memory.endorsed.add(endorsementOf(part, judging.use, provenance.role));
  }

  /** Where these come back, they are no more than they were. */
  #write({ leaf, parts, provenance }: Weighed, source: number): void {
    const { written } = this.#learner.memory;
    // An address that is all of a content argument is weighed, and noted, as a link.
    if (provenance.role === 'content' && parts?.some(({ kind }) => reaching.has(kind))) return;
    const note = (token: string): void => {
      if (!written.has(token)) written.set(token, source);
    };
    for (const { kind, value, host } of parts ?? []) {
      note(`${kind}:${value}`);
      if (host !== undefined) note(`host:${host}`);
    }
    if (typeof leaf.value !== 'string') return;
    const text = fold(leaf.value);
    // The links in it are weighed, and noted, on their own.
    if (text.length <= 200 && provenance.role !== 'link') note(`text:${text}`);
  }

  #noteFile({ leaves, memory }: Judging): void {
    const texts = leaves.flatMap(({ role, value }) => (role === 'content' && typeof value === 'string' ? [value] : []));
    for (const { role, value } of leaves) {
      if (role === 'target' && typeof value === 'string' && value.includes('/')) memory.files.set(fold(value), texts);
    }
  }

  #askedFor(): Asked {
    const of = this.#learner.sources.texts.length;
    if (this.#asked?.of !== of) this.#asked = { of, asked: askedFor(this.#requests()) };
    return this.#asked.asked;
  }

  /** The user's own words, without what they quote of others. */
  #requests(): string[] {
    return this.#learner.sources.users.map(({ text }) => text);
  }

  #excerpts(weighed: readonly Weighed[]): Excerpt[] {
    const { sources } = this.#learner;
    return weighed.slice(0, 50).flatMap(({ provenance, leaf }) =>
      provenance.origins
        .filter(({ integrity, role }) => role === 'tool' && !atLeast(integrity, 'trusted'))
        .slice(0, 2)
        .flatMap((origin) => {
          const field = sources.ofSource(origin.source).find(({ path }) => path === (origin.field ?? ''));
          if (!field) return [];
          const at = Math.max(0, field.text.indexOf(fold(String(leaf.value))));
          return [{ path: provenance.path, origin, text: field.text.slice(Math.max(0, at - 300), at + 500) }];
        }),
    );
  }
}
