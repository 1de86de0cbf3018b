import type { ProvenanceView } from '@sallyport/core/admin';
import { useState } from 'react';
import { HostileText } from '../../components/HostileText.tsx';
import { Integrity } from '../../components/Integrity.tsx';
import { Origins } from '../../components/Origins.tsx';
import { isSuspect } from './flow.ts';
import { roleNames } from '../../provenance.ts';
import styles from './CameFrom.module.css';

/** As many as are shown before they are asked for. */
const first = 12;

/** Each argument of a call, and where its value came from; what may not be believed stands first. */
export function CameFrom({ provenance }: { provenance: readonly ProvenanceView[] }) {
  const [all, setAll] = useState(false);
  if (provenance.length === 0) return null;
  const ordered = provenance.toSorted((a, b) => Number(isSuspect(b)) - Number(isSuspect(a)));
  const shown = all ? ordered : ordered.slice(0, first);
  return (
    <section className={styles.part} aria-label="Where its values came from">
      <h3 className={styles.title}>Where its values came from</h3>
      <ul className={styles.list}>
        {shown.map((row, place) => (
          // oxlint-disable-next-line react/no-array-index-key -- what was recorded never changes
          <li key={place} className={styles.row} data-suspect={isSuspect(row) || undefined}>
            <p className={styles.head}>
              <span>
                <code>
                  <HostileText text={row.path.replace(/^arguments\.?/, '')} max={80} />
                </code>{' '}
                <span className={styles.role}>{roleNames[row.role]}</span>
              </span>
              <Integrity of={row.integrity} />
            </p>
            <p className={styles.value}>
              <HostileText text={row.value} max={160} />
            </p>
            <Origins of={row} />
          </li>
        ))}
      </ul>
      {shown.length < ordered.length ? (
        <button type="button" className={styles.more} onClick={() => setAll(true)}>
          Show all {ordered.length}
        </button>
      ) : null}
    </section>
  );
}
