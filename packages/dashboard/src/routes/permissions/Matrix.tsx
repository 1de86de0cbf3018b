import type { Cell } from '@sallyport/core/admin';
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { Link, getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import type { CellKind, PoliciesView } from './cell.ts';
import { CellDrawer } from './CellDrawer.tsx';
import { Empty } from '../../components/States.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { Mark } from '../../components/Mark.tsx';
import { Scroll } from '../../components/Scroll.tsx';
import { demandsOf, lookOf, namesOf } from './cell.ts';
import { revealText } from '../../text/reveal.ts';
import styles from './Matrix.module.css';

const route = getRouteApi('/shell/permissions');

const kinds = [
  { value: 'tools', label: 'Tools' },
  { value: 'models', label: 'Models' },
  { value: 'hosts', label: 'Hosts' },
] as const satisfies readonly { value: CellKind; label: string }[];

/** Which cell is being edited; without a name, one that is not there yet. */
export interface CellKey {
  readonly role: string;
  readonly name: string;
}

export function Matrix({ policies, mayWrite }: { policies: PoliciesView; mayWrite: boolean }) {
  const { kind = 'tools', find = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const [editing, setEditing] = useState<CellKey>();
  const roles = Object.keys(policies.roles);
  const names = namesOf(policies, kind).filter((name) => name.toLowerCase().includes(find.toLowerCase()));
  return (
    <>
      <div className={styles.bar}>
        <SegmentedControl
          aria-label="Kind"
          size="sm"
          data={[...kinds]}
          value={kind}
          onChange={(chosen) => {
            const { value } = kinds.find((one) => one.value === chosen) ?? kinds[0];
            void navigate({
              search: (old) => ({ ...old, kind: value === 'tools' ? undefined : value }),
              replace: true,
            });
          }}
        />
        <TextInput
          className={styles.find}
          aria-label={`Find in ${kind}`}
          placeholder={`Find in ${kind}`}
          value={find}
          onChange={(event) => {
            const text = event.currentTarget.value || undefined;
            void navigate({ search: (old) => ({ ...old, find: text }), replace: true });
          }}
        />
        {mayWrite ? (
          <Button variant="default" onClick={() => setEditing({ role: '', name: '' })}>
            New rule
          </Button>
        ) : null}
      </div>
      {names.length === 0 || roles.length === 0 ? (
        <div className={styles.card}>
          <Nothing kind={kind} isFiltered={find !== ''} />
        </div>
      ) : (
        <Scroll label={`Permissions of ${kind}`} className={`${styles.card} ${styles.scroll}`}>
          <Grid policies={policies} kind={kind} names={names} roles={roles} open={setEditing} />
        </Scroll>
      )}
      <Legend />
      {editing ? (
        <CellDrawer
          policies={policies}
          kind={kind}
          cell={editing}
          mayWrite={mayWrite}
          close={() => setEditing(undefined)}
        />
      ) : null}
    </>
  );
}

function Grid({
  policies,
  kind,
  names,
  roles,
  open,
}: {
  policies: PoliciesView;
  kind: CellKind;
  names: readonly string[];
  roles: readonly string[];
  open: (cell: CellKey) => void;
}) {
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">{kinds.find(({ value }) => value === kind)?.label}</th>
          {roles.map((role) => (
            <th key={role} scope="col">
              {role}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {names.map((name) => (
          <tr key={name}>
            <th scope="row">
              <code>
                <HostileText text={name} max={60} />
              </code>
            </th>
            {roles.map((role) => (
              <td key={role}>
                <button
                  type="button"
                  className={styles.cell}
                  onClick={() => open({ role, name })}
                  data-list-item="open"
                >
                  <CellMark cell={policies.roles[role]?.[kind][name]} />
                  <span className="sp-hidden">{`: ${role}, ${revealText(name)}`}</span>
                </button>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function CellMark({ cell }: { cell: Cell | undefined }) {
  const look = lookOf(cell);
  if (look === undefined) {
    return (
      <span className={styles.none}>
        —<span className="sp-hidden"> no rule</span>
      </span>
    );
  }
  return (
    <>
      <Mark tone={look.tone}>{look.word}</Mark>
      {look.conditional ? (
        <span className={styles.if} title={revealText(demandsOf(cell))}>
          {' if…'}
        </span>
      ) : null}
    </>
  );
}

function Nothing({ kind, isFiltered }: { kind: CellKind; isFiltered: boolean }) {
  if (isFiltered) return <Empty title={`None of the ${kind} has this in its name`} />;
  return (
    <Empty title={`No rule speaks of ${kind} yet`}>
      Everything is denied until a rule permits it. {kind === 'hosts' ? 'Add one with New rule.' : null}
      {kind === 'tools' ? 'Tools appear here once an agent offers them to a model; or add one with New rule.' : null}
      {kind === 'models' ? 'Add one with New rule, or see the ' : null}
      {kind === 'models' ? <Link to="/">Overview</Link> : null}
    </Empty>
  );
}

function Legend() {
  return (
    <ul className={styles.legend} aria-label="Legend">
      <li>
        <Mark tone="allow">Allow</Mark>
      </li>
      <li>
        <Mark tone="hold">Ask</Mark> a person approves each
      </li>
      <li>
        <Mark tone="deny">Deny</Mark> whatever else permits
      </li>
      <li>
        <span className={styles.if}>if…</span> the arguments decide
      </li>
      <li>
        <span className={styles.none}>—</span> no rule: denied by default
      </li>
    </ul>
  );
}
