import type { ReasonView } from '../../timeline.ts';
import { Facts } from '../../components/Page.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { reasonText, reasonTitle } from '../../components/ReasonLine.tsx';
import { sourceSentence } from '../../timeline.ts';
import styles from './Reason.module.css';

/** Why, in full: what happened, by which rule, for which value from where, and how to allow it. */
export function Reasons({ reasons }: { reasons: readonly ReasonView[] }) {
  return alike(reasons).map((group, place) => (
    // oxlint-disable-next-line react/no-array-index-key -- the reasons of a decision never change
    <Reason key={place} {...group} />
  ));
}

interface Alike {
  readonly reason: ReasonView;
  readonly values: readonly Pick<ReasonView, 'path' | 'value'>[];
}

/** Reasons that differ in nothing but the value they are about, together, in their order. */
function alike(reasons: readonly ReasonView[]): Alike[] {
  const groups = new Map<string, { reason: ReasonView; values: Alike['values'][number][] }>();
  for (const reason of reasons) {
    const { code, rule, source, detail, fix } = reason;
    const key = JSON.stringify([code, rule, source, detail, fix]);
    const group = groups.get(key) ?? { reason, values: [] };
    if (reason.path !== undefined || reason.value !== undefined) group.values.push(reason);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function Reason({ reason, values }: Alike) {
  const { code, rule, detail, fix } = reason;
  const [only, ...others] = values;
  return (
    <div className={styles.reason}>
      <h3 className={styles.title}>{reasonTitle(code)}</h3>
      <p>{detail === undefined ? reasonText(code) : <HostileText text={detail} max={600} />}</p>
      <Facts
        rows={[
          ['Rule', rule === undefined ? undefined : <code key="rule">{rule}</code>],
          ...(others.length > 0
            ? [['Arguments', <Values key="values" values={values} />] as const]
            : ([
                ['Argument', only?.path === undefined ? undefined : <Code key="path" text={only.path} />],
                ['Value', only?.value === undefined ? undefined : <Code key="value" text={only.value} />],
              ] as const)),
          ['Source', sourceSentence(reason)],
          ['To allow it', fix === undefined ? undefined : <HostileText key="fix" text={fix} max={600} />],
        ]}
      />
    </div>
  );
}

function Values({ values }: Pick<Alike, 'values'>) {
  return (
    <ul>
      {values.map(({ path, value }) => (
        <li key={path}>
          {path === undefined ? null : <Code text={path} />}
          {value === undefined ? null : (
            <>
              {' '}
              is <Code text={value} />
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

const Code = ({ text }: { text: string }) => (
  <code>
    <HostileText text={text} max={400} />
  </code>
);
