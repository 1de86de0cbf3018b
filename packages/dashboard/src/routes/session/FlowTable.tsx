import type { ProvenanceView } from '@sallyport/core/admin';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Button } from '@mantine/core';
import type { Flow, FlowCall } from './flow.ts';
import { HostileText } from '../../components/HostileText.tsx';
import { Integrity } from '../../components/Integrity.tsx';
import { OutcomeMark } from '../../components/Mark.tsx';
import { Scroll } from '../../components/Scroll.tsx';
import { bytes, clock } from '../../text/format.ts';
import { flowSourceName, isSuspect } from './flow.ts';
import { originOf, roleNames } from '../../provenance.ts';
import styles from './FlowTable.module.css';
import table from '../../components/Table.module.css';

/** Calls in the page at once, newest first. */
const page = 50;

/** The same as the graph, for people who do not see it and for screens that are too small for it. */
export function FlowTable({ flow }: { flow: Flow }) {
  const [most, setMost] = useState(page);
  const calls = flow.calls.toReversed();
  return (
    <div className={styles.tables}>
      <Scroll label="Values of each call" className={table.scroll}>
        <table className={table.table}>
          <caption className={styles.caption}>Values of each call, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Call</th>
              <th scope="col">Argument</th>
              <th scope="col">Value</th>
              <th scope="col">Integrity</th>
              <th scope="col">Came from</th>
            </tr>
          </thead>
          <tbody>
            {calls.slice(0, most).map((call) => (
              <Call key={call.eventId} call={call} />
            ))}
          </tbody>
        </table>
      </Scroll>
      {calls.length > most ? (
        <p className={styles.more}>
          <Button size="compact-sm" variant="default" onClick={() => setMost(most + page)}>
            Show earlier ({calls.length - most})
          </Button>
        </p>
      ) : null}
      <Sources sources={flow.sources} />
    </div>
  );
}

function Call({ call }: { call: FlowCall }) {
  if (call.provenance.length === 0) {
    return (
      <tr>
        <CallCell call={call} />
        <td colSpan={4} className={`${table.quiet} ${table.wide}`}>
          Nothing is recorded of its values.
        </td>
      </tr>
    );
  }
  return call.provenance.map((row, place) => (
    // oxlint-disable-next-line react/no-array-index-key -- what was recorded never changes
    <tr key={place} data-suspect={isSuspect(row) || undefined} className={styles.row}>
      <CallCell call={call} />
      <Value row={row} />
    </tr>
  ));
}

function CallCell({ call: { eventId, tool, outcome, at } }: { call: FlowCall }) {
  return (
    <td className={`${table.wide} ${styles.call}`}>
      <Link to="." search={(old) => ({ ...old, view: undefined, as: undefined, event: eventId })}>
        <code>
          <HostileText text={tool} max={50} />
        </code>
      </Link>{' '}
      <OutcomeMark outcome={outcome} /> <span className={table.quiet}>{clock(at)}</span>
    </td>
  );
}

function Value({ row }: { row: ProvenanceView }) {
  return (
    <>
      <td data-label="Argument" className={table.wide}>
        <span>
          <code>
            <HostileText text={row.path.replace(/^arguments\.?/, '')} max={80} />
          </code>{' '}
          <span className={table.quiet}>{roleNames[row.role]}</span>
        </span>
      </td>
      <td className={`${table.wide} ${styles.value}`}>
        <code>
          <HostileText text={row.value} max={160} />
        </code>
      </td>
      <td data-label="Integrity" className={table.wide}>
        <Integrity of={row.integrity} />
      </td>
      <td className={table.wide}>
        <HostileText text={originOf(row)} max={240} />
      </td>
    </>
  );
}

function Sources({ sources }: { sources: Flow['sources'] }) {
  return (
    <table className={table.table}>
      <caption className={styles.caption}>What the session has read</caption>
      <thead>
        <tr>
          <th scope="col">Source</th>
          <th scope="col">Integrity</th>
          <th scope="col" className={table.number}>
            Size
          </th>
        </tr>
      </thead>
      <tbody>
        {sources.map((source) => (
          <tr key={source.source}>
            <td className={table.wide}>
              {source.eventId === undefined ? (
                <HostileText text={flowSourceName(source)} max={120} />
              ) : (
                <Link to="." search={(old) => ({ ...old, view: undefined, as: undefined, event: source.eventId })}>
                  <HostileText text={flowSourceName(source)} max={120} />
                </Link>
              )}
            </td>
            <td data-label="Integrity" className={table.wide}>
              <Integrity of={source.integrity} />
            </td>
            <td data-label="Size" className={table.number}>
              {source.bytes === undefined ? '' : bytes(source.bytes)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
