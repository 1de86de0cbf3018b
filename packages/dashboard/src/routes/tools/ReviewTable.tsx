import type { PinView } from '@sallyport/core/admin';
import { Link } from '@tanstack/react-router';
import { Ago } from '../../components/Ago.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { Mark } from '../../components/Mark.tsx';
import { findingNames, keyOf, pinLooks } from './pins.ts';
import { plural } from '../../text/format.ts';
import styles from './Upstreams.module.css';
import table from '../../components/Table.module.css';

export function ReviewTable({ pins }: { pins: readonly PinView[] }) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Tool</th>
            <th scope="col">Upstream</th>
            <th scope="col">State</th>
            <th scope="col">Found in it</th>
            <th scope="col">Offered</th>
          </tr>
        </thead>
        <tbody>
          {pins.map((pin) => (
            <Row key={`${keyOf(pin)} ${pin.state}`} pin={pin} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ pin }: { pin: PinView }) {
  const { upstream, tool, state, findings, differences, offeredAt } = pin;
  const { tone, word } = pinLooks[state];
  const codes = [...new Set(findings.map(({ code }) => code))];
  return (
    <tr>
      {/* oxlint-disable-next-line jsx-a11y/control-has-associated-label -- the link's text is its own */}
      <td className={`${table.main} ${table.wide}`}>
        <Link to="." search={(old) => ({ ...old, pin: keyOf(pin) })} resetScroll={false} data-list-item="open">
          <code>
            <HostileText text={tool} max={200} />
          </code>
        </Link>
      </td>
      <td data-label="Upstream" className={table.wide}>
        {upstream}
      </td>
      <td data-label="State" className={table.wide}>
        <span className={styles.lines}>
          <Mark tone={tone}>{word}</Mark>
          {differences === undefined ? null : (
            <span className={styles.quiet}>{plural(differences.length, 'place')} differ</span>
          )}
        </span>
      </td>
      <td data-label="Found in it" className={table.wide}>
        {codes.length === 0 ? (
          <span className={table.quiet}>nothing</span>
        ) : (
          <span className={styles.lines}>
            {codes.map((code) => (
              <span key={code}>{findingNames[code]}</span>
            ))}
          </span>
        )}
      </td>
      <td data-label="Offered" className={`${table.wide} ${styles.protocol}`}>
        {offeredAt === null ? <span className={table.quiet}>not since the start</span> : <Ago at={offeredAt} />}
      </td>
    </tr>
  );
}
