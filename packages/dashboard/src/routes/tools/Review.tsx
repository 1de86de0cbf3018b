import type { PinView } from '@sallyport/core/admin';
import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Confirm } from '../../components/Confirm.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { call } from '../../api.ts';
import { plural } from '../../text/format.ts';
import { queries } from '../../queries.ts';
import { said } from '../../components/said.ts';
import { useMay } from '../../components/me.ts';
import drawer from './ToolDrawer.module.css';
import styles from './ReviewDrawer.module.css';

type Answer = 'approve' | 'reject';

/** The answer is for exactly the definition that is shown: one that became another meanwhile is answered by nobody. */
export function Review({ pin, close }: { pin: PinView; close: () => void }) {
  const mayWrite = useMay('tools.write');
  const [asking, setAsking] = useState<Answer>();
  const { hash, state } = pin;
  if (!mayWrite) return <p className={drawer.readOnly}>Your role sees reviews and cannot answer them.</p>;
  if (hash === null) {
    return (
      <p className={drawer.readOnly}>
        This definition cannot be written down in one exact way, so it cannot be approved. It stays unlisted until its
        upstream offers a sound one.
      </p>
    );
  }
  return (
    <div className={styles.answer}>
      <div className={drawer.actions}>
        {state === 'pinned' ? null : <Button onClick={() => setAsking('approve')}>Approve</Button>}
        {state === 'rejected' ? null : (
          <Button variant="default" onClick={() => setAsking('reject')}>
            Reject
          </Button>
        )}
      </div>
      {asking === undefined ? null : (
        <Ask pin={pin} hash={hash} answer={asking} back={() => setAsking(undefined)} close={close} />
      )}
    </div>
  );
}

const words = {
  approve: { title: 'Approve this definition?', does: 'Approve tool', color: 'petrol', said: 'is approved' },
  reject: { title: 'Reject this definition?', does: 'Reject tool', color: 'brick', said: 'is rejected' },
} as const;

function Ask({
  pin,
  hash,
  answer,
  back,
  close,
}: {
  pin: PinView;
  hash: string;
  answer: Answer;
  back: () => void;
  close: () => void;
}) {
  const client = useQueryClient();
  const { upstream, tool } = pin;
  const refresh = () =>
    Promise.all([queries.pins, queries.upstreams].map(({ queryKey }) => client.invalidateQueries({ queryKey })));
  const send = useMutation({
    mutationFn: () => call(`pins.${answer}`, { body: { upstream, tool, hash } }),
    onSuccess: async () => {
      said(`The tool ${words[answer].said}.`);
      await refresh();
      close();
    },
    // What is not offered any more leaves the list, and the list says so.
    onError: refresh,
  });
  const { title, does, color } = words[answer];
  return (
    <Confirm
      title={title}
      opened
      close={back}
      act={() => send.mutate()}
      does={does}
      color={color}
      busy={send.isPending}
      error={send.error}
    >
      <Consequence pin={pin} answer={answer} />
    </Confirm>
  );
}

function Consequence({ pin: { tool, upstream, findings, state }, answer }: { pin: PinView; answer: Answer }) {
  const name = (
    <code>
      <HostileText text={tool} max={100} />
    </code>
  );
  if (answer === 'reject') {
    return (
      <p>
        No agent is offered {name} of {upstream} in this form
        {state === 'pinned' ? ' any more, and calls of it are denied from now on' : ''}. If its upstream changes it, it
        comes back for a review.
      </p>
    );
  }
  return (
    <div className={styles.section}>
      <p>
        Agents are offered {name} of {upstream} exactly as it stands here, and may call it where the permissions allow
        it. If its upstream changes a single character, it is taken back until someone reviews it again.
      </p>
      {findings.length === 0 ? null : (
        <p>
          <strong>{plural(findings.length, 'thing')} found in it will count as accepted.</strong> Models will read that
          text.
        </p>
      )}
    </div>
  );
}
