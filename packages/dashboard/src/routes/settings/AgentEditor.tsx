import { Button, Modal, Switch, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { AgentView } from './Agent.tsx';
import { Failed } from '../../components/States.tsx';
import { NamesUsers, RolesInput } from '../../components/KeyDialog.tsx';
import { call } from '../../api.ts';
import { said } from '../../components/said.ts';
import { queries } from '../../queries.ts';
import form from '../../components/Form.module.css';

export function AgentEditor({ agent, close }: { agent: AgentView; close: () => void }) {
  const client = useQueryClient();
  const known = Object.keys(useQuery(queries.policies).data?.roles ?? {});
  const [name, setName] = useState(agent.name);
  const [roles, setRoles] = useState<string[]>(agent.roles);
  const [namesUsers, setNamesUsers] = useState(agent.namesUsers);
  const [disabled, setDisabled] = useState(agent.disabledAt !== null);
  const save = useMutation({
    mutationFn: () => call('agents.update', { params: { id: agent.id }, body: { name, roles, namesUsers, disabled } }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: queries.agents.queryKey });
      close();
      said(`${name} is saved.`);
    },
  });
  return (
    <Modal opened onClose={close} title={`Edit ${agent.name}`}>
      <form
        className={form.form}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <TextInput
          label="Agent"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          required
          maxLength={100}
          data-autofocus
        />
        <RolesInput known={known} roles={roles} change={setRoles} />
        <NamesUsers on={namesUsers} change={setNamesUsers} />
        <Switch
          label="Disabled"
          description="Its keys are refused and its sessions end; switch it off to let it in again."
          checked={disabled}
          onChange={(event) => setDisabled(event.currentTarget.checked)}
        />
        {save.isError ? <Failed error={save.error} /> : null}
        <Button type="submit" loading={save.isPending}>
          Save agent
        </Button>
      </form>
    </Modal>
  );
}
