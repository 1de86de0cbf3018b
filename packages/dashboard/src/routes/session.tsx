import type { SessionView } from '@sallyport/core/admin';
import { Button } from '@mantine/core';
import { Link, getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Ago, useNow } from '../components/Ago.tsx';
import { Answer, Forbidden } from '../components/States.tsx';
import { EndSession } from './sessions/EndSession.tsx';
import { Events } from './session/Events.tsx';
import { HostileText } from '../components/HostileText.tsx';
import { Mark } from '../components/Mark.tsx';
import { Page } from '../components/Page.tsx';
import { Reach } from './session/Reach.tsx';
import { money, plural, short } from '../text/format.ts';
import { queries } from '../queries.ts';
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
      <div className={styles.about}>
        <Summary session={session} isOpen={isOpen} />
        <SaidOfUser user={user} />
        <Reach session={session} isOpen={isOpen} />
      </div>
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

/** What policies may ask of the user, and by whose word. */
function SaidOfUser({ user: { roles, claims, issuer } }: { user: SessionView['user'] }) {
  const said = Object.entries(claims ?? {});
  if (roles.length === 0 && said.length === 0 && issuer === undefined) return null;
  return (
    <ul className={styles.summary} aria-label="The user">
      <li>{issuer === undefined ? 'named by the back end' : `known by ${issuer}`}</li>
      {roles.length === 0 ? null : <li>user roles {roles.join(', ')}</li>}
      {said.map(([name, values]) => (
        <li key={name}>
          <HostileText text={name} max={80} /> <HostileText text={values.join(', ')} max={160} />
        </li>
      ))}
    </ul>
  );
}
