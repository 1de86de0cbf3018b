import type { SessionView } from '@sallyport/core/admin';
import { SegmentedControl } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { Suspense, lazy, useMemo } from 'react';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { FlowView } from '../../provenance.ts';
import type { TimelineEvent } from '../../timeline.ts';
import { Answer, Empty, Loading } from '../../components/States.tsx';
import { FlowTable } from './FlowTable.tsx';
import { Integrity } from '../../components/Integrity.tsx';
import { Panel } from '../../components/Page.tsx';
import { flowOf } from './flow.ts';
import { queries } from '../../queries.ts';
import styles from './Provenance.module.css';

const route = getRouteApi('/shell/sessions/$id');

const FlowGraph = lazy(async () => ({ default: (await import('./FlowGraph.tsx')).FlowGraph }));

/** Which text each value of each call came from: as a picture where there is room, and always as a table. */
export function Provenance({
  session,
  events,
  isWhole,
  isOpen,
}: {
  session: SessionView;
  events: readonly TimelineEvent[];
  isWhole: boolean;
  isOpen: boolean;
}) {
  const isNarrow = useMediaQuery('(max-width: 760px)', window.matchMedia('(max-width: 760px)').matches) ?? false;
  const { as = isNarrow ? 'table' : 'graph' } = route.useSearch();
  const navigate = route.useNavigate();
  // An ended session keeps nothing of what it read, so there is nothing to ask for.
  const read = useQuery({ ...queries.flow(session.id), enabled: isOpen });
  return (
    <Panel
      title="Where values came from"
      flush
      aside={
        <SegmentedControl
          aria-label="Show as"
          size="xs"
          value={as}
          onChange={(name) => {
            if (name !== 'graph' && name !== 'table') return;
            void navigate({ search: (old) => ({ ...old, as: name }), replace: true, resetScroll: false });
          }}
          data={[
            { value: 'graph', label: 'Graph' },
            { value: 'table', label: 'Table' },
          ]}
        />
      }
    >
      {isOpen ? (
        <Answer of={read} label="where values came from" rows={6}>
          {(data) => <Drawn read={data} events={events} isWhole={isWhole} as={as} />}
        </Answer>
      ) : (
        <Drawn read={null} events={events} isWhole={isWhole} as={as} />
      )}
    </Panel>
  );
}

const nothingKept: FlowView = { tainted: false, labels: [], sources: [] };

function Drawn({
  read,
  events,
  isWhole,
  as,
}: {
  read: FlowView | null;
  events: readonly TimelineEvent[];
  isWhole: boolean;
  as: 'graph' | 'table';
}) {
  const flow = useMemo(() => flowOf(read ?? nothingKept, events, isWhole), [read, events, isWhole]);
  if (flow.calls.length === 0) {
    return (
      <Empty title="No tool was called yet">
        Once the agent calls a tool, each of its arguments stands here with the text that its value came from.
      </Empty>
    );
  }
  return (
    <>
      {read === null ? (
        <p className={styles.note}>
          What this session has read is not kept, or was destroyed when it ended. What the log says of its calls is
          shown.
        </p>
      ) : null}
      {isWhole ? null : <p className={styles.note}>Calls of the events that are loaded; earlier ones are not shown.</p>}
      {as === 'table' ? (
        <FlowTable flow={flow} />
      ) : (
        <Suspense fallback={<Loading label="the graph" rows={8} />}>
          <FlowGraph flow={flow} />
        </Suspense>
      )}
      <Legend />
    </>
  );
}

function Legend() {
  return (
    <ul className={styles.legend} aria-label="Legend">
      <li>
        <Integrity of="untrusted" /> third parties can write it
      </li>
      <li>
        <Integrity of="derived" /> found nowhere
      </li>
      <li>
        <Integrity of="named" />
      </li>
      <li>
        <Integrity of="trusted" />
      </li>
      <li>
        <Integrity of="user" />
      </li>
      <li>
        <Integrity of="operator" />
      </li>
    </ul>
  );
}
