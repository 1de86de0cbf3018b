import type { AuditLog, RecordedEntry } from '@sallyport/core';

/** Reasons that somebody should hear of at once, whether the event was stopped or only masked. */
const alerting: ReadonlySet<string> = new Set(['other_owner']);

/** Writes a line for each entry that is an alert, once it is durable. Returns how to stop. */
export const writeAlerts = (audit: AuditLog, write: (line: string) => void): (() => void) =>
  audit.subscribe((entries) => {
    for (const entry of entries) for (const line of alertsOf(entry)) write(line);
  });

/** Without content: a line goes to whoever reads the machine's logs. */
function alertsOf(entry: RecordedEntry): string[] {
  if (entry.phase !== 'intent') return [];
  const { seq, sessionId, agentId, kind, subject, decision } = entry;
  const found = decision.reasons.filter(({ code }) => alerting.has(code));
  const [first] = found;
  if (!first) return [];
  const detail = found.map((reason) => reason.detail).join(', ');
  return [
    JSON.stringify({ alert: first.code, seq, sessionId, agentId, kind, subject, outcome: decision.outcome, detail }),
  ];
}
