import type { Manifest, RecordedEntry, RecordedStep } from '@sallyport/core';
import type { AdminAnswer, EntryView, SessionView } from '@sallyport/core/admin';
import type { AdminClient } from '../client.ts';
import { recordedSteps, unknownManifest } from '@sallyport/core';
import { CommandFailure, exitCodes } from '../exit.ts';

const pageSize = 500;

/** Sessions that may have entries since then, newest first. */
export async function* sessionsSince(admin: AdminClient, since: number): AsyncGenerator<SessionView> {
  let before: string | undefined;
  for (;;) {
    const { sessions } = await admin.call('sessions.list', { query: { before, limit: pageSize } });
    // Nothing is decided in a session after its end.
    for (const session of sessions) if (session.expiresAt >= since) yield session;
    before = sessions.at(-1)?.id;
    if (sessions.length < pageSize) return;
  }
}

/** Everything recorded of a session, oldest first. */
export async function entriesOf(admin: AdminClient, sessionId: string): Promise<RecordedEntry[]> {
  const all: RecordedEntry[] = [];
  for await (const entry of entriesFrom(admin, { sessionId })) all.push(recordedOf(entry));
  return all;
}

interface From {
  readonly sessionId?: string;
  readonly since?: number;
}

async function* entriesFrom(admin: AdminClient, from: From): AsyncGenerator<EntryView> {
  let after = 0;
  for (;;) {
    const { entries } = await admin.call('entries.list', { query: { ...from, after, limit: pageSize } });
    yield* entries;
    after = entries.at(-1)?.seq ?? after;
    if (entries.length < pageSize) return;
  }
}

/** The contract's schema has parsed it, and of JSON no member is `undefined`. */
const recordedOf = (entry: EntryView): RecordedEntry => entry as RecordedEntry;

/** Manifests by tool; a tool that nobody described is taken for the worst. */
export async function manifestsOf(admin: AdminClient): Promise<(tool: string) => Manifest> {
  const { tools }: AdminAnswer<'tools.list'> = await admin.call('tools.list', {});
  const known = new Map(tools.map(({ name, manifest }) => [name, manifest]));
  return (tool) => known.get(tool) ?? unknownManifest;
}

/**
 * A recorded event as policies would be asked again, with its session as it stood.
 *
 * @throws CommandFailure when there is none, or it cannot be put to policies
 */
export async function stepOf(admin: AdminClient, eventId: string): Promise<RecordedStep> {
  const found = await findEvent(admin, eventId);
  if (found === undefined) {
    throw new CommandFailure(
      exitCodes.usage,
      `There is no recorded event ${eventId}.`,
      'Find ids with `sallyport tail --json`.',
    );
  }
  const session = await admin.call('sessions.get', { params: { id: found.sessionId } });
  const [entries, manifestOf] = await Promise.all([entriesOf(admin, session.id), manifestsOf(admin)]);
  const steps = recordedSteps(session, entries, manifestOf);
  for (const step of steps) if (step.entry.eventId === eventId) return step;
  throw new CommandFailure(exitCodes.usage, `Policies had no part in ${found.kind} ${eventId}.`);
}

/** Clocks within one runtime agree to less than this. */
const slackMs = 60_000;

async function findEvent(admin: AdminClient, eventId: string): Promise<(EntryView & { phase: 'intent' }) | undefined> {
  const made = timeOf(eventId);
  for await (const entry of entriesFrom(admin, made === undefined ? {} : { since: Math.max(0, made - slackMs) })) {
    if (entry.phase === 'intent' && entry.eventId === eventId) return entry;
  }
  return undefined;
}

/** Ids are UUIDv7 (RFC 9562 section 5.7): the first 48 bits are milliseconds since the epoch. */
const timeOf = (id: string): number | undefined =>
  /^[\da-f]{8}-[\da-f]{4}-7/i.test(id) ? Number.parseInt(id.slice(0, 13).replace('-', ''), 16) : undefined;
