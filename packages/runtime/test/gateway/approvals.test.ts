import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { Json, JsonObject } from '@sallyport/core';
import { describe, expect, it } from 'vitest';
import { denialIn, say, stage, textIn, type ScriptedTool } from './stage.ts';

const tools: Record<string, ScriptedTool> = {
  refund: {
    inputSchema: { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] },
    answer: ({ amount }) => say(`refunded ${String(amount)}`),
  },
};
const permissions = "roles: { support: { models: { '*': allow }, tools: { '*': allow, up__refund: ask } } }";
const call = { name: 'up__refund', arguments: { amount: 5 } };

/** Answers the oldest approval that waits, once there is one. */
async function decide({ pending, admin }: Awaited<ReturnType<typeof stage>>, answer: 'once' | 'reject') {
  await expect.poll(pending).toHaveLength(1);
  const [approval] = await pending();
  const { id = '', binding = '' } = approval ?? {};
  await (await admin()).call('approvals.answer', { params: { id }, body: { answer, binding } });
}

it('a 2025 client that takes addresses is led to the approval, and its call runs once a person approved it there', async () => {
  const staged = await stage({ tools, permissions });
  const client = await (await staged.open()).old({ elicitation: { form: {}, url: {} } });
  const asked: Record<string, unknown>[] = [];
  client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
    asked.push(params);
    await decide(staged, 'once');
    return { action: 'accept' };
  });
  expect(textIn(await client.callTool(call))).toBe('refunded 5');
  expect(asked).toMatchObject([{ mode: 'url', url: expect.stringMatching(/^http:.*\/approvals\/[0-9a-f-]{36}$/) }]);
  expect(staged.server.calls).toHaveLength(1);
});

it('a client that says "approved" has approved nothing: only a signed-in approver has', async () => {
  const staged = await stage({ tools, permissions });
  const client = await (await staged.open()).old({ elicitation: {} });
  let times = 0;
  client.setRequestHandler(ElicitRequestSchema, () => {
    times++;
    return times === 1 ? { action: 'accept', content: { approved: true } } : { action: 'decline' };
  });
  const answer = await client.callTool(call, undefined, { timeout: 60_000 });
  expect(denialIn(answer)).toMatchObject({ reason: 'approval_required' });
  expect(times).toBe(2);
  expect(staged.server.calls).toEqual([]);
}, 60_000);

it('a call that is rejected while the question stands is denied without waiting for a click', async () => {
  const staged = await stage({ tools, permissions });
  const client = await (await staged.open()).old({ elicitation: {} });
  client.setRequestHandler(ElicitRequestSchema, () => new Promise(() => undefined));
  const answering = client.callTool(call);
  await decide(staged, 'reject');
  expect(denialIn(await answering)).toMatchObject({ reason: 'approval_rejected' });
});

it('a 2026 client is asked by input_required, and makes the call again with its answer', async () => {
  const staged = await stage({ tools, permissions });
  const client = await (await staged.open()).modern({ elicitation: { form: {}, url: {} } });
  const asked: unknown[] = [];
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    asked.push(params);
    await decide(staged, 'once');
    return { action: 'accept' };
  });
  expect(textIn(await client.callTool(call))).toBe('refunded 5');
  expect(asked).toMatchObject([{ mode: 'url' }]);
  expect(staged.server.calls).toHaveLength(1);
});

it('a client that cannot be asked is told where the call is approved, and passes with the same call after that', async () => {
  const staged = await stage({ tools, permissions });
  const client = await (await staged.open()).modern();
  const denial = denialIn(await client.callTool(call));
  expect(denial).toMatchObject({ reason: 'approval_required', retryable: true, approval: { url: expect.any(String) } });
  await decide(staged, 'once');
  expect(denialIn(await client.callTool({ ...call, arguments: { amount: 6 } }))).toMatchObject({ retryable: true });
  expect(textIn(await client.callTool(call))).toBe('refunded 5');
  expect(denialIn(await client.callTool(call))).toMatchObject({ reason: 'approval_required' });
});

it('a call is held open for as long as the operator lets it', async () => {
  const staged = await stage({ tools, permissions, config: 'mcp: { holdOpenMs: 30000 }' });
  const client = await (await staged.open()).old();
  const progress: unknown[] = [];
  const answering = client.callTool(call, undefined, { onprogress: (each) => void progress.push(each) });
  await decide(staged, 'once');
  expect(textIn(await answering)).toBe('refunded 5');
  expect(progress).toMatchObject([{ message: expect.stringContaining('/approvals/') }]);
});

it('a client that goes while a person is asked leaves nothing behind that runs later', async () => {
  const staged = await stage({ tools, permissions, config: 'mcp: { holdOpenMs: 30000 }' });
  const client = await (await staged.open()).old();
  const gone = new AbortController();
  const answering = client.callTool(call, undefined, { signal: gone.signal });
  await expect.poll(staged.pending).toHaveLength(1);
  gone.abort();
  await expect(answering).rejects.toThrow();
  await decide(staged, 'once');
  // What runs next was asked for anew.
  expect(textIn(await client.callTool(call))).toBe('refunded 5');
  expect(staged.server.calls).toHaveLength(1);
});

describe.each(['held open', 'asked by elicitation'])('a call that is %s', (way) => {
  const capabilities = way === 'held open' ? {} : { elicitation: { form: {}, url: {} } };
  const held = async () => {
    const staged = await stage({ tools, permissions, config: 'mcp: { holdOpenMs: 600000 }' });
    const session = await staged.open();
    const client = await session.old(capabilities);
    if (way !== 'held open') client.setRequestHandler(ElicitRequestSchema, () => new Promise(() => undefined));
    const answering = client.callTool(call).then(
      (result) => denialIn(result),
      (error: unknown) => String(error),
    );
    await expect.poll(staged.pending).toHaveLength(1);
    return { staged, session, answering };
  };

  it('does not run once its key was revoked, though a person approves it then', async () => {
    const { staged, answering } = await held();
    const admin = await staged.admin();
    const { agents } = await admin.call('agents.list', {});
    for (const { id, keys } of agents)
      for (const key of keys) await admin.call('agents.revokeKey', { params: { id, keyId: key.id } });
    await decide(staged, 'once');
    expect(await answering).toContain('revoked');
    expect(staged.server.calls).toEqual([]);
  });

  it('does not run once its session has ended, and says so', async () => {
    const { staged, session, answering } = await held();
    await (await staged.admin()).call('sessions.end', { params: { id: session.id } });
    expect(await answering).toContain('revoked');
    expect(staged.server.calls).toEqual([]);
  });

  it('keeps no runtime from stopping, and is told where it is approved', async () => {
    const { staged, answering } = await held();
    await staged.runtime.stop();
    expect(await answering).toMatchObject({ reason: 'approval_required', approval: { url: expect.any(String) } });
    expect(staged.server.calls).toEqual([]);
  });
});

it('answers that are none leave the question open', async () => {
  const staged = await stage({ tools, permissions });
  const session = await staged.open();
  const ask = (params: JsonObject) => session.ask('tools/call', { ...call, ...params }, { elicitation: {} });
  const { requestState = '' } = (await ask({})).result ?? {};
  for (const inputResponses of ['approved', 1, true, null, ['approved']] as Json[])
    expect((await ask({ requestState, inputResponses })).error).toMatchObject({ code: -32602 });
  const declined = { approval: { action: 'decline' } };
  expect(denialIn((await ask({ requestState, inputResponses: declined })).result)).toMatchObject({
    reason: 'approval_required',
  });
});
