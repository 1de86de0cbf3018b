import type { IntentView } from '../../timeline.ts';
import { OutcomeMark } from '../../components/Mark.tsx';
import { duration } from '../../text/format.ts';
import { reasonTitle } from '../../components/ReasonLine.tsx';
import styles from './Verdicts.module.css';

/** Each guard's own opinion. One that only observes is said to, since its verdict did not count. */
export function Verdicts({ verdicts }: { verdicts: IntentView['decision']['verdicts'] }) {
  if (verdicts.length === 0) return <p className={styles.none}>None looks at events of this kind.</p>;
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">Guard</th>
          <th scope="col">Verdict</th>
          <th scope="col">Mode</th>
          <th scope="col" className={styles.time}>
            Time
          </th>
        </tr>
      </thead>
      <tbody>
        {verdicts.map(({ guard, mode, outcome, reasons, micros }) => (
          <tr key={guard}>
            <td>
              {guard}
              {reasons.length === 0 ? null : (
                <span className={styles.why}>{reasons.map(({ code }) => reasonTitle(code)).join(', ')}</span>
              )}
            </td>
            <td>
              <OutcomeMark outcome={outcome} />
            </td>
            <td>{mode === 'observe' ? 'observes: not counted' : 'enforces'}</td>
            <td className={styles.time}>{duration(micros)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
