import type { AuthorizationRequest, PolicyAction, RequestFlow } from './policy.ts';
import type { IntentEntry, RecordedEntry } from '../entries.ts';
import type { JsonObject } from '../events.ts';
import type { Manifest } from '../flow/manifest.ts';
import type { Session, SessionCounters } from '../session.ts';
import { atLeast } from '../flow/labels.ts';
import { countersOf } from '../entries.ts';
import { hostOf } from './resource.ts';
import { policyActions } from './policy.ts';
import { unknownManifest } from '../flow/manifest.ts';
import { zeroCounters } from '../session.ts';

/** What replay needs to know of a session: who acted for whom. */
export type ReplaySession = Pick<Session, 'id' | 'tenant' | 'agent' | 'user'>;

/** Why a recorded step cannot be put to policies again. */
export const unreplayable = {
  content_not_kept: 'its arguments were not kept (audit.content)',
  content_cut: 'its arguments were too long to be kept whole',
  no_host: 'its address has no host',
} as const;
export type Unreplayable = keyof typeof unreplayable;

type Intent = IntentEntry & { readonly seq: number };

/** One recorded event that policies had judged, as they would be asked again. */
export interface RecordedStep {
  readonly entry: Intent;
  readonly asked: { readonly request: AuthorizationRequest } | { readonly why: Unreplayable };
  /** Whether it was recorded where the values of a call came from. Without that they count as untrusted. */
  readonly traced: boolean;
}

/**
 * The steps of one session, each with its counters and trajectory as they stood when it was judged: rebuilt from what was
 * recorded before it.
 *
 * @param entries all of the session's from its start, in order of `seq`
 * @param manifestOf of a tool, for telling whether its results taint; unknown ones do
 */
export function* recordedSteps(
  session: ReplaySession,
  entries: readonly RecordedEntry[],
  manifestOf: (tool: string) => Manifest = () => unknownManifest,
): Generator<RecordedStep> {
  const before = new SessionSoFar(manifestOf);
  for (const entry of entries) {
    if (entry.phase === 'operator' || entry.sessionId !== session.id) continue;
    if (entry.phase === 'intent') {
      before.sees(entry);
      const { kind, decision } = entry;
      // What was refused before any guard saw it, such as in a session that had ended, no policy can change.
      if (Object.hasOwn(policyActions, kind) && decision.verdicts.some(({ guard }) => guard === 'permissions')) {
        const traced = kind !== 'tool_call' || decision.provenance !== undefined;
        yield { entry, asked: askedOf(entry, session, before), traced };
      }
    }
    before.add(entry);
  }
}

function askedOf(entry: Intent, { tenant, agent, user }: ReplaySession, before: SessionSoFar): RecordedStep['asked'] {
  const action = entry.kind as PolicyAction;
  const resource = action === 'egress_request' ? hostOf(entry.subject) : entry.subject;
  if (resource === undefined) return { why: 'no_host' };
  const request: AuthorizationRequest = {
    principal: { id: agent.id, tenant, roles: agent.roles },
    action,
    resource,
    user,
    session: before.counters,
    now: entry.at,
  };
  if (action !== 'tool_call') return { request };
  if (entry.content === undefined) return { why: 'content_not_kept' };
  const args = argumentsOf(entry.content);
  if (args === undefined) return { why: 'content_cut' };
  return { request: { ...request, arguments: args, flow: before.flow(entry) } };
}

/** What was cut off ends in the middle of its JSON. */
function argumentsOf(content: string): JsonObject | undefined {
  try {
    const read: unknown = JSON.parse(content);
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? (read as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

/** What a session had done and read up to one of its entries. */
class SessionSoFar {
  counters: SessionCounters = zeroCounters;
  readonly #manifestOf: (tool: string) => Manifest;
  readonly #called = new Map<string, number>();
  readonly #denied = new Map<string, number>();
  readonly #held = new Map<string, number>();
  readonly #read = new Set<string>();
  #tainted = false;

  constructor(manifestOf: (tool: string) => Manifest) {
    this.#manifestOf = manifestOf;
  }

  /** What an event shows of the time before its own decision: that untrusted text had been read. */
  sees({ decision }: Intent): void {
    const origins = decision.provenance?.flatMap((each) => each.origins) ?? [];
    this.#tainted ||= origins.some(({ integrity }) => !atLeast(integrity, 'trusted'));
  }

  add(entry: Exclude<RecordedEntry, { phase: 'operator' }>): void {
    const moved = countersOf(entry);
    const sum = (name: keyof SessionCounters) => this.counters[name] + (moved[name] ?? 0);
    this.counters = {
      modelCalls: sum('modelCalls'),
      toolCalls: sum('toolCalls'),
      denied: sum('denied'),
      held: sum('held'),
      tokensIn: sum('tokensIn'),
      tokensOut: sum('tokensOut'),
      costMicros: sum('costMicros'),
    };
    if (entry.phase !== 'intent') return;
    const { kind, subject: tool, decision } = entry;
    if (kind === 'tool_result') {
      this.#read.add(tool);
      this.#tainted ||= taints(this.#manifestOf(tool));
    }
    if (kind !== 'tool_call') return;
    const { outcome } = decision;
    const counts = outcome === 'deny' ? this.#denied : outcome === 'require_approval' ? this.#held : this.#called;
    counts.set(tool, (counts.get(tool) ?? 0) + 1);
  }

  flow({ decision: { provenance = [] } }: Intent): RequestFlow {
    return {
      tainted: this.#tainted,
      labels: [...new Set(provenance.flatMap(({ labels }) => labels))],
      provenance,
      trajectory: {
        called: Object.fromEntries(this.#called),
        denied: Object.fromEntries(this.#denied),
        held: Object.fromEntries(this.#held),
        read: [...this.#read],
      },
    };
  }
}

const taints = ({ results: { trust, fields } }: Manifest): boolean =>
  trust === 'untrusted' || Object.values(fields).includes('untrusted');
