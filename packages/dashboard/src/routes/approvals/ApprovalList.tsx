import type { ApprovalView } from '@sallyport/core/admin';
import { Link } from '@tanstack/react-router';
import { Ago } from '../../components/Ago.tsx';
import { Countdown } from '../../components/Countdown.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { Mark } from '../../components/Mark.tsx';
import { ReasonLine, reasonTitle } from '../../components/ReasonLine.tsx';
import { approvalLooks, yesVotes } from './states.ts';
import styles from './ApprovalList.module.css';

/** Held calls, each with what it would do, why it is held, and how long it waits. */
export function ApprovalList({ approvals }: { approvals: readonly ApprovalView[] }) {
  return (
    <ul className={styles.list}>
      {approvals.map((approval) => (
        <li key={approval.id}>
          <Held approval={approval} />
        </li>
      ))}
    </ul>
  );
}

function Held({ approval }: { approval: ApprovalView }) {
  const { id, tool, agent, userId, reason, state, requestedAt, expiresAt } = approval;
  const { tone, word } = approvalLooks[state];
  return (
    <Link to="/approvals/$id" params={{ id }} className={styles.row} data-list-item="open">
      <span className={styles.mark}>
        <Mark tone={tone}>{word}</Mark>
      </span>
      <span className={styles.what}>
        <span className={styles.title}>
          <code>
            <HostileText text={tool} max={60} />
          </code>
          {reason === undefined ? null : <span>{reasonTitle(reason.code)}</span>}
        </span>
        {reason === undefined ? null : <ReasonLine reason={reason} />}
        <span className={styles.who}>
          <HostileText text={agent} max={40} /> for <HostileText text={userId} max={40} />
          {approval.votesNeeded > 1 ? ` · ${yesVotes(approval)} of ${approval.votesNeeded} needed have said yes` : ''}
        </span>
      </span>
      <span className={styles.when}>
        {state === 'pending' ? (
          <>
            <span>
              <Countdown until={expiresAt} />
            </span>
            <span className={styles.asked}>
              asked <Ago at={requestedAt} />
            </span>
          </>
        ) : (
          <Ago at={approval.votes.at(-1)?.at ?? requestedAt} />
        )}
      </span>
    </Link>
  );
}
