import type { ToolView } from '@sallyport/core/admin';
import { Link } from '@tanstack/react-router';
import { Ago } from '../../components/Ago.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { Integrity } from '../../components/Integrity.tsx';
import { Mark } from '../../components/Mark.tsx';
import { count } from '../../text/format.ts';
import { effectTexts, fromNames, fromTones, isSink, resultsText, targetsText } from './manifest.ts';
import styles from './ToolTable.module.css';
import table from '../../components/Table.module.css';

export function ToolTable({ tools }: { tools: readonly ToolView[] }) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Tool</th>
            <th scope="col">Effect</th>
            <th scope="col">Targets</th>
            <th scope="col">Results</th>
            <th scope="col">Described by</th>
            <th scope="col" className={table.number}>
              Calls
            </th>
            <th scope="col">Last called</th>
          </tr>
        </thead>
        <tbody>
          {tools.map((tool) => (
            <Row key={tool.name} tool={tool} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ tool }: { tool: ToolView }) {
  const { name, from, manifest, seen } = tool;
  const { trust } = manifest.results;
  return (
    <tr>
      {/* oxlint-disable-next-line jsx-a11y/control-has-associated-label -- the link's text is its own */}
      <td className={`${table.main} ${table.wide}`}>
        <Link to="." search={(old) => ({ ...old, tool: name })} resetScroll={false} data-list-item="open">
          <code>
            <HostileText text={name} max={200} />
          </code>
        </Link>
      </td>
      <td data-label="Effect" className={table.wide}>
        <span>
          {effectTexts[manifest.effect].name}
          {isSink(manifest) ? <span className={table.quiet}> sink</span> : null}
          {manifest.local ? <span className={table.quiet}> local</span> : null}
        </span>
      </td>
      <td data-label="Targets" className={`${table.wide} ${styles.targets}`}>
        <HostileText text={targetsText(manifest, seen?.arguments)} max={140} />
      </td>
      <td data-label="Results" className={table.wide}>
        <span className={styles.results}>
          <Integrity of={trust === 'trusted' ? 'trusted' : 'untrusted'} />
          {resultsText(manifest) === trust ? null : (
            <span className={table.quiet}>
              <HostileText text={resultsText(manifest).slice(trust.length + 2)} max={120} />
            </span>
          )}
        </span>
      </td>
      <td data-label="Described by" className={table.wide}>
        <Mark tone={fromTones[from]}>{fromNames[from]}</Mark>
      </td>
      <td data-label="Calls" className={table.number}>
        {count(seen?.calls ?? 0)}
      </td>
      <td data-label="Last called" className={styles.last}>
        {seen?.lastAt === undefined || seen.lastAt === null ? 'never' : <Ago at={seen.lastAt} />}
      </td>
    </tr>
  );
}
