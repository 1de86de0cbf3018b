import type { AdminAnswer } from '@sallyport/core/admin';
import type { ReactNode } from 'react';
import { Link } from '@tanstack/react-router';
import { count, money, short, span } from '../../text/format.ts';
import styles from './Figures.module.css';

/** The hour in six figures. Those that have a list behind them lead to it. */
export function Figures({ data }: { data: AdminAnswer<'overview.get'> }) {
  const { activity, openSessions, since, until } = data;
  const stretch = span(until - since);
  return (
    <dl className={styles.strip}>
      <Figure name="Open sessions" note="now">
        <Link to="/sessions" search={{ state: 'open' }}>
          {count(openSessions)}
        </Link>
      </Figure>
      <Figure name="Events" note={stretch}>
        {short(activity.events)}
      </Figure>
      <Figure name="Denied" note={stretch} tone={activity.denied > 0 ? 'deny' : undefined}>
        {short(activity.denied)}
      </Figure>
      <Figure name="Held" note={stretch} tone={activity.held > 0 ? 'hold' : undefined}>
        {short(activity.held)}
      </Figure>
      <Figure name="Tokens" note={`${short(activity.tokensIn)} in, ${short(activity.tokensOut)} out`}>
        {short(activity.tokensIn + activity.tokensOut)}
      </Figure>
      <Figure name="Cost" note={stretch}>
        {money(activity.costMicros)}
      </Figure>
    </dl>
  );
}

function Figure({
  name,
  note,
  tone,
  children,
}: {
  name: string;
  note: string;
  tone?: 'deny' | 'hold' | undefined;
  children: ReactNode;
}) {
  return (
    <div className={styles.figure} data-tone={tone}>
      <dt>{name}</dt>
      <dd className={styles.number}>{children}</dd>
      <dd className={styles.note}>{note}</dd>
    </div>
  );
}
