import type { EntryView, EventKind, Outcome } from '@sallyport/core/admin';

export type IntentView = Extract<EntryView, { phase: 'intent' }>;
export type ResultView = Extract<EntryView, { phase: 'result' }>;
export type ReasonView = IntentView['decision']['reasons'][number];

/** One event as the log tells it: what was decided before, what became of it after. Either half may not be loaded. */
export interface TimelineEvent {
  readonly id: string;
  readonly kind: EventKind;
  readonly subject: string;
  readonly at: number;
  readonly intent?: IntentView;
  readonly result?: ResultView;
}

/** Joins intents with their results by event id, in the order of the log. */
export function timelineOf(entries: readonly EntryView[]): TimelineEvent[] {
  const events = new Map<string, TimelineEvent>();
  for (const entry of entries) {
    if (entry.phase === 'operator') continue;
    const known = events.get(entry.eventId);
    const { eventId: id, kind, subject, at } = entry;
    events.set(entry.eventId, { id, kind, subject, at, ...known, [entry.phase]: entry });
  }
  return [...events.values()];
}

export const outcomeOf = (event: TimelineEvent): Outcome | undefined => event.intent?.decision.outcome;

/** What kinds of event are called when a person reads them. */
export const kindNames: Readonly<Record<EventKind, string>> = {
  user_message: 'User message',
  model_request: 'Model request',
  model_response: 'Model response',
  tool_call: 'Tool call',
  tool_result: 'Tool result',
  egress_request: 'Egress request',
  code_execution: 'Code execution',
};

/**
 * "first seen in the result of read_ticket, message 4". Messages are counted from 1 for people. Information flow numbers
 * what the session has read, not the messages of a request, so of its reasons no message is named.
 */
export function sourceSentence({ source, rule = '' }: Pick<ReasonView, 'source' | 'rule'>): string | undefined {
  if (source === undefined) return undefined;
  const from = source.tool === undefined ? `the ${source.role} message` : `the result of ${source.tool}`;
  return rule.startsWith('flow:') ? `read in ${from}` : `first seen in ${from}, message ${source.message + 1}`;
}
