import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { Countdown } from '../../components/Countdown.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { Panel } from '../../components/Page.tsx';
import { inOrder } from '../approvals/states.ts';
import { queries } from '../../queries.ts';
import styles from './AlsoWaiting.module.css';

/** As many as are listed beside an approval; the inbox has the rest. */
const most = 5;

export function AlsoWaiting({ id }: { id: string }) {
  const pending = useQuery(queries.pending).data?.approvals ?? [];
  const others = inOrder(pending.filter((approval) => approval.id !== id));
  if (others.length === 0) return null;
  return (
    <Panel title="Also waiting" aside={<Link to="/approvals">All approvals</Link>} flush>
      <ul className={styles.list}>
        {others.slice(0, most).map((approval) => (
          <li key={approval.id}>
            <Link to="/approvals/$id" params={{ id: approval.id }} className={styles.row} data-list-item="open">
              <code>
                <HostileText text={approval.tool} max={40} />
              </code>
              <span className={styles.left}>
                <Countdown until={approval.expiresAt} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
