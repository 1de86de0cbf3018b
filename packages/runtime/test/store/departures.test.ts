import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '@sallyport/core';
import { Departures } from '../../src/store/departures.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { SqliteStore } from '../../src/store/sqlite.ts';
import { anIntent, aSession, clock, temporaryFolder } from './fixtures.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Time that stands still until it is told to pass. */
class Time implements Pick<Clock, 'micros' | 'after'> {
  at = 0;
  readonly timers: { readonly at: number; readonly run: () => void }[] = [];
  micros = () => this.at * 1000;
  after = (ms: number, then: () => void) => {
    const timer = { at: this.at + ms, run: then };
    this.timers.push(timer);
    return () => void this.timers.splice(this.timers.indexOf(timer), 1);
  };
  pass(ms: number): void {
    this.at += ms;
    for (const timer of this.timers.filter(({ at }) => at <= this.at)) {
      this.timers.splice(this.timers.indexOf(timer), 1);
      timer.run();
    }
  }
}

describe('messages to the writer', () => {
  let time: Time;
  let left: number;
  let empty: boolean;
  let departures: Departures;
  beforeEach(() => {
    [time, left, empty] = [new Time(), 0, false];
    const leave = () => {
      if (!empty) left += 1;
      return !empty;
    };
    departures = new Departures(leave, { ...clock, micros: time.micros, after: time.after });
  });

  test('of who is alone leave at once, without a timer, each as soon as the one before was answered', async () => {
    for (let count = 1; count <= 5; count += 1) {
      departures.soon();
      await turn();
      expect(left).toBe(count);
      departures.arrived();
      expect(time.timers).toEqual([]);
    }
  });

  test('are under way one at a time, and leave a moment apart while others wait', async () => {
    departures.soon();
    await turn();
    departures.soon();
    await turn();
    expect(left).toBe(1);
    time.pass(1);
    departures.arrived();
    await turn();
    expect(left).toBe(1);
    time.pass(4);
    expect(left).toBe(2);
    // A slow disk has made others wait long enough.
    departures.soon();
    time.pass(50);
    departures.arrived();
    await turn();
    expect(left).toBe(3);
  });

  test('that nobody waits for leave with the next that somebody does, or by themselves in the end', async () => {
    departures.patiently();
    await turn();
    expect(left).toBe(0);
    departures.soon();
    await turn();
    expect(left).toBe(1);
    departures.patiently();
    departures.arrived();
    await turn();
    expect(left).toBe(1);
    time.pass(20);
    expect(left).toBe(2);
    expect(time.timers).toEqual([]);
    // Who is alone does not wait for the others of a message for which nobody waited.
    departures.soon();
    departures.arrived();
    await turn();
    expect(left).toBe(3);
  });

  test('go on where one was lost, or had nothing to take along', async () => {
    departures.soon();
    await turn();
    departures.soon();
    departures.lost();
    await turn();
    expect(left).toBe(2);
    departures.arrived();
    empty = true;
    departures.soon();
    await turn();
    empty = false;
    departures.soon();
    await turn();
    expect(left).toBe(3);
  });
});

describe('what joins', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let opened: SqliteStore;
  beforeEach(async () => {
    folder = temporaryFolder();
    opened = await openSqliteStore({ file: folder.file, clock });
  });
  afterEach(async () => {
    await opened.store.close();
    folder[Symbol.dispose]();
  });

  test('patiently is durable no later than an entry that was appended after it', async () => {
    const { store, audit } = opened;
    const session = aSession();
    await store.sessions.insert(session);
    for (let place = 0; place < 20; place += 1) {
      let placed = false;
      store.flow.join(() => {
        void store.flow.append(session.id, place, [Uint8Array.of(place)]).then(() => (placed = true));
      }, false);
      await audit.append(anIntent({ sessionId: session.id }));
      expect(placed).toBe(true);
    }
    expect(await store.flow.load(session.id)).toHaveLength(20);
  });

  test('is called once, also where nobody follows, where it was left be never, and before the store has closed', async () => {
    const { store } = opened;
    const called: string[] = [];
    await new Promise<void>((resolve) => store.flow.join(resolve, false));
    store.flow.join(() => called.push('left be'), true)();
    store.flow.join(() => called.push('patient'), false);
    await store.close();
    expect(called).toEqual(['patient']);
    // Nobody hangs who comes too late: what he asks for is refused.
    const late = new Promise((_, reject) => {
      store.flow.join(() => void store.flow.append('s', 0, [Uint8Array.of(1)]).catch(reject), true);
    });
    await expect(late).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});
