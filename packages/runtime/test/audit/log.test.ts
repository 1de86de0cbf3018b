import { afterEach, describe, expect, test } from 'vitest';
import { RuntimeFault } from '@sallyport/core';
import { openAuditLog } from '../../src/audit/log.ts';
import type { ClosableAuditLog } from '../../src/audit/log.ts';
import type { Batch } from '../../src/audit/rows.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { anIntent, anOperatorEntry, clock, temporaryFolder } from '../store/fixtures.ts';

/** A disk that does what it is told: a real one cannot be made to hang. */
class Disk {
  readonly batches: Batch[] = [];
  readonly waiting: { readonly answer: (first: number) => void; readonly fail: (error: Error) => void }[] = [];
  hangs = false;
  broken = false;
  refused = 0;
  #next = 1;

  append = (batch: Batch): Promise<number> => {
    if (this.broken) {
      this.refused += 1;
      return Promise.reject(new RuntimeFault('store_unavailable', { detail: 'The disk is full.' }));
    }
    this.batches.push(batch);
    const first = this.#next;
    this.#next += batch.rows.length;
    if (!this.hangs) return Promise.resolve(first);
    return new Promise((resolve, fail) => this.waiting.push({ answer: () => resolve(first), fail }));
  };
}

const logs: ClosableAuditLog[] = [];
function open(disk: Disk, timeoutMs = 50): ClosableAuditLog {
  const log = openAuditLog({ append: disk.append, clock, timeoutMs });
  logs.push(log);
  return log;
}
afterEach(async () => {
  await Promise.all(logs.splice(0).map((log) => log.close()));
});

const unavailable = expect.objectContaining({ code: 'store_unavailable' });
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('batches', () => {
  test('one is under way at a time, and what came meanwhile makes the next', async () => {
    const disk = new Disk();
    const log = open(disk, 5000);
    disk.hangs = true;
    const first = log.append(anIntent());
    await turn();
    const rest = Array.from({ length: 600 }, () => log.append(anIntent()));
    await turn();
    expect(disk.batches.map(({ rows }) => rows.length)).toEqual([1]);
    disk.hangs = false;
    disk.waiting.shift()?.answer(1);
    await Promise.all([first, ...rest]);
    expect(disk.batches.map(({ rows }) => rows.length)).toEqual([1, 256, 256, 88]);
  });

  test('are bounded in length too', async () => {
    const disk = new Disk();
    const log = open(disk, 5000);
    const content = 'x'.repeat(3 * 1024 * 1024);
    await Promise.all(Array.from({ length: 5 }, () => log.append(anIntent({ content }))));
    expect(disk.batches.map(({ rows }) => rows.length)).toEqual([2, 2, 1]);
  });

  test('an append made as soon as another is durable is not forgotten', async () => {
    const log = open(new Disk());
    for (let index = 0; index < 50; index += 1) await log.append(anIntent());
  });
});

describe('a disk that does not answer', () => {
  test('rejects what waits for it, withdraws what has not left, and breaks the log until it answers', async () => {
    const disk = new Disk();
    disk.hangs = true;
    const log = open(disk);
    const told: number[] = [];
    log.subscribe((entries) => told.push(...entries.map(({ seq }) => seq)));
    const sent = log.append(anIntent());
    await turn();
    const withdrawn = log.append(anIntent());
    await expect(sent).rejects.toMatchObject({ code: 'store_unavailable', detail: expect.stringContaining('50 ms') });
    await expect(withdrawn).rejects.toEqual(unavailable);
    expect(() => log.enqueue(anIntent())).toThrow(unavailable);
    disk.hangs = false;
    disk.waiting.shift()?.answer(1);
    await turn();
    await log.append(anIntent());
    // The late batch is in the log all the same, and whoever watches the log learns of it.
    expect(told).toEqual([1, 2]);
    expect(disk.batches).toHaveLength(2);
    log.enqueue(anIntent());
  });

  test('does not keep the runtime from closing', async () => {
    const disk = new Disk();
    disk.hangs = true;
    const log = open(disk);
    const sent = log.append(anIntent());
    const refused = expect(sent).rejects.toEqual(unavailable);
    await log.close();
    await refused;
  });
});

describe('a disk that fails', () => {
  test('rejects the whole batch, and the next append tries again', async () => {
    const disk = new Disk();
    const log = open(disk);
    disk.broken = true;
    const settled = await Promise.allSettled([log.append(anIntent()), log.append(anIntent())]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(settled[0]).toMatchObject({ reason: { detail: 'The disk is full.' } });
    disk.broken = false;
    await log.append(anIntent());
    expect(disk.batches).toHaveLength(1);
  });

  test('any error is one fault to those who append', async () => {
    const log = openAuditLog({ append: () => Promise.reject(new TypeError('odd')), clock });
    logs.push(log);
    await expect(log.append(anIntent())).rejects.toMatchObject({
      code: 'store_unavailable',
      cause: { message: 'odd' },
    });
  });

  test('keeps what nobody waits for, in its place, and retries it unasked', async () => {
    const disk = new Disk();
    const log = open(disk, 5000);
    disk.broken = true;
    const entry = anIntent();
    log.enqueue(entry);
    await expect.poll(() => disk.refused).toBe(1);
    await turn();
    expect(() => log.enqueue(anIntent())).toThrow('The disk is full.');
    disk.broken = false;
    const recorded = await new Promise((resolve) => log.subscribe(resolve));
    expect(recorded).toEqual([{ ...entry, seq: 1 }]);
  });
});

describe('entries that nobody waits for', () => {
  test('gather for a moment, and leave at once with the first that somebody waits for', async () => {
    const disk = new Disk();
    const log = open(disk);
    log.enqueue(anIntent());
    await turn();
    log.enqueue(anIntent());
    expect(disk.batches).toHaveLength(0);
    await log.append(anIntent());
    expect(disk.batches.map(({ rows }) => rows.length)).toEqual([3]);
    log.enqueue(anIntent());
    await expect.poll(() => disk.batches.length).toBe(2);
  });

  test('are bounded in number', () => {
    const disk = new Disk();
    const log = open(disk);
    for (let index = 0; index < 10_000; index += 1) log.enqueue(anOperatorEntry());
    expect(() => log.enqueue(anOperatorEntry())).toThrow(/10000 entries wait already/);
  });

  test('are bounded in length', () => {
    const log = open(new Disk());
    const content = 'x'.repeat(4_000_000);
    const fill = () => {
      for (let index = 0; index < 100; index += 1) log.enqueue(anIntent({ content }));
    };
    expect(fill).toThrow(/entries wait already/);
  });
});

describe('those who watch the log', () => {
  test('cannot fail it, nor each other', async () => {
    const log = open(new Disk());
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    log.subscribe(() => {
      throw new Error('a view fell over');
    });
    const seen: number[] = [];
    log.subscribe((entries) => seen.push(...entries.map(({ seq }) => seq)));
    await log.append(anIntent());
    await log.append(anIntent());
    expect(seen).toEqual([1, 2]);
    expect((await warned).message).toBe('a view fell over');
  });

  test('learn of every entry once and in order while others append', async () => {
    using folder = temporaryFolder();
    const { store, audit } = await openSqliteStore({ file: folder.file, clock });
    const seen: number[] = [];
    audit.subscribe((entries) => seen.push(...entries.map(({ seq }) => seq)));
    const appendMany = async () => {
      for (let index = 0; index < 100; index += 1) await audit.append(anIntent());
    };
    await Promise.all(Array.from({ length: 10 }, appendMany));
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
    await store.close();
  });
});
