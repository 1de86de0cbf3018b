import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { FlowPiece } from '../../src/index.ts';
import { Conversation } from './talk.ts';

const values = [
  'ann@corp.example',
  'evil@evil.test',
  'Bob',
  '7',
  'https://docs.example/a',
  '100',
  '2026-05-05',
  '__proto__',
];
const value = fc.constantFrom(...values);
const step = fc.oneof(
  fc.record({ do: fc.constant('user' as const), text: fc.array(value, { maxLength: 4 }) }),
  fc.record({ do: fc.constant('system' as const), text: fc.array(value, { maxLength: 4 }) }),
  fc.record({
    do: fc.constant('answered' as const),
    tool: fc.constantFrom('read_mail', 'bank_history', 'read_file', 'constructor', ''),
    text: fc.array(value, { maxLength: 4 }),
    id: fc.constantFrom('call_0', 'call_1'),
  }),
  fc.record({
    do: fc.constant('settle' as const),
    tool: fc.constantFrom('send_mail', 'send_payment', 'delete_file', '__proto__'),
    text: fc.array(value, { minLength: 1, maxLength: 3 }),
    outcome: fc.constantFrom('allow' as const, 'deny' as const, 'require_approval' as const),
    endorses: fc.boolean(),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const argsOf = ([first = '', second = '', third = '']: readonly string[]) => ({
  to: [first],
  recipient: second,
  amount: Number(third) || 1,
  body: third,
});

function play(talk: Conversation, each: Step): void {
  const text = `Send ${each.text.join(' and ')}`;
  if (each.do === 'user') talk.user(text);
  else if (each.do === 'system') talk.system(text);
  else if (each.do === 'answered') {
    talk.answered(each.tool, JSON.stringify([{ sender: each.text[0] ?? '', subject: text }]), {}, each.id);
  } else {
    const { outcome, endorses } = each;
    talk.settle(each.tool, argsOf(each.text), { outcome, endorses, ...(endorses ? { approval: 'a' } : {}) });
  }
}

const tracesOf = (talk: Conversation) =>
  values.flatMap((to) =>
    ['send_mail', 'send_payment', 'delete_file'].map((tool) => {
      const trace = talk.trace(tool, argsOf([to, to, '100']));
      return { ...trace, excerpts: trace.excerpts(), requests: trace.requests() };
    }),
  );

it('what was kept gives the same traces after a restart', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const talk = new Conversation();
      for (const each of steps) play(talk, each);
      const restored = new Conversation();
      for (const piece of JSON.parse(JSON.stringify(talk.pieces)) as FlowPiece[]) restored.flow.restore(piece);
      expect(tracesOf(restored)).toEqual(tracesOf(talk));
      expect(restored.flow.describe()).toEqual(talk.flow.describe());
    }),
    { numRuns: 60 },
  );
});

it('a session knows nothing of what another has read', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
      const alone = new Conversation().user('Send the notes to ann@corp.example').tainted();
      const beside = new Conversation().user('Send the notes to ann@corp.example').tainted();
      const other = new Conversation();
      for (const each of steps) play(other, each);
      expect(tracesOf(beside)).toEqual(tracesOf(alone));
    }),
    { numRuns: 30 },
  );
});
