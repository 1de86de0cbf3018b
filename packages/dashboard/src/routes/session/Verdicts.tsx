import type { IntentView, ReasonView } from '../../timeline.ts';
import { OutcomeMark } from '../../components/Mark.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { duration } from '../../text/format.ts';
import { reasonTitle } from '../../components/ReasonLine.tsx';
import { summaryOf } from '../../found.ts';
import styles from './Verdicts.module.css';

/** Each guard's own opinion. One that only observes is said to, since its verdict did not count. */
export function Verdicts({
  verdicts,
  kind,
  isStopped,
}: {
  verdicts: IntentView['decision']['verdicts'];
  kind: IntentView['kind'];
  /** Such as a streamed answer, which ends at the first thing that may not go out. */
  isStopped: boolean;
}) {
  if (verdicts.length === 0) {
    const why = isStopped ? 'It was stopped before guards judged it as a whole.' : 'None looks at events of this kind.';
    return <p className={styles.none}>{why}</p>;
  }
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
                <span className={styles.why}>
                  <HostileText text={whyOf(reasons, kind)} max={300} />
                </span>
              )}
            </td>
            <td>
              <OutcomeMark outcome={outcome} kind={kind} />
            </td>
            <td>{mode === 'observe' ? 'observes: not counted' : 'enforces'}</td>
            <td className={styles.time}>{duration(micros)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What it found, where that can be said in a line; else the reasons' titles, each once. */
const whyOf = (reasons: readonly ReasonView[], kind: IntentView['kind']): string =>
  summaryOf(reasons, kind) || [...new Set(reasons.map(({ code }) => reasonTitle(code)))].join(', ');
