import { describe, expect, it } from 'vitest';
import type { FlowView } from '../src/provenance.ts';
import type { TimelineEvent } from '../src/timeline.ts';
import { flowOf } from '../src/routes/session/flow.ts';
import { edgeId, placesOf } from '../src/routes/session/layout.ts';
import { freshWorld } from '../../../e2e/staged/world.ts';
import { timelineOf } from '../src/timeline.ts';

const { entries, flow: kept } = freshWorld();
const read: FlowView = kept ?? { tainted: false, labels: [], sources: [] };
const events = timelineOf(entries);

describe('the provenance of a session', () => {
  const flow = flowOf(read, events, true);

  it('has a line from each source to each call that took a value from it', () => {
    expect(flow.edges.map(({ source, eventId, paths }) => [source, eventId, paths.join(',')])).toEqual([
      [2, 'event-read', 'id'],
      [2, 'event-find', 'name'],
      [3, 'event-pay', 'recipient,memo'],
      [2, 'event-pay', 'amount'],
      [3, 'event-pay', 'amount'],
      [0, 'event-pay', 'memo'],
      [4, 'event-mail', 'to[0]'],
    ]);
  });

  it('marks a line only where a value that may not be believed decides: not what the user wrote as well', () => {
    expect(flow.edges.filter(({ isSuspect }) => isSuspect).map(({ paths }) => paths)).toEqual([['recipient', 'memo']]);
  });

  it('shows a source as no better than the fields that values were taken from', () => {
    const sources = read.sources.map((one) => (one.source === 3 ? { ...one, integrity: 'named' as const } : one));
    const shown = flowOf({ ...read, sources }, events, true).sources.find(({ source }) => source === 3);
    expect(shown?.integrity).toBe('untrusted');
  });

  it('links a source to the event that brought it', () => {
    expect(flow.sources.map(({ source, eventId }) => [source, eventId])).toEqual([
      [1, undefined],
      [2, 'event-user'],
      [3, 'event-email'],
      [4, 'event-contact'],
      [0, undefined],
    ]);
  });

  it('does not guess that link when events are missing or there are more of one than of the other', () => {
    const linked = (view: FlowView, given: readonly TimelineEvent[], isWhole: boolean) =>
      flowOf(view, given, isWhole).sources.filter(({ eventId }) => eventId === 'event-email');
    expect(linked(read, events, false)).toEqual([]);
    const twice = { ...read, sources: [...read.sources, { ...read.sources[2]!, source: 5 }] };
    expect(linked(twice, events, true)).toEqual([]);
  });

  it('still shows where values came from once the session has ended and its sources are destroyed', () => {
    const ended = flowOf({ tainted: false, labels: [], sources: [] }, events, true);
    expect(ended.sources.map(({ source, tool }) => [source, tool])).toEqual([
      [2, undefined],
      [3, 'read_email'],
      [4, 'find_contact'],
      [0, undefined],
    ]);
  });
});

describe('the drawing', () => {
  const flow = flowOf(read, events, true);
  const { boxOf, endOf } = placesOf(flow.sources, flow.calls, flow.edges);
  const calls = flow.calls.map(({ eventId }) => boxOf(eventId));

  it('has sources on the left and calls on the right, in the order of time', () => {
    const right = Math.max(...flow.sources.map(({ source }) => boxOf(`source ${source}`).x));
    expect(calls.every(({ x }) => x > right + 230)).toBe(true);
    expect(calls.map(({ y }) => y)).toEqual(calls.map(({ y }) => y).toSorted((a, b) => a - b));
    expect(calls.slice(1).every(({ y }, place) => y >= (calls[place]?.y ?? 0) + (calls[place]?.height ?? 0))).toBe(
      true,
    );
  });

  it('no two lines of a call end in one place', () => {
    const pay = flow.edges.filter(({ eventId }) => eventId === 'event-pay');
    expect(new Set(pay.map(endOf)).size).toBe(pay.length);
    expect(new Set(flow.edges.map(edgeId)).size).toBe(flow.edges.length);
  });
});
