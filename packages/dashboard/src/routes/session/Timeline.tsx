import { Button, SegmentedControl, Switch } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { RefObject } from 'react';
import type { EntryPages } from '../../queries.ts';
import type { TimelineEvent } from '../../timeline.ts';
import { Empty, Failed } from '../../components/States.tsx';
import { Panel } from '../../components/Page.tsx';
import { Row } from './Row.tsx';
import { fetchEntries } from '../../queries.ts';
import { outcomeOf } from '../../timeline.ts';
import { plural } from '../../text/format.ts';
import { summaryOf } from '../../found.ts';
import styles from './Timeline.module.css';

const route = getRouteApi('/shell/sessions/$id');

/** Rows in the page at once. A session may hold thousands; what is not drawn costs nothing. */
const drawn = { first: 250, more: 250 };

const filters = {
  all: () => true,
  stopped: (event: TimelineEvent) => ['deny', 'require_approval'].includes(outcomeOf(event) ?? ''),
  found: ({ kind, intent }: TimelineEvent) => summaryOf(intent?.decision.reasons ?? [], kind) !== '',
  tools: ({ kind }: TimelineEvent) => kind === 'tool_call' || kind === 'tool_result',
  models: ({ kind }: TimelineEvent) => kind === 'model_request' || kind === 'model_response',
} as const satisfies Record<string, (event: TimelineEvent) => boolean>;
type FilterName = keyof typeof filters;
const isFilter = (name: string): name is FilterName => name in filters;

export function Timeline({
  sessionId,
  events,
  hasEarlier,
  selectedId,
  isOpen,
}: {
  sessionId: string;
  events: readonly TimelineEvent[];
  hasEarlier: boolean;
  selectedId: string | undefined;
  isOpen: boolean;
}) {
  const { show = 'all' } = route.useSearch();
  const navigate = route.useNavigate();
  const [most, setMost] = useState(drawn.first);
  const fitting = events.filter(filters[show]);
  const shown = fitting.slice(-most);
  const end = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const [follows, setFollows] = useFollow(end, shown.at(-1)?.id, isOpen && selectedId === undefined);
  useArrival(list);
  const hidden = fitting.length - shown.length;
  return (
    <Panel
      title="Timeline"
      flush
      aside={
        <Switch
          size="xs"
          label="Follow"
          checked={follows}
          onChange={(event) => setFollows(event.currentTarget.checked)}
        />
      }
    >
      <div className={styles.filter}>
        <SegmentedControl
          aria-label="Show"
          size="xs"
          value={show}
          onChange={(name) => {
            if (!isFilter(name)) return;
            void navigate({
              search: (old) => ({ ...old, show: name === 'all' ? undefined : name }),
              replace: true,
              resetScroll: false,
            });
          }}
          data={[
            { value: 'all', label: 'All' },
            { value: 'stopped', label: 'Denied, held' },
            { value: 'found', label: 'Found' },
            { value: 'tools', label: 'Tools' },
            { value: 'models', label: 'Models' },
          ]}
        />
        <span className={styles.count}>
          {hasEarlier ? 'newest ' : ''}
          {plural(fitting.length, 'event')}
        </span>
      </div>
      {hidden > 0 ? (
        <div className={styles.earlier}>
          <Button size="compact-sm" variant="default" onClick={() => setMost(most + drawn.more)}>
            Show earlier ({hidden})
          </Button>
        </div>
      ) : hasEarlier ? (
        <Earlier sessionId={sessionId} loaded={() => setMost(most + drawn.more)} />
      ) : null}
      {shown.length === 0 ? <Nothing isFiltered={show !== 'all'} /> : null}
      <ol ref={list}>
        {shown.map((event) => (
          <Row key={event.id} event={event} />
        ))}
      </ol>
      <div ref={end} />
    </Panel>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  return isFiltered ? (
    <Empty title="No event fits this filter" />
  ) : (
    <Empty title="Nothing has happened in this session yet">Its first event will appear here.</Empty>
  );
}

/** Someone who arrives by a link to one event sees it in the timeline as well. */
function useArrival(list: RefObject<HTMLElement | null>) {
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'center' });
  }, [list]);
}

/** Keeps the newest event in sight while switched on. */
function useFollow(end: RefObject<HTMLElement | null>, newest: string | undefined, initially: boolean) {
  const [follows, setFollows] = useState(initially);
  const seen = useRef(newest);
  useEffect(() => {
    // Not on arrival: a person who opens a session reads from its start or follows its end as they choose.
    if (follows && seen.current !== undefined && seen.current !== newest)
      end.current?.scrollIntoView({ block: 'nearest' });
    seen.current = newest;
  }, [end, newest, follows]);
  return [follows, setFollows] as const;
}

function Earlier({ sessionId, loaded }: { sessionId: string; loaded: () => void }) {
  const client = useQueryClient();
  const load = useMutation({
    mutationFn: async () => {
      const key = ['entries', sessionId];
      const first = client.getQueryData<EntryPages>(key)?.entries[0]?.seq;
      const earlier = await fetchEntries(sessionId, first);
      client.setQueryData<EntryPages>(
        key,
        (now) => now && { entries: [...earlier.entries, ...now.entries], hasEarlier: earlier.hasEarlier },
      );
    },
    onSuccess: loaded,
  });
  return (
    <div className={styles.earlier}>
      <Button size="compact-sm" variant="default" onClick={() => load.mutate()} loading={load.isPending}>
        Load earlier events
      </Button>
      {load.isError ? <Failed error={load.error} /> : null}
    </div>
  );
}
