import type { SessionView } from '@sallyport/core/admin';
import { Button } from '@mantine/core';
import { Link, getRouteApi } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Ago, useNow } from '../components/Ago.tsx';
import { Answer, Empty, Forbidden } from '../components/States.tsx';
import { EndSession } from './sessions/EndSession.tsx';
import { EventDetail } from './session/EventDetail.tsx';
import { HostileText } from '../components/HostileText.tsx';
import { Mark } from '../components/Mark.tsx';
import { Page } from '../components/Page.tsx';
import { Timeline } from './session/Timeline.tsx';
import { money, plural, short } from '../text/format.ts';
import { queries } from '../queries.ts';
import { timelineOf } from '../timeline.ts';
import { useMay } from '../components/me.ts';
import styles from './session.module.css';

const route = getRouteApi('/shell/sessions/$id');

export function Session() {
  const { id } = route.useParams();
  const session = useQuery(queries.session(id));
  return (
    <>
      <p className={styles.back}>
        <Link to="/sessions" activeOptions={{ exact: true }}>
          Sessions
        </Link>
      </p>
      <Answer of={session} label="the session" rows={6}>
        {(data) => <Present session={data} />}
      </Answer>
    </>
  );
}

function Present({ session }: { session: SessionView }) {
  const { agent, user, purpose } = session;
  const mayEnd = useMay('sessions.end');
  const mayRead = useMay('entries.read');
  const [ending, setEnding] = useState(false);
  const now = useNow();
  const isOpen = session.state === 'open' && session.expiresAt > now;
  return (
    <Page
      title={`${agent.name} for ${user.id}`}
      heading={
        <>
          <HostileText text={agent.name} max={80} /> <span className={styles.for}>for</span>{' '}
          <HostileText text={user.id} max={80} />
        </>
      }
      question={purpose === '' ? undefined : <HostileText text={purpose} max={300} />}
      actions={
        mayEnd && isOpen ? (
          <Button variant="default" size="sm" onClick={() => setEnding(true)}>
            End session
          </Button>
        ) : undefined
      }
    >
      <Summary session={session} isOpen={isOpen} />
      {mayRead ? (
        <Events session={session} isOpen={isOpen} />
      ) : (
        <div className={styles.card}>
          <Forbidden permission="entries.read" what="what events carried" />
        </div>
      )}
      {ending ? <EndSession session={session} close={() => setEnding(false)} /> : null}
    </Page>
  );
}

function Summary({ session, isOpen }: { session: SessionView; isOpen: boolean }) {
  const { counters, openedAt, expiresAt } = session;
  return (
    <ul className={styles.summary} aria-label="Summary">
      <li>
        <Mark tone={isOpen ? 'live' : 'quiet'}>{isOpen ? 'Open' : 'Ended'}</Mark>
      </li>
      <li>
        started <Ago at={openedAt} />
      </li>
      {isOpen ? (
        <li>
          ends <Ago at={expiresAt} />
        </li>
      ) : null}
      <li>{plural(counters.modelCalls, 'model call')}</li>
      <li>{plural(counters.toolCalls, 'tool call')}</li>
      {counters.denied > 0 ? (
        <li>
          <Mark tone="deny">{`${counters.denied} denied`}</Mark>
        </li>
      ) : null}
      {counters.held > 0 ? (
        <li>
          <Mark tone="hold">{`${counters.held} held`}</Mark>
        </li>
      ) : null}
      <li>
        {short(counters.tokensIn)} tokens in, {short(counters.tokensOut)} out
      </li>
      <li>{money(counters.costMicros)}</li>
      <li>roles {session.agent.roles.length === 0 ? 'none' : session.agent.roles.join(', ')}</li>
    </ul>
  );
}

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

function Events({ session, isOpen }: { session: SessionView; isOpen: boolean }) {
  const { event: selectedId } = route.useSearch();
  const navigate = route.useNavigate();
  const entries = useQuery(queries.entries(session.id));
  const events = useMemo(() => timelineOf(entries.data?.entries ?? []), [entries.data]);
  const selected = events.find(({ id }) => id === selectedId);
  useOneColumn(selectedId);
  useEffect(() => {
    const close = (press: KeyboardEvent) => {
      if (press.key !== 'Escape' || press.defaultPrevented || document.querySelector('[role*="dialog"]')) return;
      void navigate({ search: (old) => ({ ...old, event: undefined }), resetScroll: false });
    };
    document.addEventListener('keydown', close);
    return () => document.removeEventListener('keydown', close);
  }, [navigate]);
  return (
    <Answer of={entries} label="the timeline" rows={10}>
      {(data) => (
        <div className={styles.columns} data-selected={selectedId === undefined ? undefined : ''}>
          <Timeline
            sessionId={session.id}
            events={events}
            hasEarlier={data.hasEarlier}
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
                    To see what it carried, what was decided and by which rule. <kbd>j</kbd> and <kbd>k</kbd> move along
                    the timeline.
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
      )}
    </Answer>
  );
}
