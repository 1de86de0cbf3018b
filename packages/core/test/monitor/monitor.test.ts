import { describe, expect, it } from 'vitest';
import type { ArmedGuard, Guard, MonitorOptions, Verdict } from '../../src/index.ts';
import { Cleared, Monitor, allow, defineGuard, deny, requireApproval } from '../../src/index.ts';
import { MemoryLog, realClock, session, toolCall } from '../fixtures.ts';

const guard = (check: (...args: Parameters<Guard['check']>) => unknown, change: Partial<Guard> = {}): Guard =>
  defineGuard({
    name: 'test',
    summary: '',
    stage: 'judge',
    on: ['tool_call'],
    check: check as () => Verdict,
    ...change,
  });

const armed = (one: Guard, mode: ArmedGuard['mode'] = 'enforce'): ArmedGuard => ({ guard: one, mode, timeoutMs: 20 });

function monitor(guards: ArmedGuard[], change: Partial<MonitorOptions> = {}) {
  const audit = new MemoryLog();
  let ids = 0;
  const made = new Monitor({
    guards,
    audit,
    clock: realClock,
    newId: () => `id-${ids++}`,
    policyHash: () => 'policy-1',
    modelCalls: 'durable',
    keep: () => undefined,
    ...change,
  });
  return { monitor: made, audit };
}

const forbidden = deny({ code: 'forbidden', rule: 'r' });

describe('a decision', () => {
  it('is the most severe verdict, whatever the order of the guards', async () => {
    const verdicts = [allow, forbidden, requireApproval({ code: 'approval_required' })];
    for (const order of [verdicts, verdicts.toReversed()]) {
      const { monitor: made } = monitor(order.map((verdict) => armed(guard(() => verdict))));
      const { cleared, decision } = await made.decide(toolCall(), session());
      expect(cleared).toBeUndefined();
      expect(decision.outcome).toBe('deny');
      expect(decision.verdicts).toHaveLength(3);
    }
  });

  it('is recorded before it clears anything', async () => {
    const { monitor: made, audit } = monitor([armed(guard(() => allow))]);
    const event = toolCall();
    const { cleared } = await made.decide(event, session());
    expect(cleared?.event).toBe(event);
    expect(audit.entries).toMatchObject([
      { phase: 'intent', eventId: event.id, userId: 'ann', decision: { policy: 'policy-1' } },
    ]);
  });

  it('judges what the rewriting guards made, and clears that', async () => {
    const seen: unknown[] = [];
    const rewrite = guard(
      (event) => ({ outcome: 'transform', event: { ...event, arguments: { to: '***' } }, reasons: [] }),
      {
        stage: 'rewrite',
      },
    );
    const judge = guard((event) => {
      seen.push((event as { arguments?: unknown }).arguments);
      return allow;
    });
    const { monitor: made } = monitor([armed(judge), armed(rewrite)]);
    const { cleared, decision } = await made.decide(toolCall({ to: 'ann@example.com' }), session());
    expect(seen).toEqual([{ to: '***' }]);
    expect(cleared?.event.arguments).toEqual({ to: '***' });
    expect(decision.outcome).toBe('transform');
  });
});

describe('a guard that cannot decide', () => {
  const rubbish: unknown[] = [
    undefined,
    null,
    true,
    'allow',
    {},
    { outcome: 'ALLOW' },
    { outcome: 'deny' },
    { outcome: 'deny', reasons: [] },
    { outcome: 'deny', reasons: [{ code: 'no_such_reason' }] },
    { outcome: 'deny', reasons: [null] },
    { outcome: 'deny', reasons: [{ code: 'constructor' }] },
    { outcome: 'transform', event: null, reasons: [] },
    Promise.resolve(undefined),
  ];
  it.each(rubbish.map((value, index) => [index, value] as const))(
    'denies when it returns rubbish (%i)',
    async (_, value) => {
      const { monitor: made } = monitor([armed(guard(() => value))]);
      const { cleared, decision } = await made.decide(toolCall(), session());
      expect(cleared).toBeUndefined();
      expect(decision).toMatchObject({ outcome: 'deny', reasons: [{ code: 'guard_failed' }] });
    },
  );

  it('denies when it throws, rejects or hangs', async () => {
    const bad = [
      () => {
        throw new Error('broken');
      },
      () => {
        // oxlint-disable-next-line no-throw-literal -- a plug-in may throw anything
        throw 'text';
      },
      () => Promise.reject(new Error('later')),
      () => new Promise(() => undefined),
    ];
    for (const check of bad) {
      const { monitor: made } = monitor([armed(guard(check)), armed(guard(() => allow))]);
      const { cleared, decision } = await made.decide(toolCall(), session());
      expect(cleared).toBeUndefined();
      expect(decision).toMatchObject({ outcome: 'deny', reasons: [{ code: 'guard_failed', rule: 'test' }] });
    }
  });

  it('does not block where it only observes, and its failure is still on record', async () => {
    const throwing = guard(() => {
      throw new Error('broken');
    });
    const { monitor: made, audit } = monitor([armed(throwing, 'observe')]);
    const { cleared } = await made.decide(toolCall(), session());
    expect(cleared).toBeDefined();
    expect(audit.entries[0]).toMatchObject({ decision: { verdicts: [{ mode: 'observe', outcome: 'deny' }] } });
  });

  it('may not rewrite while judging, nor change which event it is', async () => {
    const judge = guard((event) => ({ outcome: 'transform', event, reasons: [] }));
    const swap = guard((event) => ({ outcome: 'transform', event: { ...event, id: 'other' }, reasons: [] }), {
      stage: 'rewrite',
    });
    for (const one of [judge, swap]) {
      const { decision } = await monitor([armed(one)]).monitor.decide(toolCall(), session());
      expect(decision.reasons).toMatchObject([{ code: 'guard_failed' }]);
    }
  });
});

describe('no audit, no effect', () => {
  it('denies when the entry cannot be made durable, for model calls in async mode too', async () => {
    for (const modelCalls of ['durable', 'async'] as const) {
      const { monitor: made, audit } = monitor([armed(guard(() => allow))], { modelCalls });
      audit.broken = true;
      const call = await made.decide(toolCall(), session());
      const message = await made.decide({ kind: 'user_message', id: 'e', at: 1, text: 'hi' }, session());
      expect(call.cleared).toBeUndefined();
      expect(call.decision.reasons).toMatchObject([{ code: 'audit_unavailable', detail: 'disk full' }]);
      expect(message.cleared).toBeUndefined();
    }
  });

  it('rejects when a result cannot be made durable', async () => {
    const { monitor: made, audit } = monitor([]);
    const { cleared } = await made.decide(toolCall(), session());
    audit.broken = true;
    await expect(made.complete(cleared as Cleared<never>, { outcome: 'ok', latencyMs: 1 })).rejects.toThrow(
      'disk full',
    );
  });
});

describe('a session that is over', () => {
  it.each([{ state: 'ended' as const }, { expiresAt: Date.now() - 1 }])('gets nothing cleared: %o', async (change) => {
    const { monitor: made } = monitor([armed(guard(() => allow))]);
    const { cleared, decision } = await made.decide(toolCall(), session(change));
    expect(cleared).toBeUndefined();
    expect(decision.reasons).toEqual([{ code: 'session_ended' }]);
  });
});

describe('clearance', () => {
  it('cannot be forged', async () => {
    const { cleared } = await monitor([]).monitor.decide(toolCall(), session());
    expect(() => Cleared.assert(cleared)).not.toThrow();
    const forged = [
      { event: cleared?.event },
      Object.create(Cleared.prototype),
      structuredClone({ event: cleared?.event }),
      null,
      'x',
    ];
    for (const value of forged) expect(() => Cleared.assert(value)).toThrow(TypeError);
    const Constructor = Cleared as unknown as new (...args: unknown[]) => unknown;
    expect(() => new Constructor(toolCall(), session(), {})).toThrow(TypeError);
  });

  it('cannot be altered once given', async () => {
    const { cleared } = await monitor([]).monitor.decide(toolCall(), session());
    expect(Object.isFrozen(cleared)).toBe(true);
  });

  it('does not compile when an effect is called without it', () => {
    const effect = (cleared: Cleared<ReturnType<typeof toolCall>>) => cleared.event.tool;
    const event = toolCall();
    // @ts-expect-error -- an event is not cleared
    expect(() => effect(event).length).toThrow(TypeError);
    // @ts-expect-error -- nor is something that looks like it
    expect(effect({ event, session: session(), decision: { outcome: 'allow' } })).toBe('send_email');
    // @ts-expect-error -- and nobody else can make one
    expect(() => new Cleared(event, session(), { outcome: 'allow' })).toThrow(TypeError);
  });
});
