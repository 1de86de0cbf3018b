import type { UpstreamView } from '@sallyport/core/admin';
import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { Ago } from '../../components/Ago.tsx';
import { Answer, Empty } from '../../components/States.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { Mark } from '../../components/Mark.tsx';
import { Panel } from '../../components/Page.tsx';
import { count, plural } from '../../text/format.ts';
import { kindNames, upstreamLooks, waitingOf } from './pins.ts';
import { queries } from '../../queries.ts';
import styles from './Upstreams.module.css';
import table from '../../components/Table.module.css';

/** Where tools come from: how each is, what it runs in, and whether something of it waits for a review. */
export function Upstreams() {
  const upstreams = useQuery(queries.upstreams);
  return (
    <Answer of={upstreams} label="upstreams">
      {({ upstreams: all }) => (
        <Panel title="Upstreams" aside={all.length === 0 ? undefined : plural(all.length, 'upstream')} flush>
          {all.length === 0 ? (
            <Empty title="No upstream yet">
              Name an MCP server or an HTTP API under upstreams: in sallyport.yaml, or with sallyport tools add. Agents
              then have its tools at <code>{location.origin}/mcp</code>, and never hold its key.
            </Empty>
          ) : (
            <Listed upstreams={all} />
          )}
        </Panel>
      )}
    </Answer>
  );
}

function Listed({ upstreams }: { upstreams: readonly UpstreamView[] }) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Upstream</th>
            <th scope="col">State</th>
            <th scope="col">Protocol</th>
            <th scope="col">Runs in</th>
            <th scope="col">Tools</th>
          </tr>
        </thead>
        <tbody>
          {upstreams.map((upstream) => (
            <Row key={upstream.name} upstream={upstream} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ upstream }: { upstream: UpstreamView }) {
  const { name, kind, address, state, since, problem, protocol } = upstream;
  const { tone, word } = upstreamLooks[state];
  return (
    <tr>
      <td className={`${table.main} ${table.wide}`}>
        <span className={styles.lines}>
          {name}
          <code className={styles.address}>
            <HostileText text={address} max={200} />
          </code>
          <span className={styles.quiet}>{kindNames[kind]}</span>
        </span>
      </td>
      <td data-label="State" className={table.wide}>
        <span className={styles.lines}>
          <Mark tone={tone}>{word}</Mark>
          {since === undefined || state === 'idle' ? null : (
            <span className={styles.quiet}>
              since <Ago at={since} />
            </span>
          )}
          {problem === undefined ? null : (
            <span className={styles.problem}>
              <HostileText text={problem} max={400} />
            </span>
          )}
        </span>
      </td>
      <td data-label="Protocol" className={`${table.wide} ${styles.protocol}`}>
        {protocol === null ? (
          <span className={table.quiet}>not known yet</span>
        ) : (
          <HostileText text={protocol} max={40} />
        )}
      </td>
      <td data-label="Runs in" className={table.wide}>
        <RunsIn of={upstream} />
      </td>
      <td data-label="Tools" className={table.wide}>
        <Tools of={upstream} />
      </td>
    </tr>
  );
}

/** A program runs here, in what keeps it in; everything else is where its address says. */
function RunsIn({ of: { isolation, package: pinned } }: { of: UpstreamView }) {
  if (isolation === null) return <span className={table.quiet}>elsewhere</span>;
  return (
    <span className={styles.lines}>
      {isolation === 'sandbox' ? <Mark tone="allow">A sandbox</Mark> : <Mark tone="hold">No sandbox</Mark>}
      {pinned === undefined ? <span className={styles.quiet}>no package pinned</span> : <Package of={pinned} />}
    </span>
  );
}

function Package({ of: { registry, name, version, integrity, source } }: { of: NonNullable<UpstreamView['package']> }) {
  return (
    <>
      <code className={styles.address}>
        <HostileText text={`${name}@${version}`} max={160} />
      </code>
      <span className={styles.quiet}>
        {registry}, {integrity === null ? 'contents not pinned' : 'contents pinned'};{' '}
        {source === null ? (
          'no attestation of its source'
        ) : (
          <>
            built from <HostileText text={source} max={120} />
          </>
        )}
      </span>
    </>
  );
}

function Skipped({ of }: { of: NonNullable<UpstreamView['skipped']> }) {
  if (of.length === 0) return null;
  return (
    <details className={styles.quiet}>
      <summary>{plural(of.length, 'operation')} left out</summary>
      <ul className={styles.skipped}>
        {of.map(({ operation, why }) => (
          <li key={operation}>
            <code>
              <HostileText text={operation} max={120} />
            </code>
            : <HostileText text={why} max={300} />
          </li>
        ))}
      </ul>
    </details>
  );
}

function Tools({ of }: { of: UpstreamView }) {
  const waiting = waitingOf(of);
  const search = { view: 'reviews', upstream: of.name } as const;
  return (
    <span className={styles.lines}>
      <Link to="/tools" search={search}>
        {count(of.pins.pinned)} approved
      </Link>
      {waiting === 0 ? null : (
        <Mark tone={of.pins.suspicious > 0 ? 'deny' : 'hold'}>{`${count(waiting)} to review`}</Mark>
      )}
      {of.pins.rejected === 0 ? null : <span className={styles.quiet}>{count(of.pins.rejected)} rejected</span>}
      <Skipped of={of.skipped ?? []} />
    </span>
  );
}
