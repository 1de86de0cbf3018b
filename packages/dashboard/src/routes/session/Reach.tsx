import type { SessionView } from '@sallyport/core/admin';
import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { HostileText } from '../../components/HostileText.tsx';
import { Integrity } from '../../components/Integrity.tsx';
import { queries } from '../../queries.ts';
import { useMay } from '../../components/me.ts';
import styles from './Reach.module.css';

const narrowed = { caller: 'the caller', second_model: 'a second model, from the user’s request alone' } as const;

/** How far the session may go, and what it has already taken in. */
export function Reach({ session, isOpen }: { session: SessionView; isOpen: boolean }) {
  const mayRead = useMay('entries.read');
  const mayReadApprovals = useMay('approvals.read');
  const flow = useQuery({ ...queries.flow(session.id), enabled: mayRead && isOpen }).data;
  const { scope } = session;
  return (
    <ul className={styles.reach} aria-label="Scope and labels">
      {scope === undefined ? (
        <li>Scope: not narrowed</li>
      ) : (
        <li>
          Scope: tools {scope.tools === undefined ? 'not narrowed' : <Names names={scope.tools} none="none" />}; classes
          of data {scope.labels === undefined ? 'not narrowed' : <Names names={scope.labels} none="none" />}; by{' '}
          {narrowed[scope.by]}
        </li>
      )}
      {flow === undefined || flow === null ? null : (
        <>
          <li className={styles.taint}>
            {flow.tainted ? (
              <>
                <Integrity of="untrusted" /> text was read: each value is traced
              </>
            ) : (
              'No untrusted text was read'
            )}
          </li>
          {flow.labels.length === 0 ? null : (
            <li>
              Labels: <Names names={flow.labels} none="" />
            </li>
          )}
        </>
      )}
      {mayReadApprovals ? (
        <li>
          <Link to="/approvals" search={{ session: session.id, view: 'history' }}>
            Its approvals
          </Link>
        </li>
      ) : null}
    </ul>
  );
}

function Names({ names, none }: { names: readonly string[]; none: string }) {
  if (names.length === 0) return none;
  return (
    <code>
      <HostileText text={names.join(', ')} max={240} />
    </code>
  );
}
