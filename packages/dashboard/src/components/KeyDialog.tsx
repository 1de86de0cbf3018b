import type { AdminAnswer } from '@sallyport/core/admin';
import { Button, Modal, Select, Switch, TagsInput, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Failed } from './States.tsx';
import { Secret } from './Secret.tsx';
import { call } from '../api.ts';
import { queries } from '../queries.ts';
import styles from './Form.module.css';

type AgentView = AdminAnswer<'agents.list'>['agents'][number];

const lifetimes = [
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'One year' },
  { value: 'never', label: 'Never: revoke it by hand' },
];

/** Makes a key for an agent, or an agent with its first key, and shows the key once. */
export function KeyDialog({
  agent,
  opened,
  close,
  created,
}: {
  agent?: AgentView | undefined;
  opened: boolean;
  close: () => void;
  created?: (key: string) => void;
}) {
  const client = useQueryClient();
  const make = useMutation({
    mutationFn: async ({ name, roles, namesUsers, keyName, lifetime }: KeyDraft) => {
      const of = agent ?? (await call('agents.create', { body: { name, roles, namesUsers } }));
      const expiresInDays = lifetime === 'never' ? null : Number(lifetime);
      return call('agents.createKey', { params: { id: of.id }, body: { name: keyName, expiresInDays } });
    },
    onSuccess: ({ key }) => created?.(key),
    onSettled: () => client.invalidateQueries({ queryKey: queries.agents.queryKey }),
  });
  const finish = () => {
    close();
    make.reset();
  };
  return (
    <Modal
      opened={opened}
      onClose={finish}
      title={agent ? `New key for ${agent.name}` : 'New agent and key'}
      closeOnClickOutside={!make.data}
      closeOnEscape={!make.data}
      withCloseButton={!make.data}
    >
      {make.data ? (
        <Secret
          text={make.data.key}
          what="the key"
          hint="Keep it where the agent reads its secrets; Sallyport stores only a hash."
          done={finish}
        />
      ) : (
        <KeyForm agent={agent} busy={make.isPending} error={make.error} submit={(draft) => make.mutate(draft)} />
      )}
    </Modal>
  );
}

interface KeyDraft {
  readonly name: string;
  readonly roles: string[];
  readonly namesUsers: boolean;
  readonly keyName: string;
  readonly lifetime: string;
}

function KeyForm({
  agent,
  busy,
  error,
  submit,
}: {
  agent: AgentView | undefined;
  busy: boolean;
  error: unknown;
  submit: (draft: KeyDraft) => void;
}) {
  const known = Object.keys(useQuery(queries.policies).data?.roles ?? {});
  const [name, setName] = useState('my-agent');
  const [picked, setRoles] = useState<string[]>();
  const [namesUsers, setNamesUsers] = useState(false);
  const [keyName, setKeyName] = useState('first key');
  const [lifetime, setLifetime] = useState('90');
  const roles = picked ?? known.slice(0, 1);
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        submit({ name, roles, namesUsers, keyName, lifetime });
      }}
    >
      {agent ? null : (
        <>
          <TextInput
            label="Agent"
            description="The program that will call the checkpoint"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            required
            maxLength={100}
            data-autofocus
          />
          <RolesInput known={known} roles={roles} change={setRoles} />
          <NamesUsers on={namesUsers} change={setNamesUsers} />
        </>
      )}
      <TextInput
        label="Key name"
        description="To tell keys apart, such as where it runs"
        value={keyName}
        onChange={(event) => setKeyName(event.currentTarget.value)}
        required
        maxLength={100}
        data-autofocus={agent ? true : undefined}
      />
      <Select
        label="Expires after"
        data={lifetimes}
        value={lifetime}
        onChange={(chosen) => setLifetime(chosen ?? '90')}
        allowDeselect={false}
      />
      {error ? <Failed error={error} /> : null}
      <Button type="submit" loading={busy} fullWidth>
        Create key
      </Button>
    </form>
  );
}

export function NamesUsers({ on, change }: { on: boolean; change: (on: boolean) => void }) {
  return (
    <Switch
      label="Names its users"
      description="On for a back end that you trust to say which user it acts for. Off: whatever it says, it acts for one fixed user, so it cannot reach another’s data by naming them."
      checked={on}
      onChange={(event) => change(event.currentTarget.checked)}
    />
  );
}

export function RolesInput({
  known,
  roles,
  change,
}: {
  known: readonly string[];
  roles: readonly string[];
  change: (roles: string[]) => void;
}) {
  return (
    <TagsInput
      label="Roles"
      description={
        roles.length === 0
          ? 'Without a role every call is denied'
          : 'Rows of the permission matrix; what no role permits is denied'
      }
      data={[...known]}
      value={[...roles]}
      onChange={change}
      maxTags={20}
      placeholder={roles.length === 0 ? 'Choose or type a role' : ''}
    />
  );
}
