import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import type { FileProblem } from './problems.ts';
import type { PoliciesView } from './cell.ts';
import { Failed } from '../../components/States.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { Mark } from '../../components/Mark.tsx';
import { Refused, call, isConflict } from '../../api.ts';
import { plural } from '../../text/format.ts';
import { problemsOf } from './problems.ts';
import { queries } from '../../queries.ts';
import styles from './FileEditor.module.css';

/** The file itself. What the runtime finds wrong is shown at its line, and nothing is saved until it is right. */
export function FileEditor({ policies, mayWrite }: { policies: PoliciesView; mayWrite: boolean }) {
  const client = useQueryClient();
  const [base, setBase] = useState({ text: policies.permissionsText, hash: policies.permissionsHash });
  const [text, setText] = useState(policies.permissionsText);
  const area = useRef<HTMLTextAreaElement>(null);
  const save = useMutation({
    mutationFn: () => call('policies.setText', { body: { text, expectedHash: base.hash } }),
    onSuccess: async ({ permissionsHash }) => {
      setBase({ text, hash: permissionsHash });
      await client.invalidateQueries({ queryKey: queries.policies.queryKey });
    },
  });
  const load = async () => {
    const fresh = await client.fetchQuery({ ...queries.policies, staleTime: 0 });
    setBase({ text: fresh.permissionsText, hash: fresh.permissionsHash });
    setText(fresh.permissionsText);
    save.reset();
  };
  const isChanged = text !== base.text;
  const isBehind = policies.permissionsHash !== base.hash && !save.isPending;
  const problems = problemsFor(save.error, isChanged ? [] : policies.problems);
  const goTo = (line: number) => {
    const start =
      text
        .split('\n')
        .slice(0, line - 1)
        .join('\n').length + (line > 1 ? 1 : 0);
    area.current?.focus();
    area.current?.setSelectionRange(start, text.indexOf('\n', start) === -1 ? text.length : text.indexOf('\n', start));
  };
  return (
    <div className={styles.editor}>
      {isBehind ? <Behind isChanged={isChanged} load={() => void load()} /> : null}
      {problems.length > 0 ? <Problems problems={problems} goTo={goTo} /> : null}
      {save.isError && problems.length === 0 && !isConflict(save.error) ? <Failed error={save.error} /> : null}
      <Lines
        area={area}
        text={text}
        readOnly={!mayWrite}
        marked={new Set(problems.map(({ line }) => line))}
        change={(next) => {
          setText(next);
          if (save.isSuccess) save.reset();
        }}
      />
      {mayWrite ? (
        <div className={styles.actions}>
          <Button onClick={() => save.mutate()} loading={save.isPending} disabled={!isChanged}>
            Save file
          </Button>
          <Button variant="default" disabled={!isChanged} onClick={() => setText(base.text)}>
            Undo changes
          </Button>
          {save.isSuccess && !isChanged ? <Mark tone="allow">Saved, in force now</Mark> : null}
        </div>
      ) : null}
    </div>
  );
}

function problemsFor(error: unknown, onDisk: readonly string[]): FileProblem[] {
  if (error instanceof Refused && error.problem.code === 'invalid_policy') return problemsOf(error.message);
  return error === null ? problemsOf(onDisk.join('\n')) : [];
}

function Behind({ isChanged, load }: { isChanged: boolean; load: () => void }) {
  return (
    <div className={styles.behind} role="alert">
      <p>
        <strong>The file has changed since you opened it.</strong>{' '}
        {isChanged ? 'Copy what you need: loading it replaces your text, and saving would be refused.' : null}
      </p>
      <Button size="compact-sm" variant="default" onClick={load}>
        Load it as it is now
      </Button>
    </div>
  );
}

function Problems({ problems, goTo }: { problems: readonly FileProblem[]; goTo: (line: number) => void }) {
  return (
    <section className={styles.problems} role="alert" aria-label="Problems">
      <h2>{plural(problems.length, 'problem')}: not in force, the previous permissions stay</h2>
      <ul>
        {problems.map(({ line, text }) => (
          <li key={text}>
            {line === undefined ? null : (
              <button type="button" className={styles.line} onClick={() => goTo(line)}>
                line {line}
              </button>
            )}
            <HostileText text={text.replace(/^permissions\.yaml:\d+(?::\d+)?\s*/, '')} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Lines({
  area,
  text,
  readOnly,
  marked,
  change,
}: {
  area: React.RefObject<HTMLTextAreaElement | null>;
  text: string;
  readOnly: boolean;
  marked: ReadonlySet<number | undefined>;
  change: (text: string) => void;
}) {
  const lines = text.split('\n');
  return (
    <div className={styles.lines}>
      <ol className={styles.gutter} aria-hidden="true">
        {lines.map((_, at) => (
          // oxlint-disable-next-line react/no-array-index-key -- a line is its number
          <li key={at} data-marked={marked.has(at + 1) || undefined}>
            {at + 1}
          </li>
        ))}
      </ol>
      <textarea
        ref={area}
        className={styles.text}
        aria-label="permissions.yaml"
        value={text}
        readOnly={readOnly}
        rows={Math.max(12, lines.length)}
        wrap="off"
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => change(event.currentTarget.value)}
      />
    </div>
  );
}
