import type { Outcome, ProvenanceView } from '@sallyport/core/admin';
import type { FlowView, IntegrityName, OriginView } from '../../provenance.ts';
import { lessBelieved } from '../../provenance.ts';
import type { TimelineEvent } from '../../timeline.ts';

/** One text that the session has read. Number 0 stands for nowhere: what the model made up. */
export interface FlowSource {
  readonly source: number;
  readonly role: OriginView['role'] | 'nowhere';
  readonly tool: string | undefined;
  /** The least of its own and of the fields that values were taken from: one result may hold fields of several. */
  readonly integrity: IntegrityName;
  readonly bytes: number | undefined;
  /** The event that brought it, where that is certain. */
  readonly eventId: string | undefined;
}

export interface FlowCall {
  readonly eventId: string;
  readonly tool: string;
  readonly at: number;
  readonly outcome: Outcome;
  readonly provenance: readonly ProvenanceView[];
}

/** Values of one call that were read in one source. */
export interface FlowEdge {
  readonly source: number;
  readonly eventId: string;
  /** Arguments, without `arguments.`. */
  readonly paths: readonly string[];
  /** Values that may not be believed, and that decide who, where or what is affected: a line of their own. */
  readonly isSuspect: boolean;
}

export interface Flow {
  readonly sources: readonly FlowSource[];
  readonly calls: readonly FlowCall[];
  readonly edges: readonly FlowEdge[];
}

const nowhere: FlowSource = {
  source: 0,
  role: 'nowhere',
  tool: undefined,
  integrity: 'derived',
  bytes: undefined,
  eventId: undefined,
};

/** Joins what the session has read with the calls of its timeline. */
export function flowOf(read: FlowView, events: readonly TimelineEvent[], isWhole: boolean): Flow {
  const calls = events.flatMap(callOf);
  const edges = calls.flatMap(edgesOf);
  const eventIds = isWhole ? eventsOf(read, events) : new Map<number, string>();
  const sources = new Map<number, FlowSource>();
  for (const { source, role, tool, integrity, bytes } of read.sources) {
    sources.set(source, { source, role, tool, integrity, bytes, eventId: eventIds.get(source) });
  }
  // A session that ended keeps no sources; what its calls say of them is in the log.
  for (const { source, role, tool, integrity } of calls.flatMap(originsOf)) {
    const known = sources.get(source) ?? { source, role, tool, integrity, bytes: undefined, eventId: undefined };
    sources.set(source, { ...known, integrity: lessBelieved(known.integrity, integrity) });
  }
  if (edges.some(({ source }) => source === nowhere.source)) sources.set(nowhere.source, nowhere);
  const ordered = [...sources.values()].toSorted((a, b) => (a.source || Infinity) - (b.source || Infinity));
  return { sources: ordered, calls, edges };
}

function callOf({ id, kind, subject, at, intent }: TimelineEvent): FlowCall[] {
  if (kind !== 'tool_call' || intent === undefined) return [];
  const { outcome, provenance = [] } = intent.decision;
  return [{ eventId: id, tool: subject, at, outcome, provenance }];
}

const originsOf = ({ provenance }: FlowCall): OriginView[] => provenance.flatMap(({ origins }) => origins);

const doubtful: ReadonlySet<IntegrityName> = new Set(['untrusted', 'derived']);

/** Believed only as far as its best origin: a value that the user wrote as well is no stranger's. */
export const isSuspect = ({ role, integrity }: ProvenanceView): boolean =>
  role !== 'content' && doubtful.has(integrity);

function edgesOf({ eventId, provenance }: FlowCall): FlowEdge[] {
  const found = new Map<string, FlowEdge>();
  for (const row of provenance) {
    const path = row.path.replace(/^arguments\.?/, '');
    const from = row.origins.length === 0 ? [nowhere.source] : row.origins.map(({ source }) => source);
    for (const source of new Set(from)) {
      const key = `${source} ${isSuspect(row)}`;
      const paths = found.get(key)?.paths ?? [];
      const all = paths.includes(path) ? paths : [...paths, path];
      found.set(key, { source, eventId, paths: all, isSuspect: isSuspect(row) });
    }
  }
  return [...found.values()];
}

/**
 * Which event brought which source. The flow numbers sources and the log numbers entries, so they are paired in order, and
 * only where there are as many of one as of the other: a wrong link would be worse than none.
 */
function eventsOf({ sources }: FlowView, events: readonly TimelineEvent[]): Map<number, string> {
  const found = new Map<number, string>();
  const keys = new Set(sources.map(keyOfSource));
  for (const key of keys) {
    const ofKey = sources.filter((source) => keyOfSource(source) === key);
    const brought = events.filter((event) => keyOfEvent(event) === key);
    if (ofKey.length !== brought.length) continue;
    for (const [place, { source }] of ofKey.entries()) {
      const event = brought[place];
      if (event) found.set(source, event.id);
    }
  }
  return found;
}

const keyOfSource = ({ role, tool = '' }: FlowView['sources'][number]): string => `${role} ${tool}`;
function keyOfEvent({ kind, subject }: TimelineEvent): string | undefined {
  if (kind === 'user_message') return 'user ';
  return kind === 'tool_result' ? `tool ${subject}` : undefined;
}

/** "result of read_email" */
export function flowSourceName({ role, tool }: Pick<FlowSource, 'role' | 'tool'>): string {
  if (role === 'nowhere') return 'Found nowhere';
  if (role === 'system') return 'System prompt';
  if (role === 'user') return 'User message';
  return `Result of ${tool ?? 'a tool'}`;
}
