import { sql } from 'kysely';
import type { Kysely, SelectQueryBuilder } from 'kysely';
import { RuntimeFault } from '@sallyport/core';
import type { Activity, Entry, EntryFilter, EntryReader, RecordedEntry } from '@sallyport/core';
import type { EntryRow } from '../audit/rows.ts';
import { checkLimit } from './limit.ts';
import type { Database } from './schema.ts';

/** @param caughtUp Resolves once the tables have all that follows from the log */
export function entryReader(db: Kysely<Database>, caughtUp: () => Promise<void>): EntryReader {
  return {
    async list(filter) {
      const { limit, after, sessionId } = filter;
      if (sessionId !== undefined) await caughtUp();
      const query = db.selectFrom('entries').select(['seq', 'entry']).limit(checkLimit(limit));
      const rows = await matching(query, filter)
        .orderBy('seq', after === undefined ? 'desc' : 'asc')
        .execute();
      return rows.map(toRecorded);
    },
    async activity(since, until, slices) {
      await caughtUp();
      return await activity(db, since, until, slices);
    },
    async openIntents() {
      await caughtUp();
      const rows = await db
        .selectFrom('openIntents')
        .innerJoin('entries', 'entries.seq', 'openIntents.seq')
        .select(['entries.seq', 'entries.entry'])
        .orderBy('entries.seq')
        .execute();
      return rows.map(toRecorded);
    },
  };
}

/** Oldest first. */
export async function entriesAfter(db: Kysely<Database>, seq: number, limit: number): Promise<RecordedEntry[]> {
  const rows = await db
    .selectFrom('entries')
    .select(['seq', 'entry'])
    .where('seq', '>', seq)
    .orderBy('seq')
    .limit(limit)
    .execute();
  return rows.map(toRecorded);
}

/** The `seq` of the first of these rows where they are the log's last batch. */
export async function placeOfLast(db: Kysely<Database>, rows: readonly EntryRow[]): Promise<number | undefined> {
  const first = rows[0] ?? '';
  const place = sql<number>`(select max(seq) from entries) - ${rows.length - 1}`;
  const query = db.selectFrom('entries').select('seq').where('seq', '=', place);
  return (await query.where('entry', '=', first.slice(first.lastIndexOf('\t') + 1)).executeTakeFirst())?.seq;
}

type EntryQuery<Output> = SelectQueryBuilder<Database, 'entries', Output>;

function matching<Output>(query: EntryQuery<Output>, filter: EntryFilter): EntryQuery<Output> {
  const { sessionId, agentId, kind, outcome, after, before, since } = filter;
  if (after !== undefined && before !== undefined) {
    throw new RuntimeFault('invalid_request', { path: 'after', detail: 'Name either `after` or `before`, not both.' });
  }
  let matched = query;
  if (sessionId !== undefined) {
    matched = matched.where('seq', 'in', (builder) =>
      builder
        .selectFrom('sessionEntries')
        .select('sessionEntries.seq')
        .where('sessionEntries.sessionId', '=', sessionId),
    );
  }
  if (agentId !== undefined) {
    matched = matched.where((builder) =>
      builder.exists(
        builder
          .selectFrom('sessions')
          .select('sessions.id')
          .whereRef('sessions.id', '=', 'entries.sessionId')
          .where('sessions.agentId', '=', agentId),
      ),
    );
  }
  if (kind !== undefined) matched = matched.where('kind', '=', kind);
  // The literals let the partial index be used.
  if (outcome !== undefined) {
    matched = matched.where('phase', '=', sql.lit('intent')).where('outcome', '=', sql.lit(outcome));
  }
  if (after !== undefined) matched = matched.where('seq', '>', after);
  if (before !== undefined) matched = matched.where('seq', '<', before);
  if (since !== undefined) matched = matched.where('at', '>=', since);
  return matched;
}

/** From the minute of `since` up to, not including, `until`. Each denial counts under one reason. */
async function activity(db: Kysely<Database>, since: number, until: number, slices: number): Promise<Activity> {
  const span = until - since;
  if (!(Number.isSafeInteger(span) && span > 0 && Number.isInteger(slices) && slices > 0 && slices <= maxSlices)) {
    const detail = `Name whole milliseconds, \`until\` after \`since\`, and 1 to ${maxSlices} slices.`;
    throw new RuntimeFault('invalid_request', { path: 'slices', detail });
  }
  const first = since - (since % minuteMs);
  const [minutes, denials] = await Promise.all([
    db.selectFrom('activityMinutes').selectAll().where('minute', '>=', first).where('minute', '<', until).execute(),
    db
      .selectFrom('denialMinutes')
      .where('minute', '>=', first)
      .where('minute', '<', until)
      .select(({ fn }) => ['reason', fn.sum<number>('denials').as('count')])
      .groupBy('reason')
      .execute(),
  ]);
  const total = (name: Exclude<keyof (typeof minutes)[number], 'minute'>) =>
    minutes.reduce((sum, row) => Math.min(sum + row[name], Number.MAX_SAFE_INTEGER), 0);
  const shown = Array.from({ length: slices }, (_, index) => ({
    at: since + Math.ceil((index * span) / slices),
    events: 0,
    denied: 0,
  }));
  for (const { minute, events, denied } of minutes) {
    const slice = shown[Math.max(0, Math.floor(((minute - since) * slices) / span))];
    if (!slice) continue;
    slice.events += events;
    slice.denied += denied;
  }
  return {
    events: total('events'),
    denied: total('denied'),
    held: total('held'),
    tokensIn: total('tokensIn'),
    tokensOut: total('tokensOut'),
    costMicros: total('costMicros'),
    denials: Object.fromEntries(denials.map(({ reason, count }) => [reason, count])),
    slices: shown,
  };
}

const minuteMs = 60_000;
const maxSlices = 1000;

const toRecorded = ({ seq, entry }: { readonly seq: number; readonly entry: string }): RecordedEntry => ({
  ...(JSON.parse(entry) as Entry),
  seq,
});
