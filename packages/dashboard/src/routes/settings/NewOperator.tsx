import type { OperatorRole } from '@sallyport/core/admin';
import { Button, Modal, Select, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { operatorRoles } from '@sallyport/core/admin';
import { Failed } from '../../components/States.tsx';
import { said } from '../../components/said.ts';
import { call } from '../../api.ts';
import { queries } from '../../queries.ts';
import form from '../../components/Form.module.css';

const may: Readonly<Record<OperatorRole, string>> = {
  viewer: 'Sees figures, sessions and rules; not what events carried.',
  auditor: 'Sees everything, changes nothing.',
  approver: 'Sees what events carried, to answer held ones.',
  operator: 'Changes permissions, agents and keys; ends sessions.',
  owner: 'Everything, and who else may operate.',
};

export function NewOperator({ close }: { close: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [role, setRole] = useState<OperatorRole>('viewer');
  const create = useMutation({
    mutationFn: () => call('operators.create', { body: { name, role } }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: queries.operators.queryKey });
      close();
      said(`${name} is an operator now. Send them a sign-in link.`);
    },
  });
  return (
    <Modal opened onClose={close} title="New operator">
      <form
        className={form.form}
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <TextInput
          label="Name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          required
          maxLength={100}
          data-autofocus
        />
        <Select
          label="Role"
          description={may[role]}
          inputWrapperOrder={['label', 'input', 'description']}
          data={[...operatorRoles]}
          value={role}
          allowDeselect={false}
          onChange={(chosen) => setRole(operatorRoles.find((one) => one === chosen) ?? 'viewer')}
        />
        {create.isError ? <Failed error={create.error} /> : null}
        <Button type="submit" loading={create.isPending}>
          Create operator
        </Button>
        <p>They can sign in once you send them a sign-in link.</p>
      </form>
    </Modal>
  );
}
