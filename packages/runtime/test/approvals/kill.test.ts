import { join } from 'node:path';
import OpenAI from 'openai';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { IntentEntry, RecordedEntry, Store } from '@sallyport/core';
import { connect } from '../../src/cli/client.ts';
import { systemClock as clock } from '../../src/clock.ts';
import { startScriptedModel } from '../../src/providers/scripted/server.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { dataFolder, spawnRuntime } from '../runtime/spawn-runtime.ts';

const lives = 8;
const agents = 6;

/** What people and agents were told before each kill. */
interface Seen {
  /** Approvals that an approver was shown. */
  readonly shown: Set<string>;
  /** Whose yes was confirmed to the approver. */
  readonly approved: Set<string>;
  /** Payments that reached an agent, once for each time. */
  readonly paid: number[];
  next: number;
}

const tools: OpenAI.ChatCompletionTool[] = [{ type: 'function', function: { name: 'pay' } }];

/** A model that wants to make the payment that the request names. */
const startModel = async () =>
  await startScriptedModel({
    models: ['m-1'],
    script: ({ body, messages }) =>
      messages.some(({ text }) => text.includes('"denied":true'))
        ? { text: 'It waits.' }
        : { toolCalls: [{ name: 'pay', arguments: { payment: Number(body['user']) } }] },
  });

async function propose(client: OpenAI, payment: number): Promise<boolean> {
  const body = { model: 'm-1', user: String(payment), tools, messages: [{ role: 'user' as const, content: 'Pay.' }] };
  const { choices } = await client.chat.completions.create(body);
  return (choices[0]?.message.tool_calls ?? []).length > 0;
}

async function approveAll(dataDir: string, { shown, approved }: Seen): Promise<void> {
  const admin = await connect(dataDir);
  const { approvals } = await admin.call('approvals.list', { query: { state: 'pending' } });
  for (const { id, binding } of approvals) {
    shown.add(id);
    await admin.call('approvals.answer', { params: { id }, body: { answer: 'once', binding } });
    approved.add(id);
  }
}

/** One life of the runtime: agents ask and a person approves, without pause, until it is killed at a random moment. */
async function life(dataDir: string, provider: string, seen: Seen, open: Set<number>, early: boolean): Promise<void> {
  const { url, key, kill } = await spawnRuntime(dataDir, provider);
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, timeout: 10_000 });
  const over = new AbortController();
  const forever = async (step: () => Promise<void>) => {
    while (!over.signal.aborted) {
      try {
        await step();
      } catch {
        // Cut off by the kill.
      }
    }
  };
  const pay = async (payment: number) => {
    if (!(await propose(client, payment))) return;
    seen.paid.push(payment);
    open.delete(payment);
    open.add(++seen.next);
  };
  // What was open when the last life ended is proposed again, by the same session.
  const working = Array.from({ length: agents }, (_, at) =>
    forever(async () => await pay([...open][at % open.size] ?? 0)),
  );
  working.push(forever(async () => await approveAll(dataDir, seen)));
  // However slow the machine is: most lives end amid payments, some before the first.
  const before = seen.paid.length;
  if (!early) await vi.waitUntil(() => seen.paid.length > before + 2, { timeout: 60_000, interval: 5 });
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 300));
  over.abort();
  await kill();
  await Promise.all(working);
}

async function allEntries(store: Store): Promise<RecordedEntry[]> {
  const all: RecordedEntry[] = [];
  for (;;) {
    const page = await store.entries.list({ after: all.at(-1)?.seq ?? 0, limit: 10_000 });
    if (page.length === 0) return all;
    all.push(...page);
  }
}

test(
  'kill -9 at any moment: one yes is one effect, no approval is lost, and no yes is forgotten',
  { timeout: 240_000 },
  async () => {
    const { path: folder, remove } = dataFolder('pay: ask');
    const model = await startModel();
    onTestFinished(async () => {
      await model.close();
      remove();
    });
    const seen: Seen = { shown: new Set(), approved: new Set(), paid: [], next: agents };
    const open = new Set(Array.from({ length: agents }, (_, at) => at + 1));
    for (let at = 0; at < lives; at++) await life(folder, model.url, seen, open, at % 4 === 3);

    const { store } = await openSqliteStore({ file: join(folder, 'sallyport.db'), clock });
    onTestFinished(() => store.close());
    const entries = await allEntries(store);
    const approvals = await store.approvals.list({ limit: 10_000 });
    const effects = entries.filter(
      (entry): entry is IntentEntry & { seq: number } =>
        entry.phase === 'intent' && entry.kind === 'tool_call' && entry.decision.outcome === 'allow',
    );

    // The test is worth something only if it saw all of this.
    expect(seen.paid.length).toBeGreaterThan(10);
    expect(seen.shown.size).toBeGreaterThan(10);

    const byId = new Map(approvals.map((approval) => [approval.id, approval]));
    // One yes, one effect: each names its approval, which names it.
    expect(new Set(effects.map(({ decision }) => decision.approval)).size).toBe(effects.length);
    for (const { eventId, decision } of effects) {
      expect(byId.get(decision.approval ?? '')).toMatchObject({ state: 'used', usedBy: eventId });
    }
    const used = approvals.filter(({ state }) => state === 'used');
    expect(used).toHaveLength(effects.length);
    for (const { votes } of used) expect(votes).toMatchObject([{ answer: 'once' }]);
    // Nothing reached an agent without its entry, nor twice for one entry.
    const paid = Map.groupBy(seen.paid, (payment) => payment);
    const recorded = Map.groupBy(effects, ({ content }) => Number(/"payment":(\d+)/.exec(content ?? '')?.[1]));
    for (const [payment, times] of paid) {
      expect(recorded.get(payment)?.length ?? 0, String(payment)).toBeGreaterThanOrEqual(times.length);
    }
    // What an approver was shown is still there, and their yes with it.
    for (const id of seen.shown) expect(byId.has(id)).toBe(true);
    for (const id of seen.approved) expect(['approved', 'used']).toContain(byId.get(id)?.state);
    for (const { state, votes } of approvals) expect(votes).toHaveLength(state === 'pending' ? 0 : 1);
    // Of one call, one approval is open at a time.
    const opens = approvals.filter(({ state }) => state === 'pending' || state === 'approved');
    expect(new Set(opens.map(({ binding }) => binding)).size).toBe(opens.length);
    // Every answer was on record before it counted.
    const answers = entries.flatMap((entry) =>
      entry.phase === 'operator' && entry.action === 'approvals.answer' ? [entry.subject] : [],
    );
    for (const { id, votes } of approvals) if (votes.length > 0) expect(answers).toContain(id);
  },
);
