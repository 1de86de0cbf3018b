import type OpenAI from 'openai';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import type { ApprovalAnswer, JsonObject } from '@sallyport/core';
import type { ScriptedRequest, Step } from '../../src/providers/scripted/script.ts';
import { startCheckpoint, tools } from './checkpoint.ts';
import { systemClock } from '../../src/clock.ts';

type Checkpoint = Awaited<ReturnType<typeof startCheckpoint>>;
type Choice = OpenAI.ChatCompletion.Choice;

const pay = { name: 'send_email', arguments: { to: 'bob@bank.example', body: 'Please pay.' } };
const read = { name: 'read_ticket', arguments: { id: 'T-1' } };
const amir = { id: 'o-1', name: 'Amir' };

const refused = ({ messages }: ScriptedRequest) => messages.filter(({ text }) => text.includes('"denied":true'));
/** Calls, and when it is refused says so and stops. */
const once =
  (...toolCalls: { name: string; arguments: JsonObject }[]) =>
  (asked: ScriptedRequest): Step =>
    refused(asked).length > 0 ? { text: 'It waits.' } : { text: 'On it.', toolCalls };

async function ask({ client }: Checkpoint, stream: boolean, options: object = {}): Promise<Choice> {
  const body = { model: 'm-1', messages: [{ role: 'user' as const, content: 'Pay Bob.' }], tools };
  const openai = client({ maxRetries: 0 });
  const { choices } = stream
    ? await openai.chat.completions.stream(body, options).finalChatCompletion()
    : await openai.chat.completions.create(body, options);
  return choices[0] as Choice;
}

const called = ({ message }: Choice) =>
  (message.tool_calls ?? []).map((call) => (call.type === 'function' ? call.function.name : call.type));

/** Answers the approval that is asked for next. */
async function answerNext({ approvals }: Checkpoint, answer: ApprovalAnswer, by = amir): Promise<string> {
  const next = async () => (await approvals.list({ state: 'pending', limit: 10 }))[0];
  await expect.poll(next, { timeout: 5_000 }).toBeDefined();
  const { id = '', binding = '' } = (await next()) ?? {};
  await approvals.answer(id, by, { answer, binding });
  return id;
}

const intents = async (checkpoint: Checkpoint, tool: string) =>
  (await checkpoint.entries()).flatMap((entry) =>
    entry.phase === 'intent' && entry.kind === 'tool_call' && entry.subject === tool ? [entry.decision] : [],
  );

describe.each([false, true])('a held call (stream: %s)', (stream) => {
  it('tells the model which approval it waits for and until when, and passes unchanged once approved', async () => {
    const checkpoint = await startCheckpoint({ script: once(pay) });
    expect(called(await ask(checkpoint, stream))).toEqual([]);
    const [, second] = checkpoint.model.requests.map(({ body }) => JSON.parse(body));
    const told = JSON.parse(second.messages.at(-1).content);
    const [waiting] = await checkpoint.approvals.list({ limit: 1 });
    expect(told).toMatchObject({
      denied: true,
      reason: 'approval_required',
      retryable: true,
      approval: { id: waiting?.id, expiresAt: waiting?.expiresAt },
    });
    expect(told.message).toContain(waiting?.id);
    expect(told.message).toContain(new Date(waiting?.expiresAt ?? 0).toISOString());
    expect(told.message).toContain('Go on with the rest of the task.');
    expect(told.message).toContain('make it again unchanged');

    await answerNext(checkpoint, 'once');
    expect(called(await ask(checkpoint, stream))).toEqual(['send_email']);
    expect(called(await ask(checkpoint, stream))).toEqual([]);
    const decisions = await intents(checkpoint, 'send_email');
    expect(decisions.filter(({ outcome }) => outcome === 'allow')).toMatchObject([{ approval: waiting?.id }]);
  });

  it('is kept open for the answer, and released; the calls beside it are neither lost nor asked about', async () => {
    const checkpoint = await startCheckpoint({
      script: once(read, pay, read),
      config: 'approvals: {holdOpenMs: 30000}',
    });
    const [choice, id] = await Promise.all([ask(checkpoint, stream), answerNext(checkpoint, 'once')]);
    expect(called(choice)).toEqual(['read_ticket', 'send_email', 'read_ticket']);
    expect(choice.message.content).toBe('On it.');
    expect(checkpoint.model.requests).toHaveLength(1);
    expect(await checkpoint.approvals.get(id)).toMatchObject({ state: 'used' });
    const outcomes = (await intents(checkpoint, 'send_email')).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['require_approval', 'allow']);
  });

  it('is denied when the person says no', async () => {
    const checkpoint = await startCheckpoint({ script: once(pay), config: 'approvals: {holdOpenMs: 30000}' });
    const [choice] = await Promise.all([ask(checkpoint, stream), answerNext(checkpoint, 'reject')]);
    expect(called(choice)).toEqual([]);
    const [, second] = checkpoint.model.requests.map(({ body }) => JSON.parse(body));
    expect(JSON.parse(second.messages.at(-1).content)).toMatchObject({ reason: 'approval_rejected', retryable: false });
  });

  it('that nobody answers in time is denied as held, and still can be answered later', async () => {
    const checkpoint = await startCheckpoint({ script: once(pay), config: 'approvals: {holdOpenMs: 50}' });
    expect(called(await ask(checkpoint, stream))).toEqual([]);
    await answerNext(checkpoint, 'once');
    expect(called(await ask(checkpoint, stream))).toEqual(['send_email']);
  });

  it('that expires while the answer is kept open is denied, and says so', async () => {
    let skew = 0;
    const approvalClock = { ...systemClock, now: () => Date.now() + skew };
    const config = 'approvals: {holdOpenMs: 30000, expiresMinutes: 5}';
    const checkpoint = await startCheckpoint({ script: once(pay), config, approvalClock });
    const asked = ask(checkpoint, stream);
    await expect.poll(async () => (await checkpoint.approvals.list({ limit: 1 })).length).toBe(1);
    skew = 5 * 60_000;
    await checkpoint.approvals.sweep();
    expect(called(await asked)).toEqual([]);
    const [, second] = checkpoint.model.requests.map(({ body }) => JSON.parse(body));
    const told = JSON.parse(second.messages.at(-1).content);
    expect(told).toMatchObject({ reason: 'approval_expired', retryable: false });
    expect(told).not.toHaveProperty('approval');
  });

  it('needs as many people while the answer is kept open as it does otherwise', async () => {
    const config = 'approvals: {holdOpenMs: 30000, approvers: 2}';
    const checkpoint = await startCheckpoint({ script: once(pay), config });
    const answering = async () => {
      const id = await answerNext(checkpoint, 'once');
      expect((await checkpoint.approvals.get(id)).state).toBe('pending');
      await answerNext(checkpoint, 'once', { id: 'o-2', name: 'Bea' });
    };
    const [choice] = await Promise.all([ask(checkpoint, stream), answering()]);
    expect(called(choice)).toEqual(['send_email']);
  });

  it('whose client has gone uses nothing up: the approval is there when it comes back', async () => {
    const checkpoint = await startCheckpoint({ script: once(pay), config: 'approvals: {holdOpenMs: 30000}' });
    const leaving = new AbortController();
    const gone = ask(checkpoint, stream, { signal: leaving.signal }).then(
      () => 'answered',
      () => 'gone',
    );
    await expect.poll(async () => (await checkpoint.approvals.list({ limit: 1 })).length).toBe(1);
    leaving.abort();
    expect(await gone).toBe('gone');
    await answerNext(checkpoint, 'once');
    const choice = await ask(checkpoint, stream);
    expect(called(choice)).toEqual(['send_email']);
    const allowed = (await intents(checkpoint, 'send_email')).filter(({ outcome }) => outcome === 'allow');
    expect(allowed).toHaveLength(1);
  });

  it('whose key was revoked meanwhile is not released, whoever approves it', async () => {
    const checkpoint = await startCheckpoint({ script: once(pay), config: 'approvals: {holdOpenMs: 30000}' });
    const asked = ask(checkpoint, stream).then(called, (error: unknown) => (error as { code: unknown }).code);
    await expect.poll(async () => (await checkpoint.approvals.list({ limit: 1 })).length).toBe(1);
    checkpoint.revoke();
    const id = await answerNext(checkpoint, 'once');
    expect(await asked).toBe('invalid_api_key');
    expect(await checkpoint.approvals.get(id)).toMatchObject({ state: 'approved' });
  });

  it('keeps no runtime from stopping: it is denied as held, and can be answered later', async () => {
    const checkpoint = await startCheckpoint({ script: once(pay), config: 'approvals: {holdOpenMs: 540000}' });
    const asked = ask(checkpoint, stream);
    await expect.poll(async () => (await checkpoint.approvals.list({ limit: 1 })).length).toBe(1);
    const stopped = checkpoint.stop();
    expect(called(await asked)).toEqual([]);
    await stopped;
    expect(await checkpoint.approvals.list({ state: 'pending', limit: 1 })).toHaveLength(1);
  });

  it('twice in one answer is asked about once, and runs once for one yes', async () => {
    const checkpoint = await startCheckpoint({ script: once(pay, pay), config: 'approvals: {holdOpenMs: 30000}' });
    const answering = async () => {
      const first = await answerNext(checkpoint, 'once');
      const next = await answerNext(checkpoint, 'reject');
      expect(next).not.toBe(first);
    };
    const [choice] = await Promise.all([ask(checkpoint, stream), answering()]);
    expect(called(choice)).toEqual(['send_email']);
  });
});

it('a stream that waits is kept alive by comments, which the SDK does not take for events', async () => {
  const checkpoint = await startCheckpoint({ script: once(pay), config: 'approvals: {holdOpenMs: 30000}' });
  const body = { model: 'm-1', stream: true, messages: [{ role: 'user', content: 'Pay Bob.' }], tools };
  const answered = await request(`${checkpoint.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer good', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  let text = '';
  const reading = (async () => {
    for await (const part of answered.body) text += String(part);
  })();
  await expect.poll(() => text).toContain(': waiting for approval\n\n');
  await answerNext(checkpoint, 'once');
  await reading;
  expect(text).toContain('"send_email"');
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
});

describe('GET /v1/approvals/:id', () => {
  const show = async ({ url }: Checkpoint, id: string, as: string) => {
    const { statusCode, body } = await request(`${url}/v1/approvals/${id}`, { headers: { authorization: as } });
    return { status: statusCode, body: (await body.json()) as Record<string, unknown> };
  };

  it('tells the agent the state of its own approval and nothing else, also in a later session', async () => {
    const checkpoint = await startCheckpoint({ script: once(pay) });
    await ask(checkpoint, false);
    const [{ id, expiresAt } = { id: '', expiresAt: 0 }] = await checkpoint.approvals.list({ limit: 1 });
    for (const as of ['Bearer good', 'Bearer later']) {
      expect(await show(checkpoint, id, as)).toEqual({
        status: 200,
        body: { object: 'approval', id, state: 'pending', expiresAt },
      });
    }
    await answerNext(checkpoint, 'once');
    expect((await show(checkpoint, id, 'Bearer good')).body['state']).toBe('approved');
  });

  it('is not found for another agent, another user, and nobody', async () => {
    const checkpoint = await startCheckpoint({ script: once(pay) });
    await ask(checkpoint, false);
    const [{ id } = { id: '' }] = await checkpoint.approvals.list({ limit: 1 });
    for (const as of ['Bearer another-user', 'Bearer another-agent']) {
      const theirs = await show(checkpoint, id, as);
      expect(theirs.status).toBe(404);
      expect(theirs).toEqual(await show(checkpoint, 'none', as));
    }
    expect((await show(checkpoint, id, 'Bearer wrong')).status).toBe(401);
  });
});
