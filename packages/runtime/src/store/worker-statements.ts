import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Providers say what they took: a sum that no number holds would make its row unreadable, and more than that unwritable. */
const most = Number.MAX_SAFE_INTEGER;

/** What the writer runs with every call, prepared once. */
export type Statements = ReturnType<typeof prepareStatements>;

export const prepareStatements = (db: DatabaseSync) => ({
  begin: db.prepare('BEGIN IMMEDIATE'),
  commit: db.prepare('COMMIT'),
  ...log(db),
  ...derived(db),
  flowPieces: pieces(db, 'flow_pieces'),
  vaultPieces: pieces(db, 'vault_pieces'),
});

const log = (db: DatabaseSync) => ({
  next: db.prepare('SELECT coalesce(max(seq), 0) + 1 AS next FROM entries'),
  insert: db.prepare(
    'INSERT INTO entries (seq, at, session_id, kind, phase, outcome, entry) VALUES (?, ?, ?, ?, ?, ?, ?)',
  ),
  use: db.prepare(
    `UPDATE approvals SET state = 'used', used_by = ? WHERE id = ? AND state = 'approved' AND session_id = ?
     AND tool = ? AND expires_at > ? AND EXISTS (SELECT 1 FROM sessions WHERE id = session_id AND state = 'open')`,
  ),
});

const derived = (db: DatabaseSync) => ({
  mark: db.prepare('UPDATE derived SET seq = ? WHERE seq = ?'),
  entryOfSession: db.prepare('INSERT INTO session_entries (session_id, seq) VALUES (?, ?)'),
  opens: db.prepare(
    'INSERT INTO open_intents (event_id, seq) VALUES (?, ?) ON CONFLICT (event_id) DO UPDATE SET seq = excluded.seq',
  ),
  ends: db.prepare('DELETE FROM open_intents WHERE event_id = ?'),
  count: db.prepare(
    `UPDATE sessions SET model_calls = model_calls + ?, tool_calls = tool_calls + ?, denied = denied + ?,
     held = held + ?, tokens_in = min(tokens_in + ?, ${most}), tokens_out = min(tokens_out + ?, ${most}),
     cost_micros = min(cost_micros + ?, ${most}) WHERE id = ?`,
  ),
  minute: db.prepare(
    `INSERT INTO activity_minutes AS a VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (minute) DO UPDATE SET
     events = a.events + excluded.events, denied = a.denied + excluded.denied, held = a.held + excluded.held,
     tokens_in = min(a.tokens_in + excluded.tokens_in, ${most}),
     tokens_out = min(a.tokens_out + excluded.tokens_out, ${most}),
     cost_micros = min(a.cost_micros + excluded.cost_micros, ${most})`,
  ),
  denial: db.prepare(
    `INSERT INTO denial_minutes AS d VALUES (?, ?, ?)
     ON CONFLICT (minute, reason) DO UPDATE SET denials = d.denials + excluded.denials`,
  ),
});

/** In one statement with the question whether the session is open: nothing may come after what its end destroyed. */
const pieces = (db: DatabaseSync, table: 'flow_pieces' | 'vault_pieces'): StatementSync =>
  db.prepare(
    `INSERT INTO ${table} (session_id, seq, piece) SELECT id, ?, ? FROM sessions WHERE id = ? AND state = 'open'`,
  );
