import { describe, expect, it } from 'vitest';
import type { ArmedGuard, AuditLog, Guard } from '@sallyport/core';
import { RuntimeFault, defineGuard } from '@sallyport/core';
import { hello, startCheckpoint, tools } from './checkpoint.ts';

const broken = (check: () => unknown): ((armed: ArmedGuard[]) => ArmedGuard[]) => {
  const guard = defineGuard({
    name: 'broken',
    summary: 'breaks',
    stage: 'judge',
    on: ['model_request', 'tool_call'],
    check: check as Guard['check'],
  });
  return (armed) => [...armed, { guard, mode: 'enforce', timeoutMs: 50 }];
};

const failures: Record<string, () => unknown> = {
  throws: () => {
    throw new Error('no');
  },
  rejects: () => Promise.reject(new Error('no')),
  hangs: () => new Promise(() => undefined),
  'returns rubbish': () => ({ outcome: 'sure' }),
  'returns nothing': () => undefined,
};

describe.each([false, true])('nothing reaches the provider (stream: %s)', (stream) => {
  it.each(Object.entries(failures))('when a guard %s', async (_, check) => {
    const { client, model, entries } = await startCheckpoint({ script: () => ({ text: 'hi' }), guards: broken(check) });
    const refused = client().chat.completions.create({ model: 'm-1', messages: hello, stream });
    await expect(refused).rejects.toMatchObject({ status: 503, code: 'guard_failed' });
    expect(model.requests).toHaveLength(0);
    expect((await entries()).some((entry) => entry.phase === 'intent' && entry.decision.outcome === 'deny')).toBe(true);
  });

  it.each(['modelCalls: durable', 'modelCalls: async'])('when the log is not writable (%s)', async (mode) => {
    const full = () => new RuntimeFault('store_unavailable', { detail: 'The disk is full.' });
    const audit = (real: AuditLog): AuditLog => ({
      append: () => Promise.reject(full()),
      enqueue: () => {
        throw full();
      },
      subscribe: (listener) => real.subscribe(listener),
    });
    const { client, model } = await startCheckpoint({
      script: () => ({ text: 'hi' }),
      audit,
      config: `audit: {${mode}}`,
    });
    const refused = client().chat.completions.create({ model: 'm-1', messages: hello, stream });
    await expect(refused).rejects.toMatchObject({ status: 503, code: 'audit_unavailable' });
    await expect(refused).rejects.toThrow('The disk is full.');
    expect(model.requests).toHaveLength(0);
  });
});

describe.each([false, true])('nothing reaches the agent (stream: %s)', (stream) => {
  it('when a guard fails on the proposed call', async () => {
    const onlyCalls = (armed: ArmedGuard[]) => {
      const [bad] = broken(() => {
        throw new Error('no');
      })([]);
      return [
        ...armed,
        { ...(bad as ArmedGuard), guard: { ...(bad as ArmedGuard).guard, on: ['tool_call' as const] } },
      ];
    };
    const { client } = await startCheckpoint({
      script: () => ({ toolCalls: [{ name: 'read_ticket', arguments: { id: 'T-1' } }] }),
      guards: onlyCalls,
      config: 'deniedCalls: {reasks: 0}',
    });
    const body = { model: 'm-1', messages: hello, tools };
    const { choices } = stream
      ? await client().chat.completions.stream(body).finalChatCompletion()
      : await client().chat.completions.create(body);
    expect(choices[0]?.message.tool_calls ?? []).toEqual([]);
    expect(choices[0]?.message.content).toContain('a guard could not decide');
  });

  it('when the log fails after the model has answered: the call is not released, and the client gets an error', async () => {
    let appended = 0;
    const audit = (real: AuditLog): AuditLog => ({
      append: (entry) => (++appended > 2 ? Promise.reject(new RuntimeFault('store_unavailable')) : real.append(entry)),
      enqueue: (entry) => real.enqueue(entry),
      subscribe: (listener) => real.subscribe(listener),
    });
    const { client, model } = await startCheckpoint({
      script: () => ({ text: 'One moment.', toolCalls: [{ name: 'read_ticket', arguments: { id: 'T-1' } }] }),
      audit,
    });
    const run = async () => {
      const body = { model: 'm-1', messages: hello, tools };
      if (!stream) return await client({ maxRetries: 0 }).chat.completions.create(body);
      for await (const chunk of await client().chat.completions.create({ ...body, stream: true })) {
        expect(chunk.choices[0]?.delta.tool_calls).toBeUndefined();
      }
      return undefined;
    };
    await expect(run()).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(model.requests).toHaveLength(1);
  });
});
