import type { ApprovalView } from '@sallyport/core/admin';
import { Link, getRouteApi } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { Ago } from '../components/Ago.tsx';
import { AlsoWaiting } from './approval/AlsoWaiting.tsx';
import { Answer, Empty, Forbidden } from '../components/States.tsx';
import { Countdown } from '../components/Countdown.tsx';
import { Decide } from './approval/Decide.tsx';
import { HostileText } from '../components/HostileText.tsx';
import { Mark } from '../components/Mark.tsx';
import { Page, Panel } from '../components/Page.tsx';
import { Shown } from './approval/Shown.tsx';
import { approvalLooks, approvalMeanings } from './approvals/states.ts';
import { queries } from '../queries.ts';
import { useMay } from '../components/me.ts';
import styles from './approval.module.css';

const route = getRouteApi('/shell/approvals/$id');

export function Approval() {
  const { id } = route.useParams();
  const mayRead = useMay('approvals.read');
  const approval = useQuery({ ...queries.approval(id), enabled: mayRead });
  return (
    <>
      <p className={styles.back}>
        <Link to="/approvals">Approvals</Link>
      </p>
      {mayRead ? (
        <Answer of={approval} label="the approval" rows={8}>
          {(data) => <Present key={data.id} approval={data} />}
        </Answer>
      ) : (
        <Page title="Approval">
          <Panel title="Approval">
            <Forbidden permission="approvals.read" what="what waits for approval" />
          </Panel>
        </Page>
      )}
    </>
  );
}

function Present({ approval }: { approval: ApprovalView }) {
  const { tool, agent, userId, detail, state } = approval;
  return (
    <Page
      title={`May ${agent} call ${tool}?`}
      heading={
        <>
          {state === 'pending' ? <span className={styles.ask}>Should </span> : null}
          <HostileText text={agent} max={60} /> <span className={styles.ask}>{verbs[state]}</span>{' '}
          <code className={styles.tool}>
            <HostileText text={tool} max={80} />
          </code>
          {state === 'pending' ? <span className={styles.ask}>?</span> : null}
        </>
      }
      question={approvalMeanings[state]}
    >
      <Summary approval={approval} />
      <div className={styles.columns}>
        <div className={styles.main}>
          {detail === undefined ? (
            <Panel title="What was asked for">
              <Empty title="Its session has ended, so what it carried was destroyed">
                The log of the session still says that <HostileText text={agent} max={60} /> asked for{' '}
                <HostileText text={userId} max={60} />, and what was answered.
              </Empty>
            </Panel>
          ) : (
            <Shown approval={approval} detail={detail} />
          )}
        </div>
        <aside className={styles.side} aria-label="Answer">
          <Decide approval={approval} />
          <AlsoWaiting id={approval.id} />
        </aside>
      </div>
    </Page>
  );
}

const verbs = {
  pending: 'call',
  approved: 'may call',
  used: 'called',
  rejected: 'may not call',
  expired: 'asked to call',
  withdrawn: 'asked to call',
} as const satisfies Record<ApprovalView['state'], string>;

function Summary({ approval }: { approval: ApprovalView }) {
  const { state, userId, sessionId, eventId, usedBy, requestedAt, expiresAt } = approval;
  const { tone, word } = approvalLooks[state];
  return (
    <ul className={styles.summary} aria-label="Summary">
      <li>
        <Mark tone={tone}>{word}</Mark>
      </li>
      {state === 'pending' || state === 'approved' ? (
        <li className={styles.left}>
          <Countdown until={expiresAt} />
        </li>
      ) : null}
      <li>
        for the user <HostileText text={userId} max={80} />
      </li>
      <li>
        asked <Ago at={requestedAt} />
      </li>
      <li>
        <Link to="/sessions/$id" params={{ id: sessionId }} search={{ event: eventId }}>
          In its session
        </Link>
      </li>
      {usedBy === null ? null : (
        <li>
          <Link to="/sessions/$id" params={{ id: sessionId }} search={{ event: usedBy }}>
            The call that used it
          </Link>
        </li>
      )}
    </ul>
  );
}
