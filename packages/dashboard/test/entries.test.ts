import type { ApprovalView, EntryView } from '@sallyport/core/admin';
import { describe, expect, it } from 'vitest';
import { appendEntries, updatePending } from '../src/live/patches.ts';
import { sourceSentence, timelineOf } from '../src/timeline.ts';

type Intent = Extract<EntryView, { phase: 'intent' }>;
type Result = Extract<EntryView, { phase: 'result' }>;

const head = (seq: number, eventId: string) => ({
  seq,
  id: `entry-${seq}`,
  at: seq,
  tenant: 'default',
  sessionId: 's',
  agentId: 'a',
  userId: 'u',
  eventId,
  kind: 'model_request' as const,
  subject: 'practice/practice-1',
});
const intent = (seq: number, eventId: string): Intent => ({
  ...head(seq, eventId),
  phase: 'intent',
  owesResult: true,
  decision: { outcome: 'allow', reasons: [], verdicts: [], policy: '' },
});
const result = (seq: number, eventId: string): Result => ({
  ...head(seq, eventId),
  phase: 'result',
  result: { outcome: 'ok', latencyMs: 5 },
});

describe('the timeline', () => {
  it('joins an intent with its result, in the order in which events began', () => {
    const events = timelineOf([intent(1, 'a'), intent(2, 'b'), result(3, 'b'), result(4, 'a')]);
    expect(events.map(({ id, at, result: of }) => [id, at, of?.seq])).toEqual([
      ['a', 1, 4],
      ['b', 2, 3],
    ]);
  });

  it('shows a result whose intent is not loaded, and an intent that has no result', () => {
    const [half, open] = timelineOf([result(7, 'a'), intent(8, 'b')]);
    expect([half?.intent, half?.result?.seq]).toEqual([undefined, 7]);
    expect([open?.intent?.seq, open?.result]).toEqual([8, undefined]);
  });

  it('counts messages from one, as people do', () => {
    expect(sourceSentence({ source: { message: 3, role: 'tool', tool: 'read_ticket' } })).toBe(
      'first seen in the result of read_ticket, message 4',
    );
    expect(sourceSentence({ source: { message: 0, role: 'user' } })).toBe('first seen in the user message, message 1');
  });

  it('names no message for what information flow found: it numbers texts, not messages', () => {
    const source = { message: 3, role: 'tool', tool: 'read_ticket' };
    expect(sourceSentence({ rule: 'flow:targets', source })).toBe('read in the result of read_ticket');
  });
});

describe('live entries', () => {
  const pages = { entries: [intent(1, 'a'), intent(2, 'b')], hasEarlier: false };

  it('an entry that was fetched and streamed is there once', () => {
    const { entries } = appendEntries(pages, [intent(2, 'b'), result(3, 'b')]);
    expect(entries.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it('nothing new leaves the cache as it is, so nothing is drawn again', () => {
    expect(appendEntries(pages, [intent(1, 'a')])).toBe(pages);
  });

  it('a timeline that stays open for days keeps a bounded number, and says that there are earlier ones', () => {
    const many = Array.from({ length: 10_000 }, (_, n) => intent(n + 10, `e${n}`));
    const { entries, hasEarlier } = appendEntries(pages, many);
    expect(entries.length).toBeLessThanOrEqual(4_000);
    expect(entries.at(-1)?.seq).toBe(10_009);
    expect(hasEarlier).toBe(true);
  });
});

describe('live approvals', () => {
  const approval = (id: string, requestedAt: number, state: ApprovalView['state'] = 'pending'): ApprovalView => ({
    id,
    sessionId: 's',
    agentId: 'a',
    agent: 'agent',
    userId: 'u',
    eventId: 'e',
    tool: 'send_email',
    binding: 'f'.repeat(64),
    state,
    requestedAt,
    expiresAt: 10_000,
    votesNeeded: 1,
    votes: [],
    usedBy: null,
  });

  it('a new one joins what waits, and one that was answered leaves it', () => {
    const waiting = { approvals: [approval('a', 1)] };
    const joined = updatePending(waiting, [approval('b', 2)]);
    expect(joined.approvals.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(updatePending(joined, [approval('a', 1, 'rejected')]).approvals.map(({ id }) => id)).toEqual(['b']);
  });

  it('told twice it waits once, as it stands last', () => {
    const twice = updatePending({ approvals: [] }, [approval('a', 1), approval('a', 1, 'used')]);
    expect(twice.approvals).toEqual([]);
  });
});
