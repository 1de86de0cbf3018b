import type { AdminAnswer, OperatorRole } from '@sallyport/core/admin';
import { Button, Modal, Select } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { operatorRoles } from '@sallyport/core/admin';
import { useState } from 'react';
import { Ago } from '../../components/Ago.tsx';
import { Answer, Failed } from '../../components/States.tsx';
import { Mark } from '../../components/Mark.tsx';
import { NewOperator } from './NewOperator.tsx';
import { Secret } from '../../components/Secret.tsx';
import { call } from '../../api.ts';
import { clock } from '../../text/format.ts';
import { said } from '../../components/said.ts';
import { queries } from '../../queries.ts';
import { useMay, useMe } from '../../components/me.ts';
import styles from '../settings.module.css';
import table from '../../components/Table.module.css';

type OperatorView = AdminAnswer<'operators.list'>['operators'][number];

export function Operators() {
  const operators = useQuery(queries.operators);
  const mayWrite = useMay('operators.write');
  const [creating, setCreating] = useState(false);
  return (
    <>
      <div className={styles.bar}>
        <p className={styles.hint}>
          An operator is a person who runs Sallyport. They sign in with one-time links, or with the identity provider
          that the configuration names; there are no passwords.
        </p>
        {mayWrite ? <Button onClick={() => setCreating(true)}>New operator</Button> : null}
      </div>
      <Answer of={operators} label="operators">
        {({ operators: all }) => (
          <div className={styles.card}>
            <table className={table.table}>
              <thead>
                <tr>
                  <th scope="col">Operator</th>
                  <th scope="col">Role</th>
                  <th scope="col">State</th>
                  <th scope="col">Created</th>
                  {mayWrite ? <th scope="col">Actions</th> : null}
                </tr>
              </thead>
              <tbody>
                {all.map((operator) => (
                  <Row key={operator.id} operator={operator} mayWrite={mayWrite} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Answer>
      {creating ? <NewOperator close={() => setCreating(false)} /> : null}
    </>
  );
}

const isRole = (name: string | null): name is OperatorRole => operatorRoles.some((role) => role === name);

function Row({ operator, mayWrite }: { operator: OperatorView; mayWrite: boolean }) {
  const me = useMe();
  const client = useQueryClient();
  const update = useMutation({
    mutationFn: (body: { role?: OperatorRole; disabled?: boolean }) =>
      call('operators.update', { params: { id: operator.id }, body }),
    onSuccess: () => said(`${operator.name} is changed.`),
    onSettled: () => client.invalidateQueries({ queryKey: queries.operators.queryKey }),
  });
  const link = useMutation({
    mutationFn: () => call('operators.createSignInLink', { params: { id: operator.id } }),
  });
  const isSelf = operator.id === me.id;
  const isDisabled = operator.disabledAt !== null;
  return (
    <tr>
      <td className={`${table.main} ${table.wide}`}>
        {operator.name} {isSelf ? <span className={table.quiet}>you</span> : null}
      </td>
      <td data-label="Role">
        {mayWrite && !isSelf ? (
          <Select
            size="xs"
            w={130}
            aria-label={`Role of ${operator.name}`}
            data={[...operatorRoles]}
            value={operator.role}
            allowDeselect={false}
            onChange={(role) => {
              if (isRole(role)) update.mutate({ role });
            }}
          />
        ) : (
          operator.role
        )}
      </td>
      <td data-label="State">
        <Mark tone={isDisabled ? 'quiet' : 'allow'}>{isDisabled ? 'Disabled' : 'Active'}</Mark>
      </td>
      <td data-label="Created">
        <Ago at={operator.createdAt} />
      </td>
      {mayWrite ? (
        <td className={table.wide}>
          <div className={table.actions}>
            <Button
              size="compact-xs"
              variant="default"
              disabled={isDisabled}
              loading={link.isPending}
              onClick={() => link.mutate()}
              aria-label={`Sign-in link for ${operator.name}`}
            >
              Sign-in link
            </Button>
            {isSelf ? null : (
              <Button
                size="compact-xs"
                variant="default"
                loading={update.isPending}
                onClick={() => update.mutate({ disabled: !isDisabled })}
                aria-label={`${isDisabled ? 'Enable' : 'Disable'} ${operator.name}`}
              >
                {isDisabled ? 'Enable' : 'Disable'}
              </Button>
            )}
          </div>
          {update.isError || link.isError ? <Failed error={update.error ?? link.error} /> : null}
          <Modal
            opened={link.isSuccess}
            onClose={() => link.reset()}
            title={`Sign-in link for ${operator.name}`}
            closeOnClickOutside={false}
          >
            {link.data ? (
              <Secret
                text={link.data.url}
                what="the link"
                hint={`It lets in whoever opens it first, once, until ${clock(link.data.expiresAt, false)}. Send it to them alone.`}
                done={() => link.reset()}
              />
            ) : null}
          </Modal>
        </td>
      ) : null}
    </tr>
  );
}
