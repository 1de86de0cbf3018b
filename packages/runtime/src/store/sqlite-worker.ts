/** The thread that holds a SQLite connection: a commit can block for tens of milliseconds, which the runtime cannot. */
import { parentPort, workerData } from 'node:worker_threads';
import { constants, DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import type {
  AppendAnswer,
  AppendJob,
  DeriveJob,
  Job,
  PiecesJob,
  QueryAnswer,
  QueryJob,
  Reply,
  Request,
  WorkerSetup,
} from './worker-protocol.ts';
import { prepareStatements } from './worker-statements.ts';
import type { Statements } from './worker-statements.ts';

/** How long to wait for another program's lock: less than an append may take, so that it fails with the true reason. */
const busyMs = 3000;

const setup = workerData as WorkerSetup;
const db = open(setup);
const queries = new Map<string, { readonly statement: StatementSync; readonly reads: boolean }>();
let statements: Statements | undefined;
/** Whether the log is at work, which alone may write its tables. */
let logging = false;
let sealed = false;
if (setup.sealed) seal();

parentPort?.on('message', (requests: readonly Request[]) => {
  parentPort?.postMessage(
    requests.length > 1 && requests.every(({ job }) => isWrite(job)) ? together(requests) : requests.map(alone),
  );
  if (requests.some(({ job }) => job.kind === 'close')) parentPort?.close();
});

const isWrite = (job: Job): boolean =>
  sealed && (job.kind === 'query' ? write.test(job.sql) : job.kind !== 'seal' && job.kind !== 'close');
const write = /^\s*(?:insert|update|delete)\s/i;

function alone({ id, job }: Request): Reply {
  try {
    return { id, answer: run(job) };
  } catch (error) {
    return failed(id, error);
  }
}

/** In one commit. Where that cannot be, each in one of its own, so that what fails, fails alone. */
function together(requests: readonly Request[]): Reply[] {
  const { begin, commit } = prepared();
  try {
    begin.run();
  } catch (error) {
    return requests.map(({ id }) => failed(id, error));
  }
  try {
    const replies = requests.map((request) => {
      const reply = alone(request);
      // SQLite gives the whole transaction up when the disk is full or fails.
      const stands = reply.error === undefined || (isOneStatement(request.job) && db.isTransaction);
      if (!stands) throw Object.assign(new Error(reply.error?.message), { errcode: reply.error?.code });
      return reply;
    });
    commit.run();
    return replies;
  } catch (error) {
    undo();
    return requests.map((request) => (db.isTransaction ? failed(request.id, error) : alone(request)));
  }
}

/** One that fails undoes itself. */
const isOneStatement = (job: Job): boolean =>
  job.kind === 'query' || (job.kind === 'pieces' && job.pieces.length === 1);

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

function run(job: Job): QueryAnswer | AppendAnswer | boolean | undefined {
  switch (job.kind) {
    case 'query':
      return query(job);
    case 'append':
      return whole(() => append(job));
    case 'pieces':
      return whole(() => place(job));
    case 'derive':
      return whole(() => derive(job));
    case 'seal':
      seal();
      return undefined;
    case 'close':
      db.close();
      return undefined;
  }
}

function query({ sql, parameters }: QueryJob): QueryAnswer {
  let known = queries.get(sql);
  if (known === undefined) {
    const statement = db.prepare(sql);
    known = { statement, reads: statement.columns().length > 0 };
    // Lists of changing length make statements without end.
    if (queries.size >= 200) queries.clear();
    queries.set(sql, known);
  }
  if (known.reads) {
    const rows = known.statement.all(...parameters);
    return { rows, changes: rows.length };
  }
  return { rows: [], changes: Number(known.statement.run(...parameters).changes) };
}

/** All of a job or nothing of it. Together with others it is their transaction that begins, and ends. */
function whole<Answer>(job: () => Answer): Answer {
  const { begin, commit } = prepared();
  if (db.isTransaction) return job();
  try {
    begin.run();
    const answer = job();
    commit.run();
    return answer;
  } catch (error) {
    undo();
    throw error;
  }
}

function prepared(): Statements {
  return (statements ??= asLog(() => prepareStatements(db)));
}

function asLog<Answer>(act: () => Answer): Answer {
  const before = logging;
  logging = true;
  try {
    return act();
  } finally {
    logging = before;
  }
}

function append({ rows, uses }: AppendJob): AppendAnswer {
  return asLog(() => {
    const refused = uses.length > 0 ? useUp(uses) : [];
    if (refused.length > 0) return { refused };
    const { next, insert } = prepared();
    const { next: first } = next.get() as { next: number };
    let seq = first;
    for (const row of rows.split('\n')) {
      const [at, sessionId = '', kind = '', phase = '', outcome = '', entry = ''] = row.split('\t');
      insert.run(seq, Number(at), sessionId || null, kind || null, phase, outcome || null, entry);
      seq += 1;
    }
    return { first };
  });
}

/** Of two entries that use one approval, also in one batch, the second finds it used. If any is refused, none is used. */
function useUp(uses: AppendJob['uses']): number[] {
  db.exec('SAVEPOINT uses');
  const refused: number[] = [];
  for (const { index, approval, eventId, sessionId, tool, at } of uses) {
    if (prepared().use.run(eventId, approval, sessionId, tool, at).changes !== 1) refused.push(index);
  }
  if (refused.length > 0) db.exec('ROLLBACK TO uses');
  db.exec('RELEASE uses');
  return refused;
}

function place({ table, sessionId, from, pieces }: PiecesJob): boolean {
  const statement = prepared()[table];
  return pieces.every((piece, index) => statement.run(from + index, piece, sessionId).changes === 1);
}

function derive({ from, to, rows }: DeriveJob): undefined {
  return asLog(() => {
    const { mark, entryOfSession, opens, ends, count, minute, denial } = prepared();
    if (mark.run(to, from).changes !== 1) throw new Error(`The tables do not end at entry ${from}`);
    for (const { sessionId, seqs, counters } of rows.sessions) {
      for (const seq of seqs) entryOfSession.run(sessionId, seq);
      const { modelCalls, toolCalls, denied, held, tokensIn, tokensOut, costMicros } = counters;
      count.run(modelCalls, toolCalls, denied, held, tokensIn, tokensOut, costMicros, sessionId);
    }
    for (const eventId of rows.ends) ends.run(eventId);
    for (const [eventId, seq] of rows.opens) opens.run(eventId, seq);
    for (const sums of rows.minutes) {
      const { events, denied, held, tokensIn, tokensOut, costMicros } = sums;
      minute.run(sums.minute, events, denied, held, tokensIn, tokensOut, costMicros);
      for (const [reason, denials] of Object.entries(sums.denials)) denial.run(sums.minute, reason, denials);
    }
    return undefined;
  });
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

/** Injected SQL, or a bug of ours, may append to the log through the log and do nothing else to it or to the schema. */
function seal(): void {
  sealed = true;
  const { SQLITE_DENY, SQLITE_OK } = constants;
  const ofLog = () => (logging ? SQLITE_OK : SQLITE_DENY);
  db.setAuthorizer((action, name, value) => {
    if (action === constants.SQLITE_INSERT && logTables.has(name)) return ofLog();
    // Using an approval up and recording what used it are one act.
    if (action === constants.SQLITE_UPDATE && value === 'used_by') return ofLog();
    if (action === constants.SQLITE_UPDATE && name === 'entries') return SQLITE_DENY;
    if (action === constants.SQLITE_DELETE && name === 'entries') return SQLITE_DENY;
    if ((action === constants.SQLITE_UPDATE || action === constants.SQLITE_DELETE) && logTables.has(name))
      return ofLog();
    // `synchronous = off` would be an attack on what the log promises; to read a setting is none.
    if (action === constants.SQLITE_PRAGMA && value !== null && name !== 'max_page_count') return SQLITE_DENY;
    return schemaChanges.has(action) ? SQLITE_DENY : SQLITE_OK;
  });
}

const logTables: ReadonlySet<string | null> = new Set(['entries', 'open_intents', 'session_entries', 'derived']);
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
