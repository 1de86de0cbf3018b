import type { SessionView } from '@sallyport/core/admin';
import { Button, Select, TextInput } from '@mantine/core';
import { Link, getRouteApi } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Ago } from '../components/Ago.tsx';
import { Answer, Empty } from '../components/States.tsx';
import { EndSession } from './sessions/EndSession.tsx';
import { HostileText } from '../components/HostileText.tsx';
import { Mark } from '../components/Mark.tsx';
import { Page, Panel } from '../components/Page.tsx';
import { count, money, plural, short } from '../text/format.ts';
import { queries } from '../queries.ts';
import { useMay } from '../components/me.ts';
import { useNow } from '../components/Ago.tsx';
import styles from './sessions.module.css';
import table from '../components/Table.module.css';

const route = getRouteApi('/shell/sessions');
/** As many as the list brings at first, and how many more each asking adds. */
const pageSize = 100;

export function Sessions() {
  const { state, agent, user, find = '' } = route.useSearch();
  const [limit, setLimit] = useState(pageSize);
  const sessions = useQuery({
    ...queries.sessions({ state, agentId: agent, userId: user, limit }),
    placeholderData: (before) => before,
  });
  const isFiltered = state !== undefined || agent !== undefined || user !== undefined || find !== '';
  return (
    <Page title="Sessions" question="What are agents doing?">
      <Filters />
      <Panel title={sessions.data ? plural(sessions.data.sessions.length, 'session') : 'Sessions'} flush>
        <Answer of={sessions} label="sessions" rows={8}>
          {({ sessions: all }) => {
            const shown = all.filter((session) => matches(session, find));
            if (shown.length === 0) return isFiltered ? <NoneFit /> : <NoneYet />;
            return (
              <>
                <SessionTable sessions={shown} />
                {all.length === limit && limit < 500 ? (
                  <div className={styles.more}>
                    <Button
                      variant="default"
                      size="compact-sm"
                      onClick={() => setLimit(Math.min(500, limit + pageSize))}
                    >
                      Show more
                    </Button>
                  </div>
                ) : null}
              </>
            );
          }}
        </Answer>
      </Panel>
    </Page>
  );
}

const matches = ({ agent, user, purpose, id }: SessionView, find: string): boolean =>
  find === '' || [agent.name, user.id, purpose, id].some((text) => text.toLowerCase().includes(find.toLowerCase()));

function Filters() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const agents = useQuery(queries.agents).data?.agents ?? [];
  const change = (part: Partial<typeof search>) => navigate({ search: (old) => ({ ...old, ...part }), replace: true });
  return (
    <search className={styles.filters}>
      <Select
        aria-label="State"
        placeholder="Any state"
        data={[
          { value: 'open', label: 'Open' },
          { value: 'ended', label: 'Ended' },
        ]}
        value={search.state ?? null}
        onChange={(chosen) => void change({ state: chosen === 'open' || chosen === 'ended' ? chosen : undefined })}
        clearable
        clearButtonProps={{ 'aria-label': 'Any state' }}
      />
      <Select
        aria-label="Agent"
        placeholder="Any agent"
        data={agents.map(({ id, name }) => ({ value: id, label: name }))}
        value={search.agent ?? null}
        onChange={(chosen) => void change({ agent: chosen ?? undefined })}
        clearable
        searchable
        clearButtonProps={{ 'aria-label': 'Any agent' }}
      />
      <TextInput
        aria-label="User"
        placeholder="User id, exactly"
        value={search.user ?? ''}
        onChange={(event) => void change({ user: event.currentTarget.value || undefined })}
      />
      <TextInput
        aria-label="Find"
        placeholder="Find in these sessions"
        value={search.find ?? ''}
        onChange={(event) => void change({ find: event.currentTarget.value || undefined })}
      />
    </search>
  );
}

function NoneFit() {
  return (
    <Empty title="No session fits these filters">
      <Link to="/sessions">Show all sessions</Link>
    </Empty>
  );
}

function NoneYet() {
  return (
    <Empty title="No agent has called yet">
      A session opens by itself with an agent’s first call. <Link to="/">Make the first call</Link>
    </Empty>
  );
}

function SessionTable({ sessions }: { sessions: readonly SessionView[] }) {
  const mayEnd = useMay('sessions.end');
  const [ending, setEnding] = useState<SessionView>();
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Agent</th>
            <th scope="col">User</th>
            <th scope="col">Purpose</th>
            <th scope="col">State</th>
            <th scope="col" className={table.number}>
              Calls
            </th>
            <th scope="col" className={table.number}>
              Denied
            </th>
            <th scope="col" className={table.number}>
              Held
            </th>
            <th scope="col" className={table.number}>
              Tokens
            </th>
            <th scope="col" className={table.number}>
              Cost
            </th>
            <th scope="col">Started</th>
            {mayEnd ? (
              <th scope="col">
                <span className="sp-hidden">Actions</span>
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => (
            <Row key={session.id} session={session} end={mayEnd ? setEnding : undefined} />
          ))}
        </tbody>
      </table>
      {ending ? <EndSession session={ending} close={() => setEnding(undefined)} /> : null}
    </div>
  );
}

function Row({ session, end }: { session: SessionView; end: ((session: SessionView) => void) | undefined }) {
  const { agent, user, purpose, counters, openedAt, id } = session;
  const now = useNow();
  const isOpen = session.state === 'open' && session.expiresAt > now;
  return (
    <tr className={styles.row}>
      <td className={`${table.main} ${table.wide}`}>
        <Link to="/sessions/$id" params={{ id }} data-list-item="open">
          <HostileText text={agent.name} max={40} />
        </Link>
      </td>
      <td data-label="User">
        <HostileText text={user.id} max={28} />
      </td>
      <td className={`${table.wide} ${styles.purpose}`}>
        <HostileText text={purpose} max={90} />
      </td>
      <td data-label="State">
        <Mark tone={isOpen ? 'live' : 'quiet'}>{isOpen ? 'Open' : 'Ended'}</Mark>
      </td>
      <td className={table.number} data-label="Calls">
        {count(counters.modelCalls + counters.toolCalls)}
      </td>
      <td className={table.number} data-label="Denied">
        {counters.denied > 0 ? (
          <Mark tone="deny">{count(counters.denied)}</Mark>
        ) : (
          <span className={table.quiet}>0</span>
        )}
      </td>
      <td className={table.number} data-label="Held">
        {counters.held > 0 ? <Mark tone="hold">{count(counters.held)}</Mark> : <span className={table.quiet}>0</span>}
      </td>
      <td className={table.number} data-label="Tokens">
        {short(counters.tokensIn + counters.tokensOut)}
      </td>
      <td className={table.number} data-label="Cost">
        {money(counters.costMicros)}
      </td>
      <td data-label="Started" className={styles.started}>
        <Ago at={openedAt} />
      </td>
      {end ? (
        <td>
          {isOpen ? (
            <Button size="compact-xs" variant="default" onClick={() => end(session)}>
              End
              <span className="sp-hidden">
                {' '}
                the session of {agent.name}, started {new Date(openedAt).toISOString()}
              </span>
            </Button>
          ) : null}
        </td>
      ) : null}
    </tr>
  );
}
