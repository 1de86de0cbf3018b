import type { ApprovalView } from '@sallyport/core/admin';
import { useMemo } from 'react';
import type { ApprovalDetailView, ArgumentRow } from '../../provenance.ts';
import { Empty } from '../../components/States.tsx';
import { HostileBlock, HostileText } from '../../components/HostileText.tsx';
import { Integrity } from '../../components/Integrity.tsx';
import { Origins } from '../../components/Origins.tsx';
import { Panel } from '../../components/Page.tsx';
import { Reasons } from '../session/Reason.tsx';
import { argumentRows, originSentence, roleNames, sourceTexts } from '../../provenance.ts';
import { plural } from '../../text/format.ts';
import styles from './Shown.module.css';

/** Everything the approver needs to see: what would run, why it is held, what it came from, what the user asked. */
export function Shown({ approval, detail }: { approval: ApprovalView; detail: ApprovalDetailView }) {
  const rows = useMemo(() => argumentRows(detail), [detail]);
  return (
    <>
      <Panel
        title={approval.state === 'pending' || approval.state === 'approved' ? 'What would run' : 'What was asked for'}
        aside={
          <code>
            <HostileText text={approval.tool} max={60} />
          </code>
        }
        flush
      >
        {rows.length === 0 ? (
          <Empty title="It takes no arguments" />
        ) : (
          <ul className={styles.list}>
            {rows.map((row) => (
              <Argument key={row.path} row={row} />
            ))}
          </ul>
        )}
      </Panel>
      <Panel title="Why it is held">
        <div className={styles.reasons}>
          <Reasons reasons={detail.reasons} />
        </div>
      </Panel>
      <Excerpts detail={detail} rows={rows} />
      <Requests requests={detail.requests} />
    </>
  );
}

function Argument({ row }: { row: ArgumentRow }) {
  const { path, value, own, links, isHeld } = row;
  return (
    <li className={styles.argument} data-held={isHeld || undefined}>
      <p className={styles.head}>
        <span className={styles.name}>
          <code>
            <HostileText text={path} max={120} />
          </code>
          {own === undefined ? null : <span className={styles.role}>{roleNames[own.role]}</span>}
          {isHeld && links.length === 0 ? <strong className={styles.held}>held for this</strong> : null}
        </span>
        {own === undefined ? null : <Integrity of={own.integrity} />}
      </p>
      <Value path={path} value={value} />
      {own === undefined ? <p className={styles.origins}>Where it came from is not recorded.</p> : <Origins of={own} />}
      {links.map((link, place) => (
        // oxlint-disable-next-line react/no-array-index-key -- what was recorded never changes
        <div key={place} className={styles.link}>
          <p className={styles.head}>
            <span className={styles.name}>
              <span className={styles.role}>{roleNames.link}</span>
              <code>
                <HostileText text={link.value} max={300} />
              </code>
              {isHeld ? <strong className={styles.held}>held for this</strong> : null}
            </span>
            <Integrity of={link.integrity} />
          </p>
          <Origins of={link} />
        </div>
      ))}
    </li>
  );
}

/** Longer than this, or with line breaks, a value is a block of its own. */
const inlineMost = 160;

function Value({ path, value }: { path: string; value: string }) {
  if (value.length > inlineMost || value.includes('\n'))
    return <HostileBlock text={value} label={`Value of ${path}`} />;
  return (
    <p className={styles.value}>
      {value === '' ? <span className={styles.role}>empty</span> : <HostileText text={value} />}
    </p>
  );
}

function Excerpts({ detail, rows }: { detail: ApprovalDetailView; rows: readonly ArgumentRow[] }) {
  const texts = useMemo(() => sourceTexts(detail, rows), [detail, rows]);
  if (texts.length === 0) return null;
  return (
    <Panel title="The untrusted text it came from" aside="shown as text; the value is underlined">
      <ul className={styles.excerpts}>
        {texts.map(({ paths, origin, text, sought }, place) => (
          // oxlint-disable-next-line react/no-array-index-key -- what was recorded never changes
          <li key={place}>
            <p className={styles.caption}>
              <code>
                <HostileText text={paths.join(', ')} max={160} />
              </code>{' '}
              <HostileText text={originSentence(origin)} max={200} />
            </p>
            <HostileBlock text={text} label={`Excerpt ${place + 1}`} sought={sought} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Requests({ requests }: { requests: readonly string[] }) {
  return (
    <Panel
      title="What the user asked for"
      aside={requests.length > 1 ? `${plural(requests.length, 'message')}, newest last` : undefined}
    >
      {requests.length === 0 ? (
        <Empty title="No message of the user was seen in this session" />
      ) : (
        <ol className={styles.excerpts}>
          {requests.map((text, place) => (
            // oxlint-disable-next-line react/no-array-index-key
            <li key={place}>
              <HostileBlock text={text} label={`Message ${place + 1} of the user`} />
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
