import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { expect, onTestFinished, test } from 'vitest';
import { countersOf, zeroCounters } from '@sallyport/core';
import type { IntentEntry, RecordedEntry, ResultEntry, SessionCounters, Store } from '@sallyport/core';
import { recoverOpenIntents } from '../../src/audit/recover.ts';
import { systemClock as clock } from '../../src/clock.ts';
import { newId } from '../../src/identity/ids.ts';
import { startScriptedModel } from '../../src/providers/scripted/server.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { tools } from '../openai/checkpoint.ts';
import { dataFolder, spawnRuntime } from './spawn-runtime.ts';

/** At least so long, and on a slow machine until enough was seen. */
const forMs = 12_000;
const atMostMs = 90_000;
const shapes = ['text', 'tool', 'denied'] as const;

/** What a client got whole: the mark of its request, and whether a call was in the answer. */
interface Received {
  readonly mark: string;
  readonly call: boolean;
}

interface Seen {
  readonly received: Received[];
  readonly released: string[];
  nextMark(): string;
}

/** A model that answers with the mark of the request: `user` is `<number>-<shape>-<stream>`. */
const startModel = async (asked: string[]) =>
  await startScriptedModel({
    models: ['m-1'],
    script: ({ body, messages }) => {
      const mark = body['user'] as string;
      asked.push(mark);
      const chunks = { fragment: 4, everyMs: 1 };
      const refused = messages.some(({ text }) => text.includes('"denied":true'));
      if (mark.includes('tool')) return { toolCalls: [{ name: 'read_ticket', arguments: { id: mark } }], chunks };
      if (mark.includes('denied') && !refused)
        return { toolCalls: [{ name: 'list_customers', arguments: {} }], chunks };
      return { text: `Answer to ${mark}.`, chunks };
    },
  });

/** A call counts as released once the client has read it, whether or not the rest of the answer came. */
async function ask(client: OpenAI, mark: string, released: string[]): Promise<Received> {
  const body = { model: 'm-1', user: mark, tools, messages: [{ role: 'user' as const, content: `Question ${mark}` }] };
  let call = false;
  if (mark.endsWith('true')) {
    for await (const { choices } of await client.chat.completions.create({ ...body, stream: true })) {
      if (!choices[0]?.delta.tool_calls) continue;
      call = true;
      released.push(mark);
    }
  } else {
    const { choices } = await client.chat.completions.create(body);
    call = (choices[0]?.message.tool_calls ?? []).length > 0;
    if (call) released.push(mark);
  }
  return { mark, call };
}

/**
 * One life of the runtime: clients ask without pause until it is killed at a random moment. Most are let answer something
 * first, however slow the machine is: a test of lives in which nothing happened would say nothing.
 */
async function life(dataDir: string, provider: string, seen: Seen) {
  const before = seen.received.length;
  const { url, key, kill } = await spawnRuntime(dataDir, provider);
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, timeout: 10_000 });
  const over = new AbortController();
  const worker = async () => {
    while (!over.signal.aborted) {
      try {
        seen.received.push(await ask(client, seen.nextMark(), seen.released));
      } catch {
        // Cut off by the kill.
      }
    }
  };
  const workers = Array.from({ length: 8 }, worker);
  const patience = Math.random() < 0.75 ? 10_000 : 0;
  for (let waited = 0; seen.received.length === before && waited < patience; waited += 20) await sleep(20);
  await sleep(50 + Math.random() * 400);
  over.abort();
  await kill();
  await Promise.all(workers);
}

async function allEntries(store: Store): Promise<RecordedEntry[]> {
  const all: RecordedEntry[] = [];
  for (;;) {
    const page = await store.entries.list({ after: all.at(-1)?.seq ?? 0, limit: 10_000 });
    if (page.length === 0) return all;
    all.push(...page);
  }
}

const grouped = <T>(items: readonly T[], by: (item: T) => string) => {
  const groups = Map.groupBy(items, by);
  return (key: string): readonly T[] => groups.get(key) ?? [];
};

test(
  'kill -9 at any moment: no effect without its entry, no answer without its entries, nothing twice',
  { timeout: 150_000 },
  async () => {
    const { path: folder, remove } = dataFolder();
    const asked: string[] = [];
    const model = await startModel(asked);
    onTestFinished(async () => {
      await model.close();
      remove();
    });
    const received: Received[] = [];
    const released: string[] = [];
    let marks = 0;
    const nextMark = () => `${++marks}-${shapes[marks % 3]}-${marks % 2 === 0}`;
    const started = Date.now();
    let lives = 0;
    const isEnough = () => lives > 3 && received.length > 50 && received.some(({ call }) => call);
    const isOver = (now: number) => now > started + (isEnough() ? forMs : atMostMs);
    for (; !isOver(Date.now()); lives++) await life(folder, model.url, { received, released, nextMark });

    const { store, audit } = await openSqliteStore({ file: join(folder, 'sallyport.db'), clock });
    onTestFinished(() => store.close());
    const left = (await store.entries.openIntents()).length;
    expect(await recoverOpenIntents(store, audit, newId, clock)).toBe(left);
    expect(await recoverOpenIntents(store, audit, newId, clock)).toBe(0);

    const entries = await allEntries(store);
    const intents = entries.filter((entry): entry is IntentEntry & { seq: number } => entry.phase === 'intent');
    const results = entries.filter((entry): entry is ResultEntry & { seq: number } => entry.phase === 'result');
    const resultsOf = grouped(results, ({ eventId }) => eventId);
    const markOf = ({ content = '' }: IntentEntry) =>
      /\d+-(?:text|tool|denied)-(?:true|false)/.exec(content)?.[0] ?? '';
    const requests = grouped(
      intents.filter(({ kind }) => kind === 'model_request'),
      markOf,
    );
    const calls = grouped(
      intents.filter(({ kind }) => kind === 'tool_call'),
      markOf,
    );
    const questions = grouped(
      intents.filter(({ kind }) => kind === 'user_message'),
      markOf,
    );

    // The test is worth something only if it saw all of this.
    expect(lives).toBeGreaterThan(3);
    expect(received.length).toBeGreaterThan(50);
    expect(results.filter(({ result }) => result.outcome === 'unknown').length).toBeGreaterThan(0);
    expect(received.some(({ call }) => call)).toBe(true);

    const reached = Map.groupBy(asked, (mark) => mark);
    for (const [mark, times] of reached) {
      expect(requests(mark).filter(({ owesResult }) => owesResult).length, mark).toBeGreaterThanOrEqual(times.length);
    }
    for (const { mark, call } of received) {
      expect(questions(mark), mark).toHaveLength(1);
      expect(requests(mark), mark).toHaveLength(mark.includes('denied') ? 2 : 1);
      for (const { eventId } of requests(mark)) {
        expect(resultsOf(eventId), mark).toMatchObject([{ result: { outcome: 'ok' } }]);
      }
      expect(call, mark).toBe(mark.includes('tool'));
    }
    for (const mark of released) {
      expect(mark).toContain('tool');
      expect(calls(mark), mark).toMatchObject([{ subject: 'read_ticket', decision: { outcome: 'allow' } }]);
    }
    for (const { eventId, owesResult } of intents) expect(resultsOf(eventId)).toHaveLength(owesResult ? 1 : 0);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, at) => at + 1));

    for (const session of await store.sessions.list({ limit: 100 })) {
      const sum: Record<keyof SessionCounters, number> = { ...zeroCounters };
      for (const entry of entries) {
        if (!('sessionId' in entry) || entry.sessionId !== session.id) continue;
        for (const [name, value] of Object.entries(countersOf(entry))) sum[name as keyof SessionCounters] += value;
      }
      expect(session.counters).toEqual(sum);
    }
  },
);
