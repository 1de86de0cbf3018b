import type { AuditLog, Clock, NewId, RecordedEntry, Store } from '@sallyport/core';

/**
 * Closes what the last run left open: every intent that owes a result and has none gets one with the outcome
 * `unknown`. To be called once at start, before anything new is decided; being killed meanwhile does no harm, because
 * an intent is open until the very commit that holds its result. Resolves to how many there were.
 */
export async function recoverOpenIntents(
  store: Pick<Store, 'entries'>,
  audit: Pick<AuditLog, 'append'>,
  newId: NewId,
  clock: Pick<Clock, 'now'>,
): Promise<number> {
  const open = await store.entries.openIntents();
  for (let from = 0; from < open.length; from += chunk) {
    const part = open.slice(from, from + chunk);
    await Promise.all(part.map((intent) => audit.append(unknownResult(intent, newId(), clock.now()))));
  }
  return open.length;
}

/** Far below what the log may hold waiting. */
const chunk = 1000;

function unknownResult(intent: RecordedEntry, id: string, at: number) {
  if (intent.phase !== 'intent') throw new TypeError(`entry ${intent.seq} is no intent`);
  const { tenant, sessionId, agentId, userId, eventId, kind, subject } = intent;
  const head = { id, at, tenant, sessionId, agentId, userId, eventId, kind, subject };
  return { ...head, phase: 'result', result: { outcome: 'unknown', latencyMs: 0 } } as const;
}
