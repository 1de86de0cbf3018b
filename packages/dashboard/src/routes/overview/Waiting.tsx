import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { Countdown } from '../../components/Countdown.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { Panel } from '../../components/Page.tsx';
import { inOrder } from '../approvals/states.ts';
import { plural } from '../../text/format.ts';
import { queries } from '../../queries.ts';
import { reasonTitle } from '../../components/ReasonLine.tsx';
import { useMay } from '../../components/me.ts';
import styles from './Waiting.module.css';

/** How many are listed; the inbox has all. */
const most = 3;

/** What waits for a person, those that are lost soonest first. Shown only while something does. */
export function Waiting() {
  const mayRead = useMay('approvals.read');
  const pending = useQuery({ ...queries.pending, enabled: mayRead }).data?.approvals ?? [];
  if (pending.length === 0) return null;
  return (
    <Panel title="Waiting for approval" aside={<Link to="/approvals">{plural(pending.length, 'approval')}</Link>} flush>
      <ul className={styles.list}>
        {inOrder(pending)
          .slice(0, most)
          .map(({ id, tool, agent, userId, reason, expiresAt }) => (
            <li key={id}>
              <Link to="/approvals/$id" params={{ id }} className={styles.row} data-list-item="open">
                <span className={styles.what}>
                  <code>
                    <HostileText text={tool} max={60} />
                  </code>
                  <span className={styles.who}>
                    <HostileText text={agent} max={40} /> for <HostileText text={userId} max={40} />
                  </span>
                  {reason === undefined ? null : (
                    <span>
                      {reasonTitle(reason.code)}
                      {reason.value === undefined ? null : (
                        <>
                          :{' '}
                          <code className={styles.value}>
                            <HostileText text={reason.value} max={60} />
                          </code>
                        </>
                      )}
                    </span>
                  )}
                </span>
                <span className={styles.left}>
                  <Countdown until={expiresAt} />
                </span>
              </Link>
            </li>
          ))}
      </ul>
    </Panel>
  );
}
