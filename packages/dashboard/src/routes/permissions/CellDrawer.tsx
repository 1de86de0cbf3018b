import { Autocomplete, Button, Drawer, SegmentedControl } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { CellDraft, CellKind, PoliciesView } from './cell.ts';
import type { CellKey } from './Matrix.tsx';
import { Code } from '../../components/Code.tsx';
import { Conditions } from './Conditions.tsx';
import { Failed } from '../../components/States.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { Mark } from '../../components/Mark.tsx';
import { call, isConflict } from '../../api.ts';
import { cedarOf, cellOf, draftOf, lacks, namesOf } from './cell.ts';
import { queries } from '../../queries.ts';
import styles from './CellDrawer.module.css';

const singular = { tools: 'Tool', models: 'Model', hosts: 'Host' } as const;

const meanings = {
  none: 'No rule of this role speaks of it. It is denied, unless another rule permits it.',
  allow: 'It happens, and is recorded.',
  ask: 'It is held until a person approves it.',
  deny: 'It never happens: a deny wins over every other rule.',
} as const;

/** Edits one cell. What it was read from is remembered, so that nobody's change is overwritten unseen. */
export function CellDrawer({
  policies,
  kind,
  cell,
  mayWrite,
  close,
}: {
  policies: PoliciesView;
  kind: CellKind;
  cell: CellKey;
  mayWrite: boolean;
  close: () => void;
}) {
  const client = useQueryClient();
  const [role, setRole] = useState(cell.role);
  const [name, setName] = useState(cell.name);
  const [draft, setDraft] = useState<CellDraft>(() => draftOf(policies.roles[cell.role]?.[kind][cell.name]));
  const [expectedHash, setExpectedHash] = useState(policies.permissionsHash);
  const save = useMutation({
    mutationFn: () => call('policies.setCell', { body: { role, kind, name, cell: cellOf(draft), expectedHash } }),
    onSuccess: async ({ permissionsHash }) => {
      setExpectedHash(permissionsHash);
      await client.invalidateQueries({ queryKey: queries.policies.queryKey });
    },
  });
  const reload = async () => {
    const fresh = await client.fetchQuery({ ...queries.policies, staleTime: 0 });
    setExpectedHash(fresh.permissionsHash);
    setDraft(draftOf(fresh.roles[role]?.[kind][name]));
    save.reset();
  };
  const change = (next: CellDraft) => {
    setDraft(next);
    save.reset();
  };
  const isNew = cell.name === '';
  const missing = role === '' || name === '' ? `Name the role and the ${singular[kind].toLowerCase()}.` : lacks(draft);
  return (
    <Drawer
      opened
      onClose={close}
      position="right"
      size={520}
      title={isNew ? 'New rule' : 'Rule'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) save.mutate();
        }}
      >
        {isNew ? (
          <div className={styles.pair}>
            <Autocomplete
              label="Role"
              data={Object.keys(policies.roles)}
              value={role}
              onChange={setRole}
              required
              data-autofocus
            />
            <Autocomplete
              label={singular[kind]}
              description="A name or a pattern with *"
              inputWrapperOrder={['label', 'input', 'description']}
              data={namesOf(policies, kind)}
              value={name}
              onChange={setName}
              required
            />
          </div>
        ) : (
          <p className={styles.subject}>
            <strong>{role}</strong>
            <span>{singular[kind].toLowerCase()}</span>
            <code>
              <HostileText text={name} max={200} />
            </code>
          </p>
        )}
        <div className={styles.decision}>
          <SegmentedControl
            aria-label="Decision"
            fullWidth
            disabled={!mayWrite}
            value={draft.decision}
            onChange={(decision) => {
              if (decision === 'allow' || decision === 'ask' || decision === 'deny' || decision === 'none')
                change({ ...draft, decision });
            }}
            data={[
              { value: 'none', label: 'No rule' },
              { value: 'allow', label: 'Allow' },
              { value: 'ask', label: 'Ask' },
              { value: 'deny', label: 'Deny' },
            ]}
          />
          <p className={styles.meaning}>{meanings[draft.decision]}</p>
        </div>
        {kind === 'tools' && (draft.decision === 'allow' || draft.decision === 'ask') ? (
          <Conditions draft={draft} change={change} mayWrite={mayWrite} />
        ) : null}
        {save.isError ? <NotSaved error={save.error} reload={() => void reload()} /> : null}
        <Save mayWrite={mayWrite} busy={save.isPending} saved={save.isSuccess} missing={missing} />
      </form>
      <InForce policies={policies} role={role} kind={kind} name={name} />
    </Drawer>
  );
}

function Save({
  mayWrite,
  busy,
  saved,
  missing,
}: {
  mayWrite: boolean;
  busy: boolean;
  saved: boolean;
  missing: string | undefined;
}) {
  if (!mayWrite) return <p className={styles.meaning}>Your role sees rules and cannot change them.</p>;
  return (
    <div className={styles.save}>
      <Button type="submit" loading={busy} disabled={missing !== undefined}>
        Save rule
      </Button>
      {saved ? <Mark tone="allow">Saved, in force now</Mark> : <span className={styles.missing}>{missing}</span>}
    </div>
  );
}

function InForce({ policies, role, kind, name }: { policies: PoliciesView; kind: CellKind } & CellKey) {
  const cedar = cedarOf(policies, role, kind, name);
  return (
    <section className={styles.cedar}>
      <h3>The Cedar it makes</h3>
      {cedar === '' ? (
        <p className={styles.meaning}>None: without a rule there is nothing to evaluate.</p>
      ) : (
        <Code text={cedar} label="In force" />
      )}
      {name === '' || role === '' ? null : (
        <Link to="/permissions" search={{ view: 'explain', kind, role, name }}>
          Try it: which rule decides?
        </Link>
      )}
    </section>
  );
}

function NotSaved({ error, reload }: { error: unknown; reload: () => void }) {
  if (!isConflict(error)) return <Failed error={error} />;
  return (
    <div className={styles.conflict} role="alert">
      <p>
        <strong>Someone changed the permissions since you opened this rule.</strong> Nothing was saved. Load the rule as
        it is now, and make your change to that.
      </p>
      <Button size="compact-sm" variant="default" onClick={reload}>
        Load the rule as it is now
      </Button>
    </div>
  );
}
