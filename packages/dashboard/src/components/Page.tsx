import type { ReactNode } from 'react';
import { useEffect } from 'react';
import { revealText } from '../text/reveal.ts';
import styles from './Page.module.css';

/** One screen: its title, the one question it answers, and what can be done. */
export function Page({
  title,
  heading = title,
  question,
  actions,
  children,
}: {
  title: string;
  heading?: ReactNode;
  question?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${revealText(title).slice(0, 80)} · Sallyport`;
  }, [title]);
  return (
    <>
      <header className={styles.header}>
        <div className={styles.titles}>
          <h1 className={styles.title}>{heading}</h1>
          {question === undefined ? null : <p className={styles.question}>{question}</p>}
        </div>
        {actions === undefined ? null : <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </>
  );
}

/** A titled part of a screen. */
export function Panel({
  title,
  aside,
  flush = false,
  children,
}: {
  title: string;
  aside?: ReactNode;
  /** For tables and lists, which bring their own spacing. */
  flush?: boolean;
  children: ReactNode;
}) {
  return (
    <section className={styles.panel} aria-label={title}>
      <header className={styles.panelHeader}>
        <h2 className={styles.panelTitle}>{title}</h2>
        {aside === undefined ? null : <div className={styles.aside}>{aside}</div>}
      </header>
      <div className={flush ? undefined : styles.panelBody}>{children}</div>
    </section>
  );
}

/** Names and values, such as the facts of a reason. */
export function Facts({ rows }: { rows: readonly (readonly [string, ReactNode])[] }) {
  const present = rows.filter(([, shown]) => shown !== undefined && shown !== null);
  return (
    <dl className={styles.facts}>
      {present.map(([term, shown]) => (
        <div key={term} className={styles.fact}>
          <dt>{term}</dt>
          <dd>{shown}</dd>
        </div>
      ))}
    </dl>
  );
}
