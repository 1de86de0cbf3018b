import type { Decision } from '../decision.ts';
import type { Excerpt, FlowRule, Trace } from './provenance.ts';
import type { Judging } from './rules/rule.ts';
import type { Label } from './labels.ts';
import type { Manifest } from './manifest.ts';
import type { ModelRequest, ToolCall, ToolDefinition, ToolResult, UserMessage } from '../events.ts';
import type { Session } from '../session.ts';
import { Learner, type Distrusts, type FlowPiece } from './learner.ts';
import { RuntimeFault } from '../errors.ts';
import { Requests, haveCommon, isAsked, kindsOf, openKinds, takeOverKinds } from './intent.ts';
import { atLeast } from './labels.ts';
import { findingsOf } from './findings.ts';
import { leavesOf } from './leaves.ts';
import { strangeNames } from './property-names.ts';
import { recipientOf, weighAll, type Weighed } from './weigh.ts';
import { settle } from './settle.ts';

export type { FlowPiece } from './learner.ts';

export interface FlowOptions {
  /** Asked for every call, because an operator may confirm a manifest while sessions run. */
  readonly manifestOf: (tool: string, definition?: ToolDefinition) => Manifest;
  readonly rules: ReadonlySet<FlowRule>;
  /** Of text that one session may have read; beyond it calls cannot be traced, and so are denied. */
  readonly maxBytes: number;
  readonly distrusts?: Distrusts;
}

interface Traced {
  readonly judging: Judging;
  readonly weighed: readonly Weighed[];
}

/** Of more leaves than this only the first are put on record; policies take the others for untrusted. */
const maxRecorded = 200;

/** Without a prototype: a tool may be named `constructor`. */
const bare = (): Record<string, number> => Object.create(null) as Record<string, number>;
const none: Readonly<Record<string, number>> = Object.freeze(bare());

function plain(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  if (counts.size === 0) return none;
  const record = bare();
  for (const [tool, count] of counts) record[tool] = count;
  return record;
}

function labelsOf(weighed: readonly Weighed[]): Label[] {
  const labels: Label[] = [];
  for (const { provenance } of weighed)
    for (const label of provenance.labels) if (!labels.includes(label)) labels.push(label);
  return labels;
}

/** What one session has read, and where the values of its calls come from. Belongs to one session and knows no other. */
export class SessionFlow {
  readonly #options: FlowOptions;
  readonly #learner: Learner;
  readonly #traced = new WeakMap<ToolCall, Traced>();
  readonly #asked = new Requests();
  /** The user of the call that was settled last: a session has one, who need not be kept with every call. */
  #settledFor = '';

  constructor(options: FlowOptions) {
    this.#options = options;
    this.#learner = new Learner(options);
  }

  /** Takes up what is new; returns it, to be kept. */
  learn(event: UserMessage | ModelRequest | ToolResult): readonly FlowPiece[] {
    // Its calls are denied from there on, so nothing more need be kept.
    return this.#isOver() ? [] : this.#learner.learn(event);
  }

  restore(piece: FlowPiece): void {
    if (piece.kind !== 'settled') {
      this.#learner.restore(piece);
      return;
    }
    this.#settledFor = piece.userId ?? this.#settledFor;
    const { judging, weighed } = this.#weighed(
      this.#judging({ tool: piece.tool, arguments: piece.args }, this.#settledFor, new Set(piece.names)),
    );
    settle(piece, judging, weighed, this.#learner);
  }

  /** @throws RuntimeFault where the session has read more than can be traced */
  trace(call: ToolCall, session: Session): Trace {
    const { sources, memory, tainted } = this.#learner;
    if (this.#isOver()) {
      throw new RuntimeFault('internal', {
        detail: `the session has read more than flow.maxBytes (${this.#options.maxBytes}); open a new session`,
      });
    }
    const traced = this.#weighed(this.#judging(call, session.user.id));
    this.#traced.set(call, traced);
    const { judging, weighed } = traced;
    const labels = labelsOf(weighed);
    const findings = tainted ? findingsOf(judging, weighed, labels, session.scope) : [];
    return {
      manifest: judging.manifest,
      tainted,
      labels,
      provenance: weighed.slice(0, maxRecorded).map(({ provenance }) => provenance),
      trajectory: {
        called: plain(memory.called),
        denied: plain(memory.denied),
        held: plain(memory.held),
        read: [...sources.tools],
      },
      findings,
      excerpts: () => this.#excerpts(weighed),
      requests: () => sources.users.map(({ raw }) => raw),
    };
  }

  /** What the call leaves behind. Returns it, to be kept. */
  settle(call: ToolCall, decision: Decision): readonly FlowPiece[] {
    const { callId, tool, arguments: args } = call;
    const { outcome, approval, endorses = false } = decision;
    // What was traced is settled as it was traced; a call that a guard rewrote since is weighed anew.
    const traced = this.#traced.get(call) ?? this.#weighed(this.#judging(call, ''));
    const { userId, names } = traced.judging;
    const passes = outcome === 'allow' || outcome === 'transform';
    const said = {
      ...(outcome !== 'allow' && { outcome }),
      ...(passes && approval !== undefined && { approved: true }),
      ...(passes && endorses && { endorses }),
      ...(userId !== this.#settledFor && { userId }),
      ...(names.size > 0 && { names: [...names] }),
    };
    const piece: FlowPiece & { kind: 'settled' } = { kind: 'settled', tool, callId, args, ...said };
    this.#settledFor = userId;
    settle(piece, traced.judging, traced.weighed, this.#learner);
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

  #isOver(): boolean {
    return this.#learner.sources.bytes > this.#options.maxBytes;
  }

  #weighed(judging: Judging): Traced {
    return { judging, weighed: weighAll(judging) };
  }

  #judging(
    { tool, arguments: args, definition, target }: Pick<ToolCall, 'tool' | 'arguments' | 'definition' | 'target'>,
    userId: string,
    known?: ReadonlySet<string>,
  ): Judging {
    const { sources, memory } = this.#learner;
    const manifest = this.#options.manifestOf(tool, definition);
    const names = known ?? strangeNames(args, definition?.parameters);
    const leaves = leavesOf(args, manifest, names);
    const kinds = kindsOf(tool, manifest, leaves);
    const asked = this.#asked.take(sources.requests);
    const isGrave = haveCommon(kinds, takeOverKinds);
    const isOpen = this.#options.rules.has('delegation') && asked.open && haveCommon(kinds, openKinds);
    const judging: Judging = {
      tool,
      manifest,
      names,
      leaves,
      kinds,
      asked,
      isAsked: isAsked(tool, kinds, asked) || (isOpen && !isGrave),
      isGrave,
      use: manifest.effect === 'read' && !kinds.has('delete') ? 'read' : 'act',
      isOwn: target?.own ?? false,
      sources,
      memory,
      userId,
      recipient: () => recipientOf(judging),
      on: (rule) => this.#options.rules.has(rule),
    };
    return judging;
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
          // As it was written, with what shows nothing and in its own case: that is what the approver must see.
          const sought = provenance.role === 'link' ? provenance.value : String(leaf.value);
          const at = Math.max(0, field.raw.toLowerCase().indexOf(sought.toLowerCase()));
          return [{ path: provenance.path, origin, text: field.raw.slice(Math.max(0, at - 300), at + 500) }];
        }),
    );
  }
}
