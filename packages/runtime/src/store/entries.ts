import { sql } from 'kysely';
import type { Kysely, SelectQueryBuilder } from 'kysely';
import { RuntimeFault } from '@sallyport/core';
import type { Activity, Entry, EntryFilter, EntryReader, RecordedEntry } from '@sallyport/core';
import { checkLimit } from './limit.ts';
import type { Database } from './schema.ts';

export function entryReader(db: Kysely<Database>): EntryReader {
  return {
    async list(filter) {
      const { limit, after } = filter;
      const query = db.selectFrom('entries').select(['seq', 'entry']).limit(checkLimit(limit));
      const rows = await matching(query, filter)
        .orderBy('seq', after === undefined ? 'desc' : 'asc')
        .execute();
      return rows.map(toRecorded);
    },
    activity: (since, until, slices) => activity(db, since, until, slices),
    async openIntents() {
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

type EntryQuery<Output> = SelectQueryBuilder<Database, 'entries', Output>;

function matching<Output>(query: EntryQuery<Output>, filter: EntryFilter): EntryQuery<Output> {
  const { sessionId, agentId, kind, outcome, after, before, since } = filter;
  if (after !== undefined && before !== undefined) {
    throw new RuntimeFault('invalid_request', { path: 'after', detail: 'Name either `after` or `before`, not both.' });
  }
  let matched = query;
  if (sessionId !== undefined) matched = matched.where('sessionId', '=', sessionId);
  if (agentId !== undefined) matched = matched.where('agentId', '=', agentId);
  if (kind !== undefined) matched = matched.where('kind', '=', kind);
  // The literal lets the partial index be used.
  if (outcome !== undefined) matched = matched.where('phase', '=', sql.lit('intent')).where('outcome', '=', outcome);
  if (after !== undefined) matched = matched.where('seq', '>', after);
  if (before !== undefined) matched = matched.where('seq', '<', before);
  if (since !== undefined) matched = matched.where('at', '>=', since);
  return matched;
}

/** From `since` up to, not including, `until`. Each denial counts under one reason. */
async function activity(db: Kysely<Database>, since: number, until: number, slices: number): Promise<Activity> {
  const span = until - since;
  if (!(Number.isSafeInteger(span) && span > 0 && Number.isInteger(slices) && slices > 0 && slices <= maxSlices)) {
    const detail = `Name whole milliseconds, \`until\` after \`since\`, and 1 to ${maxSlices} slices.`;
    throw new RuntimeFault('invalid_request', { path: 'slices', detail });
  }
  // As integers (BigInt is what the driver binds so): the division must round down.
  const slice = sql<number>`(at - ${BigInt(since)}) * ${BigInt(slices)} / ${BigInt(span)}`;
  const window = db.selectFrom('entries').where('at', '>=', since).where('at', '<', until);
  const [sums, denials] = await Promise.all([
    window
      .select([
        slice.as('slice'),
        intents().as('events'),
        intents('deny').as('denied'),
        intents('require_approval').as('held'),
      ])
      .select(({ fn }) => [fn.sum<number>('tokensIn').as('tokensIn'), fn.sum<number>('tokensOut').as('tokensOut')])
      .select(({ fn }) => fn.sum<number>('costMicros').as('costMicros'))
      .groupBy(sql`1`)
      .execute(),
    window
      .where('phase', '=', sql.lit('intent'))
      .where('outcome', '=', sql.lit('deny'))
      .select(({ fn }) => ['reason', fn.countAll<number>().as('count')])
      .groupBy('reason')
      .execute(),
  ]);
  const total = (name: Exclude<keyof (typeof sums)[number], 'slice'>) => sums.reduce((sum, row) => sum + row[name], 0);
  const bySlice = new Map(sums.map((row) => [row.slice, row]));
  return {
    events: total('events'),
    denied: total('denied'),
    held: total('held'),
    tokensIn: total('tokensIn'),
    tokensOut: total('tokensOut'),
    costMicros: total('costMicros'),
    denials: Object.fromEntries(denials.map(({ reason, count }) => [reason ?? 'unknown', count])),
    slices: Array.from({ length: slices }, (_, index) => ({
      at: since + Math.ceil((index * span) / slices),
      events: bySlice.get(index)?.events ?? 0,
      denied: bySlice.get(index)?.denied ?? 0,
    })),
  };
}

/** Counts intents: every event has one. */
const intents = (outcome?: 'deny' | 'require_approval') =>
  outcome === undefined
    ? sql<number>`count(case when phase = 'intent' then 1 end)`
    : sql<number>`count(case when phase = 'intent' and outcome = ${sql.lit(outcome)} then 1 end)`;

const maxSlices = 1000;

const toRecorded = ({ seq, entry }: { readonly seq: number; readonly entry: string }): RecordedEntry => ({
  ...(JSON.parse(entry) as Entry),
  seq,
});
