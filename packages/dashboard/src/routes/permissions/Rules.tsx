import type { AdminAnswer } from '@sallyport/core/admin';
import { Empty } from '../../components/States.tsx';
import { Mark } from '../../components/Mark.tsx';
import { Panel } from '../../components/Page.tsx';
import { plural } from '../../text/format.ts';
import styles from './Rules.module.css';

type RuleView = AdminAnswer<'policies.explain'>['rules'][number];

/** Every rule whose scope fits, those that decided first. */
export function Rules({ rules }: { rules: readonly RuleView[] }) {
  const ordered = rules.toSorted((a, b) => Number(b.decided) - Number(a.decided));
  return (
    <Panel title="Rules whose scope fits" aside={plural(rules.length, 'rule')} flush>
      {rules.length === 0 ? (
        <Empty title="No rule speaks of this">So it is denied: nothing is permitted unless a rule says so.</Empty>
      ) : (
        <ul className={styles.rules}>
          {ordered.map((rule) => (
            <li key={rule.id} className={styles.rule} data-decided={rule.decided || undefined}>
              <p className={styles.head}>
                <code>{rule.place}</code>
                <span className={styles.marks}>
                  <Mark tone={rule.conditionsHold ? 'allow' : 'quiet'}>
                    {rule.conditionsHold ? 'Its conditions hold' : 'Its conditions do not hold'}
                  </Mark>
                  {rule.decided ? <strong>decided</strong> : null}
                </span>
              </p>
              <pre className={styles.text}>{rule.text}</pre>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
