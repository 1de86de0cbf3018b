import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { recoverOpenIntents } from '../../src/audit/recover.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { SqliteStore } from '../../src/store/sqlite.ts';
import { SqliteWorker } from '../../src/store/worker-client.ts';
import { storeConformance } from './store.conformance.ts';
import type { OpenedStore } from './log.conformance.ts';
import { anAgent, anIntent, aSession, clock, newId, temporaryFolder } from './fixtures.ts';

storeConformance('sqlite', async () => {
  const folder = temporaryFolder();
  const open = async (): Promise<OpenedStore> => {
    const { store, audit } = await openSqliteStore({ file: folder.file, clock });
    const reopen = async () => {
      await store.close();
      return open();
    };
    const close = async () => {
      await store.close();
      folder[Symbol.dispose]();
    };
    return { store, audit, reopen, close };
  };
  return open();
});

let folder: ReturnType<typeof temporaryFolder>;
let opened: SqliteStore | undefined;
const open = async (): Promise<SqliteStore> => (opened = await openSqliteStore({ file: folder.file, clock }));
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  await opened?.store.close();
  opened = undefined;
  folder[Symbol.dispose]();
});

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('the data file', () => {
  test('is for its owner only, with its folder and side files', async () => {
    const { audit } = await open();
    await audit.append(anIntent());
    expect(mode(dirname(folder.file))).toBe('700');
    for (const suffix of ['', '-wal', '-shm', '.lock']) expect(mode(folder.file + suffix)).toBe('600');
  });

  test('loses the rights for others that it was left with', async () => {
    mkdirSync(dirname(folder.file));
    writeFileSync(folder.file, '', { mode: 0o666 });
    await open();
    expect(mode(folder.file)).toBe('600');
  });

  test.each([
    ['no database', 'not a database '.repeat(1000), /not a database/],
    ['the head of a database', 'SQLite format 3\0'.repeat(1000), /not a database|malformed|damaged/],
  ])('that is %s is refused in words, and left as it is', async (_, content, words) => {
    mkdirSync(dirname(folder.file));
    writeFileSync(folder.file, content);
    await expect(open()).rejects.toMatchObject({ code: 'store_unavailable', detail: expect.stringMatching(words) });
    expect(readFileSync(folder.file, 'utf8')).toBe(content);
  });

  test('that was damaged in the middle fails reads and appends with a fault, never with a wrong answer', async () => {
    const { audit, store } = await open();
    await Promise.all(Array.from({ length: 500 }, () => audit.append(anIntent({ content: 'x'.repeat(500) }))));
    await store.close();
    const bytes = readFileSync(folder.file);
    writeFileSync(folder.file, bytes.fill(0xa5, 4096));
    await expect(open()).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  test('of another program is refused', async () => {
    mkdirSync(dirname(folder.file));
    const other = new DatabaseSync(folder.file);
    other.exec('CREATE TABLE photos (id INTEGER)');
    other.close();
    await expect(open()).rejects.toMatchObject({ detail: expect.stringContaining('another program') });
  });

  test('of a newer version is refused with the name of what it knows more', async () => {
    await (await open()).store.close();
    const newer = new DatabaseSync(folder.file);
    newer.exec("INSERT INTO kysely_migration VALUES ('0099_later', '2030-01-01')");
    newer.close();
    await expect(open()).rejects.toMatchObject({
      detail: expect.stringMatching(/newer version.*0099_later.*ends at \d{4}_/),
    });
  });

  test('in a place that cannot be a folder is refused', async () => {
    writeFileSync(join(folder.path, 'data'), 'a file');
    await expect(open()).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  test('can be opened again once an opening failed', async () => {
    mkdirSync(dirname(folder.file));
    writeFileSync(folder.file, 'rubbish '.repeat(1000));
    await expect(open()).rejects.toThrow();
    writeFileSync(folder.file, '');
    const { audit } = await open();
    await audit.append(anIntent());
  });
});

describe('durability', () => {
  test('every commit waits for the disk (kill -9 cannot show it, only a power cut would)', async () => {
    const { db } = await open();
    const setting = async (name: string) => (await sql.raw(`PRAGMA ${name}`).execute(db)).rows[0];
    expect(await setting('synchronous')).toEqual({ synchronous: 2 });
    expect(await setting('journal_mode')).toEqual({ journalMode: 'wal' });
  });

  test('an append that came too late is refused; if the disk took it all the same, it is closed as unknown', async () => {
    opened = await openSqliteStore({ file: folder.file, clock, appendTimeoutMs: 100 });
    const { audit, store } = opened;
    const other = new DatabaseSync(folder.file);
    other.exec('BEGIN IMMEDIATE');
    const late = anIntent();
    await expect(audit.append(late)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(() => audit.enqueue(anIntent())).toThrow(expect.objectContaining({ code: 'store_unavailable' }));
    const durable = new Promise((resolve) => audit.subscribe(resolve));
    other.exec('ROLLBACK');
    other.close();
    expect(await durable).toEqual([{ ...late, seq: 1 }]);
    expect(await recoverOpenIntents(store, audit, newId, clock)).toBe(1);
    expect(await store.entries.list({ after: 1, limit: 9 })).toMatchObject([
      { eventId: late.eventId, phase: 'result' },
    ]);
  });
});

describe('one runtime for one store', () => {
  test('of four that start at the same moment on a new folder, one runs', async () => {
    const children = Array.from({ length: 4 }, startAppending);
    const lines = await Promise.all(children.map(async ({ stdout }) => String((await once(stdout, 'data'))[0])));
    for (const child of children) child.kill('SIGKILL');
    expect(lines.filter((line) => line.includes('in use by process'))).toHaveLength(3);
  });

  test('a second one in this process is refused', async () => {
    await open();
    const second = openSqliteStore({ file: folder.file, clock });
    await expect(second).rejects.toMatchObject({ detail: expect.stringContaining(`process ${process.pid}`) });
  });

  test('a second one by another name for the same file is refused', async () => {
    await open();
    symlinkSync(dirname(folder.file), join(folder.path, 'link'));
    const second = openSqliteStore({ file: join(folder.path, 'link', 'sallyport.db'), clock });
    await expect(second).rejects.toMatchObject({ detail: expect.stringContaining(`process ${process.pid}`) });
  });

  test('a second process is refused with the pid of the first, also after a try within the first', async () => {
    await open();
    await expect(openSqliteStore({ file: folder.file, clock })).rejects.toThrow();
    const child = spawn(process.execPath, [childFile, 'open', folder.file], { stdio: ['ignore', 'pipe', 'inherit'] });
    const output = (await child.stdout.toArray()).join('');
    expect(output).toContain(`in use by process ${process.pid} `);
  });

  test('a process that was killed holds nothing', async () => {
    const child = startAppending();
    await once(child.stdout, 'data');
    await expect(open()).rejects.toMatchObject({ detail: expect.stringContaining(`process ${child.pid}`) });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { store } = await open();
    expect(await store.entries.list({ limit: 1 })).toHaveLength(1);
  });
});

const childFile = fileURLToPath(new URL('append-child.ts', import.meta.url));
const startAppending = () =>
  spawn(process.execPath, [childFile, 'append', folder.file], { stdio: ['ignore', 'pipe', 'inherit'] });

describe('entries are append-only', () => {
  const attacks = [
    'UPDATE entries SET at = 1',
    "UPDATE entries SET entry = '{}' WHERE seq = 1",
    'DELETE FROM entries',
    'REPLACE INTO entries SELECT * FROM entries WHERE seq = 1',
    'INSERT INTO entries SELECT 99, at, session_id, kind, phase, outcome, entry FROM entries',
  ];

  test.each(attacks)('for any program that opens the file: %s', async (attack) => {
    const { audit, store } = await open();
    await audit.append(anIntent());
    const before = await store.entries.list({ limit: 9 });
    await store.close();
    const other = new DatabaseSync(folder.file);
    expect(() => other.exec(attack)).toThrow('entries are append-only');
    other.close();
    const again = await open();
    expect(await again.store.entries.list({ limit: 9 })).toEqual(before);
  });

  test.each([
    ...attacks,
    'DELETE FROM open_intents',
    "INSERT INTO open_intents VALUES ('x', 1)",
    'UPDATE open_intents SET seq = 9',
    'DELETE FROM session_entries',
    "INSERT INTO session_entries VALUES ('x', 9)",
    'UPDATE derived SET seq = 9',
    'DELETE FROM derived',
    'DROP TRIGGER entries_no_update',
    'DROP TABLE entries',
    'ALTER TABLE entries RENAME TO gone',
    'CREATE TRIGGER evil AFTER INSERT ON entries BEGIN DELETE FROM sessions; END',
    'PRAGMA synchronous = OFF',
    'PRAGMA recursive_triggers = OFF',
    'PRAGMA writable_schema = ON',
    "ATTACH 'evil.db' AS evil",
    "UPDATE sqlite_schema SET sql = ''",
  ])('for SQL injected into our own connection: %s', async (attack) => {
    const { audit, store, db } = await open();
    await audit.append(anIntent());
    const before = await store.entries.list({ limit: 9 });
    await expect(sql.raw(attack).execute(db)).rejects.toMatchObject({ code: 'store_unavailable' });
    await audit.append(anIntent());
    expect(await store.entries.list({ limit: 1, before: 2 })).toEqual(before);
  });

  test('a transaction, into which the log would append, is not offered', async () => {
    const { db } = await open();
    const query = db.transaction().execute((transaction) => transaction.selectFrom('agents').selectAll().execute());
    await expect(query).rejects.toThrow('Only migrations may open a transaction');
  });
});

describe('writes of one turn, which share a commit', () => {
  /** The log hands its batch over when the turn ends: what is asked right after goes with it. */
  const withTheLog = () => new Promise((resolve) => setImmediate(resolve));

  test('succeed and fail each for itself', async () => {
    const { audit, store } = await open();
    const [first, second] = [anAgent({ name: 'a' }), anAgent({ name: 'b' })];
    const entry = anIntent();
    const appended = audit.append(entry);
    await withTheLog();
    const settled = await Promise.allSettled([
      store.agents.insert(first),
      store.agents.insert(first),
      store.agents.insert(second),
      appended,
    ]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect((await store.agents.list()).map(({ name }) => name).toSorted()).toEqual(['a', 'b']);
    expect((await store.entries.list({ limit: 9 })).map(({ id }) => id)).toEqual([entry.id]);
  });

  test('are not touched by an entry whose approval cannot be used, which leaves no trace', async () => {
    const { audit, store } = await open();
    const decision = { ...anIntent().decision, approval: 'none' };
    const appended = audit.append(anIntent({ kind: 'tool_call', sessionId: newId(), decision }));
    const beside = audit.append(anIntent());
    await withTheLog();
    const inserted = store.agents.insert(anAgent());
    await expect(appended).rejects.toMatchObject({ code: 'conflict' });
    await Promise.all([beside, inserted]);
    expect(await store.entries.list({ limit: 9 })).toHaveLength(1);
    expect(await store.agents.list()).toHaveLength(1);
  });

  test('are not touched by one that does not fit on the disk', async () => {
    const { audit, store } = await open();
    await bound(1);
    const appended = audit.append(anIntent());
    await withTheLog();
    const big = anAgent({ name: 'x'.repeat(1024 * 1024) });
    const small = anAgent();
    const settled = await Promise.allSettled([store.agents.insert(small), store.agents.insert(big), appended]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await store.agents.list()).toEqual([small]);
    expect(await store.entries.list({ limit: 9 })).toHaveLength(1);
  });
});

const bound = async (pages: number) => sql.raw(`PRAGMA max_page_count = ${pages}`).execute((opened as SqliteStore).db);

describe('a full disk', () => {
  test('refuses the append, keeps nothing of its batch, and takes appends again once there is room', async () => {
    const { audit, store } = await open();
    const session = aSession();
    await store.sessions.insert(session);
    await audit.append(anIntent({ sessionId: session.id }));
    await bound(1);
    const small = anIntent({ sessionId: session.id });
    const big = anIntent({ sessionId: session.id, content: 'x'.repeat(1024 * 1024) });
    const settled = await Promise.allSettled([small, big].map((entry) => audit.append(entry)));
    const refused = { status: 'rejected', reason: { code: 'store_unavailable' } };
    expect(settled).toMatchObject([refused, refused]);
    expect(settled).toMatchObject([{ reason: { detail: expect.stringContaining('full') } }, {}]);
    expect(await store.entries.list({ limit: 9 })).toHaveLength(1);
    expect((await store.sessions.get(session.id))?.counters.toolCalls).toBe(1);
    expect(await store.entries.openIntents()).toHaveLength(1);
    expect(() => audit.enqueue(small)).toThrow(expect.objectContaining({ code: 'store_unavailable' }));
    await bound(1_000_000);
    await audit.append(big);
    audit.enqueue(small);
    await audit.append(anIntent());
    expect((await store.entries.list({ after: 0, limit: 9 })).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect((await store.sessions.get(session.id))?.counters.toolCalls).toBe(3);
  });

  test('does not lose what was queued without waiting, if there is room again before the end', async () => {
    const { audit, store } = await open();
    await bound(1);
    const big = anIntent({ content: 'x'.repeat(1024 * 1024) });
    audit.enqueue(big);
    await expect(audit.append(anIntent())).rejects.toMatchObject({ code: 'store_unavailable' });
    await bound(1_000_000);
    const last = anIntent();
    await audit.append(last);
    expect((await store.entries.list({ after: 0, limit: 9 })).map(({ id }) => id)).toEqual([big.id, last.id]);
  });

  test('fails other writes in words and leaves reading as it was', async () => {
    const { store } = await open();
    await bound(1);
    const agent = anAgent({ name: 'x'.repeat(1024 * 1024) });
    await expect(store.agents.insert(agent)).rejects.toMatchObject({ detail: expect.stringContaining('disk is full') });
    expect(await store.agents.list()).toEqual([]);
    await bound(1_000_000);
    await store.agents.insert(agent);
    expect(await store.agents.list()).toEqual([agent]);
  });
});

describe('a disk that refuses to write', () => {
  // RLIMIT_FSIZE: the kernel refuses each write past it, in the middle of a page if need be (EFBIG).
  const limited = 'ulimit -S -f 1000 && exec "$0" "$@"';
  const canRaise = spawnSync('prlimit', ['--version']).status === 0;

  test.skipIf(!canRaise)(
    'loses nothing acknowledged, keeps nothing refused, and goes on when it writes again',
    async () => {
      const child = spawn('sh', ['-c', limited, process.execPath, childFile, 'fill', folder.file], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const lines = (await child.stdout.toArray()).join('').split('\n');
      const named = (prefix: string) =>
        lines.flatMap((line) => (line.startsWith(prefix) ? [line.slice(prefix.length)] : []));
      expect(named('fault ')[0]).toMatch(/^store_unavailable /);
      expect(named('after ')).toHaveLength(50);
      const { store } = await open();
      const ids = (await store.entries.list({ after: 0, limit: 10_000 })).map(({ id }) => id);
      expect(ids).toEqual([...named('before '), ...named('after ')]);
      expect(named('before ').length).toBeGreaterThan(0);
    },
  );
});

describe('the database thread', () => {
  test('fails what it cannot open, and starts again when it can', async () => {
    const worker = new SqliteWorker({ file: folder.file, role: 'writer', sealed: false }, clock);
    const ask = () => worker.query({ sql: 'SELECT 1 AS one', parameters: [] });
    await expect(ask()).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(ask()).rejects.toMatchObject({ code: 'store_unavailable' });
    mkdirSync(dirname(folder.file));
    const until = clock.now() + 10_000;
    let answer: unknown;
    while (answer === undefined && clock.now() < until) {
      answer = await ask().catch(() => new Promise((resolve) => setTimeout(resolve, 20)));
    }
    expect(answer).toMatchObject({ rows: [{ one: 1 }] });
    await worker.close();
  });
});
