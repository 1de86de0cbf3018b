import type { ApprovalView } from '@sallyport/core/admin';
import { adminPermissions } from '@sallyport/core/admin';
import { useEffect, useState } from 'react';
import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { AnswerName } from './AnswerDialog.tsx';
import { Ago } from '../../components/Ago.tsx';
import { AnswerDialog } from './AnswerDialog.tsx';
import { DraftRule } from './DraftRule.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { Opinion } from './Opinion.tsx';
import { Panel } from '../../components/Page.tsx';
import { answerWords, yesVotes } from '../approvals/states.ts';
import { argumentRows } from '../../provenance.ts';
import { capital, clock, plural } from '../../text/format.ts';
import { isShortcut } from '../../components/shortcuts.ts';
import { useMay, useMe } from '../../components/me.ts';
import styles from './Decide.module.css';

const keys: Readonly<Record<string, AnswerName>> = { a: 'once', v: 'value', r: 'reject' };

/** The answer: what may be said, who said what so far, and what happens if nobody says anything. */
export function Decide({ approval }: { approval: ApprovalView }) {
  const client = useQueryClient();
  const off = useWhyOff(approval);
  const [asking, setAsking] = useState<AnswerName>();
  const [drafting, setDrafting] = useState(false);
  const [isChanged, setChanged] = useState(false);
  const canAnswer = off === undefined;
  // Held by a rule alone, a call has no value that could be remembered.
  const hasHeld = approval.detail !== undefined && argumentRows(approval.detail).some(({ isHeld }) => isHeld);
  useEffect(() => {
    if (!canAnswer) return undefined;
    const press = (event: KeyboardEvent) => {
      const answer = isShortcut(event) ? keys[event.key] : undefined;
      if (answer === undefined || (answer === 'value' && !hasHeld)) return;
      event.preventDefault();
      setAsking(answer);
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [canAnswer, hasHeld]);
  const changed = () => {
    setAsking(undefined);
    setChanged(true);
    for (const queryKey of [['approval', approval.id], ['approvals']]) void client.invalidateQueries({ queryKey });
  };
  return (
    <Panel title={approval.state === 'pending' ? 'Your answer' : 'Answers'}>
      <div className={styles.answer}>
        {isChanged ? (
          <p className={styles.changed} role="alert">
            <strong>This approval changed while you were answering.</strong> Your answer was not recorded. What you see
            now is how it stands.
          </p>
        ) : null}
        {approval.state === 'pending' ? (
          <>
            <Buttons ask={setAsking} isOff={!canAnswer} hasHeld={hasHeld} />
            {off === undefined ? null : <p className={styles.why}>{off}</p>}
            <p className={styles.why}>
              If nobody answers by {clock(approval.expiresAt)}, nothing is done: the call stays refused.
            </p>
          </>
        ) : null}
        <Votes approval={approval} />
        {approval.detail?.opinion === undefined ? null : <Opinion opinion={approval.detail.opinion} />}
        {approval.detail === undefined ? null : (
          <div>
            <Button variant="default" size="compact-sm" onClick={() => setDrafting(true)}>
              Draft a rule
            </Button>
            <p className={styles.why}>For calls like this one, so that nobody is asked again. Nothing is saved.</p>
          </div>
        )}
      </div>
      {asking === undefined ? null : (
        <AnswerDialog approval={approval} answer={asking} close={() => setAsking(undefined)} changed={changed} />
      )}
      {drafting ? <DraftRule id={approval.id} close={() => setDrafting(false)} /> : null}
    </Panel>
  );
}

/** All of one weight: the page must not lean to either answer. */
function Buttons({ ask, isOff, hasHeld }: { ask: (answer: AnswerName) => void; isOff: boolean; hasHeld: boolean }) {
  return (
    <div className={styles.buttons}>
      <Button onClick={() => ask('once')} disabled={isOff} variant="default" rightSection={<Key letter="a" />}>
        Approve once
      </Button>
      {hasHeld ? (
        <Button onClick={() => ask('value')} disabled={isOff} variant="default" rightSection={<Key letter="v" />}>
          Approve this value for this task
        </Button>
      ) : null}
      <Button onClick={() => ask('reject')} disabled={isOff} variant="default" rightSection={<Key letter="r" />}>
        Reject
      </Button>
    </div>
  );
}

function Key({ letter }: { letter: string }) {
  return (
    <span className={styles.key} aria-hidden="true">
      {letter}
    </span>
  );
}

/** Why this person cannot answer, in words; nothing where they can. */
function useWhyOff({ state, votes, userId }: ApprovalView): string | undefined {
  const me = useMe();
  const mayAnswer = useMay('approvals.answer');
  if (state !== 'pending') return 'It no longer waits.';
  if (!mayAnswer) {
    return `You are signed in as ${me.role}, who sees what waits and cannot answer. ${capital(adminPermissions['approvals.answer'].join(', '))} may; an owner can change your role under Settings, Operators.`;
  }
  // As the runtime has it: nobody answers for their own.
  if ([me.id, me.name].some((own) => own.toLowerCase() === userId.toLowerCase()))
    return 'This call would run for you, so someone else must answer.';
  if (votes.some(({ operatorId }) => operatorId === me.id)) {
    return 'You have answered. Someone else must answer as well.';
  }
  return undefined;
}

function Votes({ approval }: { approval: ApprovalView }) {
  const { votes, votesNeeded, state } = approval;
  const yes = yesVotes(approval);
  const more = votesNeeded - yes;
  if (votes.length === 0 && votesNeeded === 1 && state === 'pending') return null;
  return (
    <div className={styles.votes}>
      {state === 'pending' && votesNeeded > 1 ? (
        <p>
          <strong>
            {yes} of {votesNeeded}
          </strong>{' '}
          needed have said yes; {plural(more, 'more operator')} must.
        </p>
      ) : null}
      <ul aria-label="Answers so far">
        {votes.map(({ operatorId, operator, answer, at, note }) => (
          <li key={operatorId}>
            <HostileText text={operator} max={60} /> {answerWords[answer]}, <Ago at={at} />
            {note === undefined || note === '' ? null : (
              <q className={styles.note}>
                <HostileText text={note} max={1_000} />
              </q>
            )}
          </li>
        ))}
      </ul>
      {votes.length === 0 && state !== 'pending' ? <p>Nobody answered.</p> : null}
    </div>
  );
}
