import type { SessionView } from '@sallyport/core/admin';
import { Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { TimelineEvent } from '../../timeline.ts';
import { Answer, Empty } from '../../components/States.tsx';
import { EventDetail } from './EventDetail.tsx';
import { Provenance } from './Provenance.tsx';
import { Timeline } from './Timeline.tsx';
import { queries } from '../../queries.ts';
import { timelineOf } from '../../timeline.ts';
import styles from './Events.module.css';

const route = getRouteApi('/shell/sessions/$id');

/** Where there is room for one column only, an event takes the timeline's place: it begins at the top, and closing leads back. */
function useOneColumn(selectedId: string | undefined) {
  const last = useRef(selectedId);
  useEffect(() => {
    const before = last.current;
    last.current = selectedId;
    if (before === selectedId || !window.matchMedia('(max-width: 1080px)').matches) return;
    if (selectedId !== undefined) window.scrollTo(0, 0);
    else if (before !== undefined) {
      document.querySelector(`[data-event="${CSS.escape(before)}"]`)?.scrollIntoView({ block: 'center' });
    }
  }, [selectedId]);
}

/** Escape closes what is open, as long as nothing lies above it. */
function useCloseOnEscape(close: () => void) {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented || document.querySelector('[role*="dialog"]')) return;
      close();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [close]);
}

/** What happened in a session: event by event, or by where the values of its calls came from. */
export function Events({ session, isOpen }: { session: SessionView; isOpen: boolean }) {
  const { view = 'timeline' } = route.useSearch();
  const navigate = route.useNavigate();
  const entries = useQuery(queries.entries(session.id));
  const events = useMemo(() => timelineOf(entries.data?.entries ?? []), [entries.data]);
  return (
    <Tabs
      value={view}
      onChange={(name) => {
        if (name !== 'timeline' && name !== 'provenance') return;
        void navigate({ search: name === 'timeline' ? {} : { view: name }, resetScroll: false });
      }}
      keepMounted={false}
    >
      <Tabs.List aria-label="View" className={styles.tabs}>
        <Tabs.Tab value="timeline">Timeline</Tabs.Tab>
        <Tabs.Tab value="provenance">Where values came from</Tabs.Tab>
      </Tabs.List>
      <Answer of={entries} label="the timeline" rows={10}>
        {({ hasEarlier }) => (
          <>
            <Tabs.Panel value="timeline">
              <Columns session={session} events={events} hasEarlier={hasEarlier} isOpen={isOpen} />
            </Tabs.Panel>
            <Tabs.Panel value="provenance">
              <Provenance session={session} events={events} isWhole={!hasEarlier} isOpen={isOpen} />
            </Tabs.Panel>
          </>
        )}
      </Answer>
    </Tabs>
  );
}

function Columns({
  session,
  events,
  hasEarlier,
  isOpen,
}: {
  session: SessionView;
  events: readonly TimelineEvent[];
  hasEarlier: boolean;
  isOpen: boolean;
}) {
  const { event: selectedId } = route.useSearch();
  const navigate = route.useNavigate();
  const selected = events.find(({ id }) => id === selectedId);
  useOneColumn(selectedId);
  useCloseOnEscape(
    useCallback(
      () => void navigate({ search: (old) => ({ ...old, event: undefined }), resetScroll: false }),
      [navigate],
    ),
  );
  return (
    <div className={styles.columns} data-selected={selectedId === undefined ? undefined : ''}>
      <Timeline
        sessionId={session.id}
        events={events}
        hasEarlier={hasEarlier}
        selectedId={selectedId}
        isOpen={isOpen}
      />
      <div className={styles.detail}>
        {selected ? (
          <EventDetail key={selected.id} event={selected} roles={session.agent.roles} />
        ) : (
          <div className={styles.card}>
            {selectedId === undefined ? (
              <Empty title="Choose an event">
                To see what it carried, what was decided and by which rule. <kbd>j</kbd> and <kbd>k</kbd> move along the
                timeline.
              </Empty>
            ) : (
              <Empty title="This event is not among those loaded">
                It may be earlier: show earlier events, or the link may be of another session.
              </Empty>
            )}
          </div>
        )}
      </div>
    </div>
  );
}
