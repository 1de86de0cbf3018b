import type { IntegrityName } from '../provenance.ts';
import { integrityNames } from '../provenance.ts';
import styles from './Integrity.module.css';

/** How far a value may be believed: a word, a colour, and a shape that tells them apart without the colour. */
export function Integrity({ of, short = false }: { of: IntegrityName; short?: boolean }) {
  return (
    <span className={styles.mark} data-integrity={of}>
      <svg className={styles.shape} viewBox="0 0 12 12" aria-hidden="true">
        <Shape of={of} />
      </svg>
      {short ? <span className="sp-hidden">{integrityNames[of]}</span> : integrityNames[of]}
    </span>
  );
}

/** The less it may be believed, the more edges it has; what may be believed is round. */
function Shape({ of }: { of: IntegrityName }) {
  switch (of) {
    case 'untrusted':
      return <path d="M6 0.8 11.6 11H0.4Z" />;
    case 'derived':
      return <path d="M6 0.8 11.2 6 6 11.2 0.8 6Z" className={styles.hollow} />;
    case 'named':
      return (
        <>
          <circle cx="6" cy="6" r="4.3" className={styles.hollow} />
          <path d="M6 1.7a4.3 4.3 0 0 1 0 8.6Z" />
        </>
      );
    case 'trusted':
      return <circle cx="6" cy="6" r="5" />;
    case 'user':
      return (
        <>
          <circle cx="6" cy="3.6" r="2.6" />
          <path d="M1 11.4a5 4.4 0 0 1 10 0Z" />
        </>
      );
    case 'operator':
    default:
      return <path d="M6 0.6 11 2.4V6c0 2.9-2.1 4.7-5 5.6C3.1 10.7 1 8.9 1 6V2.4Z" />;
  }
}
