import type { ReasonView } from '../../timeline.ts';
import { Facts } from '../../components/Page.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { reasonText, reasonTitle } from '../../components/ReasonLine.tsx';
import { sourceSentence } from '../../timeline.ts';
import styles from './Reason.module.css';

/** Why, in full: what happened, by which rule, for which value from where, and how to allow it. */
export function Reason({ reason }: { reason: ReasonView }) {
  const { code, rule, path, value, detail, fix } = reason;
  return (
    <div className={styles.reason}>
      <h3 className={styles.title}>{reasonTitle(code)}</h3>
      <p>{detail === undefined ? reasonText(code) : <HostileText text={detail} max={600} />}</p>
      <Facts
        rows={[
          ['Rule', rule === undefined ? undefined : <code key="rule">{rule}</code>],
          ['Argument', path === undefined ? undefined : <code key="path">{path}</code>],
          [
            'Value',
            value === undefined ? undefined : (
              <code key="value">
                <HostileText text={value} max={400} />
              </code>
            ),
          ],
          ['Source', sourceSentence(reason)],
          ['To allow it', fix === undefined ? undefined : <HostileText key="fix" text={fix} max={600} />],
        ]}
      />
    </div>
  );
}
