import type { AdminInput, ApprovalView } from '@sallyport/core/admin';
import { Button, Modal, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Failed } from '../../components/States.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { argumentRows } from '../../provenance.ts';
import { call, isConflict } from '../../api.ts';
import { inOrder } from '../approvals/states.ts';
import { queries } from '../../queries.ts';
import { said } from '../../components/said.ts';
import styles from './AnswerDialog.module.css';

export type AnswerName = AdminInput<'approvals.answer'>['body']['answer'];

const texts: Readonly<Record<AnswerName, { readonly title: string; readonly does: string; readonly means: string }>> = {
  once: {
    title: 'Approve this call?',
    does: 'Approve once',
    means: 'The agent may make exactly this call, once. A byte that differs is another call, and is asked about again.',
  },
  value: {
    title: 'Approve this value for this task?',
    does: 'Approve this value',
    means:
      'The agent may make exactly this call, and in this session its held values are not asked about again, whatever tool they go into:',
  },
  reject: {
    title: 'Reject this call?',
    does: 'Reject',
    means: 'The call is not made, and the agent is told not to try it again.',
  },
};

/** Asks once more, then answers what was seen when it opened: an answer to anything else is refused by the runtime. */
export function AnswerDialog({
  approval,
  answer,
  close,
  changed,
}: {
  approval: ApprovalView;
  answer: AnswerName;
  close: () => void;
  changed: () => void;
}) {
  const [seen] = useState(approval);
  const [note, setNote] = useState('');
  const goOn = useGoOn();
  const send = useMutation({
    mutationFn: () =>
      call('approvals.answer', {
        params: { id: seen.id },
        body: { answer, binding: seen.binding, ...(note.trim() === '' ? {} : { note: note.trim() }) },
      }),
    onSuccess: async (answered) => {
      close();
      said(doneText(answered, answer));
      await goOn(answered);
    },
    onError: (error) => {
      if (isConflict(error)) changed();
    },
  });
  const { title, does, means } = texts[answer];
  const held = seen.detail === undefined ? [] : argumentRows(seen.detail).filter(({ isHeld }) => isHeld);
  return (
    <Modal opened onClose={close} title={title}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          send.mutate();
        }}
      >
        <p>
          <code className={styles.tool}>
            <HostileText text={seen.tool} max={80} />
          </code>{' '}
          for <HostileText text={seen.userId} max={60} />. {means}
        </p>
        {answer === 'reject' || held.length === 0 ? null : (
          <ul className={styles.values} aria-label="Held values">
            {held.slice(0, 6).map(({ path, value }) => (
              <li key={path}>
                <code>{path}</code>{' '}
                <code className={styles.value}>
                  <HostileText text={value} max={200} />
                </code>
              </li>
            ))}
            {held.length > 6 ? <li>and {held.length - 6} more</li> : null}
          </ul>
        )}
        <Textarea
          label="Note"
          description="For the log; optional"
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
          maxLength={1_000}
          autosize
          minRows={2}
          maxRows={6}
          data-autofocus={answer === 'reject' ? true : undefined}
        />
        {send.isError && !isConflict(send.error) ? <Failed error={send.error} /> : null}
        <div className={styles.buttons}>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button
            type="submit"
            color={answer === 'reject' ? 'brick' : 'petrol'}
            loading={send.isPending}
            data-autofocus={answer === 'reject' ? undefined : true}
          >
            {does}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function doneText({ state, votesNeeded, votes }: ApprovalView, answer: AnswerName): string {
  if (answer === 'reject') return 'Rejected. The agent is told.';
  const more = votesNeeded - votes.filter((vote) => vote.answer !== 'reject').length;
  if (state === 'pending') return `Your yes is recorded. ${more === 1 ? 'One more is' : `${more} more are`} needed.`;
  return 'Approved. The agent may make this call now.';
}

/** After an answer comes the next one that waits for this person; after the last, the inbox. */
function useGoOn(): (answered: ApprovalView) => Promise<void> {
  const client = useQueryClient();
  const navigate = useNavigate();
  return async (answered) => {
    client.setQueryData(queries.approval(answered.id).queryKey, (old) => ({ ...old, ...answered }));
    const { approvals } = await client.fetchQuery({ ...queries.pending, staleTime: 0 });
    const me = client.getQueryData(queries.me.queryKey)?.id;
    const mine = inOrder(approvals).filter(
      ({ id, votes }) => id !== answered.id && votes.every(({ operatorId }) => operatorId !== me),
    );
    const next = mine.find(({ expiresAt }) => expiresAt >= answered.expiresAt) ?? mine[0];
    if (next) await navigate({ to: '/approvals/$id', params: { id: next.id } });
    else await navigate({ to: '/approvals' });
    void client.invalidateQueries({ queryKey: ['approvals'] });
  };
}
