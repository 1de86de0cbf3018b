import type { EntryView } from '@sallyport/core/admin';
import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { IntentView } from '../../timeline.ts';
import { Ago } from '../../components/Ago.tsx';
import { Empty, Forbidden } from '../../components/States.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { OutcomeMark } from '../../components/Mark.tsx';
import { Panel } from '../../components/Page.tsx';
import { ReasonLine, reasonTitle } from '../../components/ReasonLine.tsx';
import { kindNames } from '../../timeline.ts';
import { queries } from '../../queries.ts';
import { short } from '../../text/format.ts';
import { summaryOf } from '../../found.ts';
import { useMay } from '../../components/me.ts';
import styles from './Denials.module.css';

/** How many are listed; the sessions have the rest. */
const most = 8;
const mostReasons = 6;

/** What was stopped, newest first, each with its why in one line. */
export function Denials({
  denials,
  byReason,
}: {
  denials: readonly EntryView[];
  byReason: Readonly<Record<string, number>>;
}) {
  const mayRead = useMay('entries.read');
  const held = useQuery({ ...queries.held, enabled: mayRead }).data?.entries ?? [];
  const agents = useQuery(queries.agents).data?.agents;
  const stopped = [...denials, ...held]
    .filter((entry): entry is IntentView => entry.phase === 'intent')
    .toSorted((a, b) => b.seq - a.seq)
    .slice(0, most);
  return (
    <Panel title="Denied and held" flush>
      {mayRead ? null : <Forbidden permission="entries.read" what="what was denied" />}
      {mayRead && stopped.length === 0 ? (
        <Empty title="Nothing has been stopped">
          Every event so far was allowed. To see a denial explained, let an agent call a tool that no rule permits.
        </Empty>
      ) : null}
      <ByReason counts={byReason} />
      <ul className={styles.list}>
        {stopped.map((entry) => (
          <li key={entry.id}>
            <Denial entry={entry} agent={agents?.find(({ id }) => id === entry.agentId)?.name ?? entry.agentId} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** How often each reason denied, so that a rare one does not drown among the newest. */
function ByReason({ counts }: { counts: Readonly<Record<string, number>> }) {
  const ordered = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  if (ordered.length === 0) return null;
  return (
    <ul className={styles.reasons} aria-label="Denied, by reason">
      {ordered.slice(0, mostReasons).map(([code, times]) => (
        <li key={code}>
          {reasonTitle(code)} <strong>{short(times)}</strong>
        </li>
      ))}
    </ul>
  );
}

function Denial({ entry, agent }: { entry: IntentView; agent: string }) {
  const { decision, sessionId, eventId, subject, kind, userId, at } = entry;
  const [reason] = decision.reasons;
  const found = summaryOf(decision.reasons, kind);
  return (
    <Link
      to="/sessions/$id"
      params={{ id: sessionId }}
      search={{ event: eventId }}
      className={styles.row}
      data-list-item="open"
    >
      <span className={styles.mark}>
        <OutcomeMark outcome={decision.outcome} />
      </span>
      <span className={styles.what}>
        <span className={styles.title}>
          <code>
            <HostileText text={subject === '' ? kindNames[kind] : subject} max={60} />
          </code>
          {reason === undefined ? null : <span className={styles.why}>{reasonTitle(reason.code)}</span>}
        </span>
        {reason === undefined ? null : <ReasonLine reason={reason} />}
        {found === '' ? null : (
          <span className={styles.found}>
            <HostileText text={found} max={200} />
          </span>
        )}
        <span className={styles.who}>
          <HostileText text={agent} max={40} /> for <HostileText text={userId} max={40} />
        </span>
      </span>
      <span className={styles.when}>
        <Ago at={at} />
      </span>
    </Link>
  );
}
