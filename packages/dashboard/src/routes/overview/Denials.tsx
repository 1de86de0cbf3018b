import type { EntryView } from '@sallyport/core/admin';
import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { IntentView } from '../../timeline.ts';
import { Ago } from '../../components/Ago.tsx';
import { Empty } from '../../components/States.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { OutcomeMark } from '../../components/Mark.tsx';
import { Panel } from '../../components/Page.tsx';
import { ReasonLine, reasonTitle } from '../../components/ReasonLine.tsx';
import { kindNames } from '../../timeline.ts';
import { queries } from '../../queries.ts';
import styles from './Denials.module.css';

/** What was stopped, newest first, each with its why in one line. */
export function Denials({ entries }: { entries: readonly EntryView[] }) {
  const stopped = entries.filter((entry): entry is IntentView => entry.phase === 'intent');
  const agents = useQuery(queries.agents).data?.agents;
  return (
    <Panel title="Denied and held" flush>
      {stopped.length === 0 ? (
        <Empty title="Nothing has been stopped">
          Every event so far was allowed. To see a denial explained, let an agent call a tool that no rule permits.
        </Empty>
      ) : (
        <ul className={styles.list}>
          {stopped.map((entry) => (
            <li key={entry.id}>
              <Denial entry={entry} agent={agents?.find(({ id }) => id === entry.agentId)?.name ?? entry.agentId} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Denial({ entry, agent }: { entry: IntentView; agent: string }) {
  const { decision, sessionId, eventId, subject, kind, userId, at } = entry;
  const [reason] = decision.reasons;
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
      </span>
      <span className={styles.who}>
        <Ago at={at} />
        <span>
          <HostileText text={agent} max={28} /> for <HostileText text={userId} max={28} />
        </span>
      </span>
    </Link>
  );
}
