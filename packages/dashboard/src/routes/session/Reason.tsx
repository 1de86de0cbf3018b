import type { EventKind } from '@sallyport/core/admin';
import type { ReactNode } from 'react';
import type { ReasonView } from '../../timeline.ts';
import { Facts } from '../../components/Page.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { type Found, foundIn, placeName } from '../../found.ts';
import { reasonText, reasonTitle } from '../../components/ReasonLine.tsx';
import { sourceSentence } from '../../timeline.ts';
import styles from './Reason.module.css';

/** Why, in full: what happened, by which rule, for which value from where, and how to allow it. */
export function Reasons({ reasons, kind = 'tool_call' }: { reasons: readonly ReasonView[]; kind?: EventKind }) {
  return alike(reasons).map((group, place) => (
    // oxlint-disable-next-line react/no-array-index-key -- the reasons of a decision never change
    <Reason key={place} {...group} kind={kind} />
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

function Reason({ reason, values, kind }: Alike & { kind: EventKind }) {
  const { code, rule, detail, fix } = reason;
  const found = foundIn(reason, kind);
  const said = (found && saidOf(found, values.length)) ?? detail;
  return (
    <div className={styles.reason}>
      <h3 className={styles.title}>{found?.title ?? reasonTitle(code)}</h3>
      <p>{said === undefined ? reasonText(code) : <HostileText text={said} max={600} />}</p>
      <Facts
        rows={[
          ['Rule', rule === undefined ? undefined : <code key="rule">{rule}</code>],
          ...(found === undefined ? argumentsOf(values) : [['Where', placesOf(values)] as const]),
          ...(found?.facts ?? []).map(([name, text]) => [name, <Lines key={name} text={text} />] as const),
          ['Source', sourceSentence(reason)],
          ['To allow it', fix === undefined ? undefined : <HostileText key="fix" text={fix} max={600} />],
        ]}
      />
    </div>
  );
}

const saidOf = ({ says }: Found, places: number): string =>
  places > 1 ? `${says}, in each of ${places} places` : says;

function argumentsOf([only, ...others]: Alike['values']): readonly (readonly [string, ReactNode])[] {
  if (only !== undefined && others.length > 0) {
    return [['Arguments', <Values key="values" values={[only, ...others]} />]];
  }
  return [
    ['Argument', only?.path === undefined ? undefined : <Code key="path" text={only.path} />],
    ['Value', only?.value === undefined ? undefined : <Code key="value" text={only.value} />],
  ];
}

/** Of what content guards find, never the value. */
function placesOf(values: Alike['values']): ReactNode {
  const places = values.flatMap(({ path }) => (path === undefined ? [] : [placeName(path)]));
  return places.length === 0 ? undefined : <HostileText text={places.join('; ')} max={400} />;
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

const Lines = ({ text }: { text: string }) =>
  text.split('\n').map((line) => (
    <div key={line}>
      <HostileText text={line} max={200} />
    </div>
  ));

const Code = ({ text }: { text: string }) => (
  <code>
    <HostileText text={text} max={400} />
  </code>
);
