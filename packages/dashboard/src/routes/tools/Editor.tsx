import type { ToolView } from '@sallyport/core/admin';
import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ManifestDraft } from './manifest.ts';
import { Confirm } from '../../components/Confirm.tsx';
import { Failed } from '../../components/States.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { ManifestForm } from './ManifestForm.tsx';
import { Mark } from '../../components/Mark.tsx';
import { call, isConflict } from '../../api.ts';
import { draftOf, keptOf, lacks, manifestOf } from './manifest.ts';
import { queries } from '../../queries.ts';
import { said } from '../../components/said.ts';
import styles from './ToolDrawer.module.css';

/** Where an operator says what a tool does; it counts from the moment it is confirmed. */
export function Editor({
  tool,
  draft,
  setDraft,
  close,
}: {
  tool: ToolView;
  draft: ManifestDraft;
  setDraft: (draft: ManifestDraft) => void;
  close: () => void;
}) {
  const client = useQueryClient();
  // What this page showed when it was opened: a tool that became another meanwhile is not confirmed unseen.
  const [seen, setSeen] = useState(tool.definition);
  const [forgetting, setForgetting] = useState(false);
  const refresh = () => client.invalidateQueries({ queryKey: queries.tools.queryKey });
  const confirm = useMutation({
    mutationFn: () =>
      call('tools.confirm', {
        params: { name: tool.name },
        body: { manifest: manifestOf(draft), ...(seen === undefined ? {} : { definition: seen }) },
      }),
    onSuccess: async ({ manifest }) => {
      setDraft(draftOf(manifest));
      await refresh();
    },
  });
  const reload = async () => {
    const { tools } = await client.fetchQuery({ ...queries.tools, staleTime: 0 });
    const now = tools.find(({ name }) => name === tool.name);
    setSeen(now?.definition);
    if (now) setDraft(draftOf(now.manifest));
    confirm.reset();
  };
  const missing = lacks(draft);
  return (
    <>
      <form
        className={styles.body}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) confirm.mutate();
        }}
      >
        <ManifestForm
          draft={draft}
          seen={tool.seen?.arguments ?? []}
          change={(part) => {
            setDraft({ ...draft, ...part });
            confirm.reset();
          }}
        />
        {keptOf(draft).length === 0 ? null : (
          <p className={styles.quiet}>
            Kept as it is: <HostileText text={keptOf(draft).join('; ')} max={400} />
          </p>
        )}
        {confirm.isError ? <NotConfirmed error={confirm.error} reload={() => void reload()} /> : null}
        <div className={styles.actions}>
          <Button type="submit" loading={confirm.isPending} disabled={missing !== undefined}>
            {tool.from === 'confirmed' ? 'Save manifest' : 'Confirm manifest'}
          </Button>
          {tool.from === 'confirmed' ? (
            <Button variant="default" onClick={() => setForgetting(true)}>
              Forget
            </Button>
          ) : null}
          {confirm.isSuccess ? (
            <Mark tone="allow">Confirmed, in force now</Mark>
          ) : (
            <span className={styles.quiet}>{missing}</span>
          )}
        </div>
      </form>
      {forgetting ? (
        <Forget
          name={tool.name}
          close={() => setForgetting(false)}
          done={async () => {
            await refresh();
            close();
          }}
        />
      ) : null}
    </>
  );
}

function NotConfirmed({ error, reload }: { error: unknown; reload: () => void }) {
  if (!isConflict(error)) return <Failed error={error} />;
  return (
    <div className={styles.conflict} role="alert">
      <p>
        <strong>This tool changed since you opened it.</strong> Nothing was confirmed. Read what it says now, and
        confirm that.
      </p>
      <Button size="compact-sm" variant="default" onClick={reload}>
        Load the tool as it is now
      </Button>
    </div>
  );
}

function Forget({ name, close, done }: { name: string; close: () => void; done: () => Promise<void> }) {
  const forget = useMutation({
    mutationFn: () => call('tools.forget', { params: { name } }),
    onSuccess: async () => {
      said('The manifest is forgotten.');
      await done();
    },
  });
  return (
    <Confirm
      title="Forget this manifest?"
      opened
      close={close}
      act={() => forget.mutate()}
      does="Forget manifest"
      busy={forget.isPending}
      error={forget.error}
    >
      <p>
        What was confirmed of{' '}
        <code>
          <HostileText text={name} max={100} />
        </code>{' '}
        no longer counts: from now on the safest is assumed, and more of its calls will be held.
      </p>
    </Confirm>
  );
}
