/** The thread that holds a SQLite connection: a commit can block for tens of milliseconds, which the runtime cannot. */
import { parentPort, workerData } from 'node:worker_threads';
import { constants, DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import type { MinuteRow } from '../audit/rows.ts';
import type {
  AppendAnswer,
  EncodedBatch,
  Job,
  QueryAnswer,
  QueryJob,
  Reply,
  Request,
  WorkerSetup,
} from './worker-protocol.ts';
import { decodeRows } from './worker-protocol.ts';

/** How long to wait for another program's lock: less than an append may take, so that it fails with the true reason. */
const busyMs = 3000;

const setup = workerData as WorkerSetup;
const db = open(setup);
const statements = new Map<string, StatementSync>();
let log: LogStatements | undefined;
let appending = false;
let sealed = false;
if (setup.sealed) seal();

parentPort?.on('message', (requests: readonly Request[]) => {
  parentPort?.postMessage(
    requests.length > 1 && requests.every(({ job }) => isWrite(job)) ? together(requests) : requests.map(alone),
  );
  if (requests.some(({ job }) => job.kind === 'close')) parentPort?.close();
});

const isWrite = (job: Job): boolean =>
  sealed && (job.kind === 'append' || (job.kind === 'query' && write.test(job.sql)));
const write = /^\s*(?:insert|update|delete)\s/i;

function alone({ id, job }: Request): Reply {
  try {
    return { id, answer: run(job) };
  } catch (error) {
    return failed(id, error);
  }
}

/** In one commit. What fails by itself is undone by itself; what fails the commit, fails all. */
function together(requests: readonly Request[]): Reply[] {
  try {
    db.exec('BEGIN IMMEDIATE');
    const replies = requests.map((request) => {
      db.exec('SAVEPOINT job');
      const reply = alone(request);
      // SQLite itself gives a whole transaction up when the disk is full or fails.
      if (!db.isTransaction) throw Object.assign(new Error(reply.error?.message), { errcode: reply.error?.code });
      if (reply.error) db.exec('ROLLBACK TO job');
      db.exec('RELEASE job');
      return reply;
    });
    db.exec('COMMIT');
    return replies;
  } catch (error) {
    undo();
    return requests.map(({ id }) => failed(id, error));
  }
}

function failed(id: number, error: unknown): Reply {
  const { message, errcode } = error as Error & { errcode?: number };
  return { id, error: { message, code: errcode } };
}

function open({ file, role }: WorkerSetup): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: busyMs, readOnly: role === 'reader', defensive: true });
  database.exec('PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000;');
  // Without recursive triggers REPLACE deletes a row past its DELETE trigger.
  database.exec('PRAGMA trusted_schema = OFF; PRAGMA recursive_triggers = ON;');
  if (role === 'writer') {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;');
    // Copied back more seldom, a page that many commits wrote is copied once.
    database.exec('PRAGMA wal_autocheckpoint = 4000;');
    // What a session's end deletes is overwritten, not only forgotten.
    database.exec('PRAGMA secure_delete = ON;');
  }
  return database;
}

function run(job: Job): QueryAnswer | AppendAnswer | undefined {
  switch (job.kind) {
    case 'query':
      return query(job);
    case 'append':
      return append(job.batch);
    case 'seal':
      seal();
      return undefined;
    case 'close':
      db.close();
      return undefined;
  }
}

function query({ sql, parameters }: QueryJob): QueryAnswer {
  let statement = statements.get(sql);
  if (statement === undefined) {
    statement = db.prepare(sql);
    // Lists of changing length make statements without end.
    if (statements.size >= 200) statements.clear();
    statements.set(sql, statement);
  }
  if (statement.columns().length > 0) {
    const rows = statement.all(...parameters);
    return { rows, changes: rows.length };
  }
  return { rows: [], changes: Number(statement.run(...parameters).changes) };
}

function append({ rows, counters, minutes, opens, ends, uses }: EncodedBatch): AppendAnswer {
  log ??= prepareLog();
  appending = true;
  // Together with other writes it is their transaction that begins and commits.
  const own = !db.isTransaction;
  try {
    if (own) log.begin.run();
    const refused = useUp(log, uses);
    if (refused.length > 0) {
      if (own) undo();
      else db.exec('ROLLBACK TO job');
      return { refused };
    }
    const { next } = log.next.get() as { next: number };
    let seq = next;
    for (const row of decodeRows(rows)) {
      log.insert.run(seq, ...row);
      seq += 1;
    }
    for (const [eventId, index] of opens) log.opens.run(eventId, next + index);
    for (const eventId of ends) log.ends.run(eventId);
    for (const [sum, sessionId] of counters) {
      const { modelCalls, toolCalls, denied, held, tokensIn, tokensOut, costMicros } = sum;
      log.count.run(modelCalls, toolCalls, denied, held, tokensIn, tokensOut, costMicros, sessionId);
    }
    for (const minute of minutes) addMinute(log, minute);
    if (own) log.commit.run();
    return { first: next };
  } catch (error) {
    if (own) undo();
    throw error;
  } finally {
    appending = false;
  }
}

/** Of two entries that use one approval, also in one batch, the second finds it used. */
function useUp(to: LogStatements, uses: EncodedBatch['uses']): number[] {
  return uses.flatMap(({ index, approval, eventId, sessionId, tool, at }) =>
    to.use.run(eventId, approval, sessionId, tool, at).changes === 1 ? [] : [index],
  );
}

function addMinute(
  to: LogStatements,
  { minute, events, denied, held, tokensIn, tokensOut, costMicros, denials }: MinuteRow,
): void {
  to.minute.run(minute, events, denied, held, tokensIn, tokensOut, costMicros);
  for (const [reason, count] of Object.entries(denials)) to.denial.run(minute, reason, count);
}

/** SQLite has rolled back by itself after some errors. Where it cannot at all, this thread must not go on. */
function undo(): void {
  if (!db.isTransaction) return;
  try {
    db.exec('ROLLBACK');
  } catch (error) {
    queueMicrotask(() => {
      throw new Error('The database could not be rolled back', { cause: error });
    });
  }
}

interface LogStatements {
  readonly begin: StatementSync;
  readonly commit: StatementSync;
  readonly next: StatementSync;
  readonly insert: StatementSync;
  readonly opens: StatementSync;
  readonly ends: StatementSync;
  readonly count: StatementSync;
  readonly use: StatementSync;
  readonly minute: StatementSync;
  readonly denial: StatementSync;
}

function prepareLog(): LogStatements {
  appending = true;
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    next: db.prepare('SELECT coalesce(max(seq), 0) + 1 AS next FROM entries'),
    insert: db.prepare(
      'INSERT INTO entries (seq, at, session_id, kind, phase, outcome, entry) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    opens: db.prepare(
      'INSERT INTO open_intents (event_id, seq) VALUES (?, ?) ON CONFLICT (event_id) DO UPDATE SET seq = excluded.seq',
    ),
    ends: db.prepare('DELETE FROM open_intents WHERE event_id = ?'),
    count: db.prepare(
      `UPDATE sessions SET model_calls = model_calls + ?, tool_calls = tool_calls + ?, denied = denied + ?,
       held = held + ?, tokens_in = tokens_in + ?, tokens_out = tokens_out + ?, cost_micros = cost_micros + ? WHERE id = ?`,
    ),
    use: db.prepare(
      `UPDATE approvals SET state = 'used', used_by = ? WHERE id = ? AND state = 'approved' AND session_id = ?
       AND tool = ? AND expires_at > ? AND EXISTS (SELECT 1 FROM sessions WHERE id = session_id AND state = 'open')`,
    ),
    minute: db.prepare(
      `INSERT INTO activity_minutes AS a VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (minute) DO UPDATE SET
       events = a.events + excluded.events, denied = a.denied + excluded.denied, held = a.held + excluded.held,
       tokens_in = a.tokens_in + excluded.tokens_in, tokens_out = a.tokens_out + excluded.tokens_out,
       cost_micros = a.cost_micros + excluded.cost_micros`,
    ),
    denial: db.prepare(
      `INSERT INTO denial_minutes AS d VALUES (?, ?, ?)
       ON CONFLICT (minute, reason) DO UPDATE SET denials = d.denials + excluded.denials`,
    ),
  };
}

/** Injected SQL, or a bug of ours, may append to the log through the log and do nothing else to it or to the schema. */
function seal(): void {
  sealed = true;
  const { SQLITE_DENY, SQLITE_OK } = constants;
  db.setAuthorizer((action, name, value) => {
    if (action === constants.SQLITE_INSERT && logTables.has(name)) return appending ? SQLITE_OK : SQLITE_DENY;
    // Using an approval up and recording what used it are one act.
    if (action === constants.SQLITE_UPDATE && value === 'used_by') return appending ? SQLITE_OK : SQLITE_DENY;
    if (action === constants.SQLITE_UPDATE && name === 'entries') return SQLITE_DENY;
    if (action === constants.SQLITE_DELETE && name === 'entries') return SQLITE_DENY;
    if (action === constants.SQLITE_DELETE && name === 'open_intents') return appending ? SQLITE_OK : SQLITE_DENY;
    // `synchronous = off` would be an attack on what the log promises; to read a setting is none.
    if (action === constants.SQLITE_PRAGMA && value !== null && name !== 'max_page_count') return SQLITE_DENY;
    return schemaChanges.has(action) ? SQLITE_DENY : SQLITE_OK;
  });
}

const logTables: ReadonlySet<string | null> = new Set(['entries', 'open_intents']);
const schemaChanges: ReadonlySet<number> = new Set([
  constants.SQLITE_ALTER_TABLE,
  constants.SQLITE_ATTACH,
  constants.SQLITE_DETACH,
  constants.SQLITE_CREATE_TRIGGER,
  constants.SQLITE_CREATE_TEMP_TRIGGER,
  constants.SQLITE_DROP_INDEX,
  constants.SQLITE_DROP_TABLE,
  constants.SQLITE_DROP_TRIGGER,
]);
