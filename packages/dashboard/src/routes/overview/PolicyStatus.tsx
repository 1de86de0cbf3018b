import type { AdminAnswer } from '@sallyport/core/admin';
import { Link } from '@tanstack/react-router';
import { Ago } from '../../components/Ago.tsx';
import { Facts, Panel } from '../../components/Page.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { Mark } from '../../components/Mark.tsx';
import styles from './PolicyStatus.module.css';

type Policies = AdminAnswer<'overview.get'>['policies'];

/** A change that was not loaded is the one thing an operator must not miss: they believe it is in force. */
export function PolicyProblems({ problems }: { problems: readonly string[] }) {
  if (problems.length === 0) return null;
  return (
    <section className={styles.loud} role="alert" aria-label="Policy problems">
      <h2 className={styles.title}>The policies on disk have errors. The previous ones stay in force.</h2>
      <ul className={styles.problems}>
        {problems.map((problem) => (
          <li key={problem}>
            <code>
              <HostileText text={problem} />
            </code>
          </li>
        ))}
      </ul>
      <Link to="/permissions" search={{ view: 'file' }}>
        Open permissions.yaml
      </Link>
    </section>
  );
}

export function PolicyStatus({ policies }: { policies: Policies }) {
  const sound = policies.problems.length === 0;
  return (
    <Panel title="Policies" aside={<Link to="/permissions">Permissions</Link>}>
      <Facts
        rows={[
          [
            'State',
            <Mark key="state" tone={sound ? 'allow' : 'deny'}>
              {sound ? 'In force' : 'Last change not loaded'}
            </Mark>,
          ],
          ['Loaded', <Ago key="loaded" at={policies.loadedAt} />],
          ['Hash', <code key="hash">{policies.hash.slice(0, 16)}</code>],
        ]}
      />
    </Panel>
  );
}
