import { Button, Modal, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Confirm } from '../../components/Confirm.tsx';
import { Failed } from '../../components/States.tsx';
import { call } from '../../api.ts';
import { queries } from '../../queries.ts';
import { said } from '../../components/said.ts';
import form from '../../components/Form.module.css';

export interface Asked {
  readonly name: string;
  readonly attach: string;
  readonly to: 'set' | 'revoke' | 'restore';
}

export function CredentialActions({ asked, close }: { asked: Asked; close: () => void }) {
  return asked.to === 'set' ? (
    <SetValue name={asked.name} hasLines={asked.attach === 'mtls'} close={close} />
  ) : (
    <Turn name={asked.name} to={asked.to} close={close} />
  );
}

/** Written, and never read: the field is all there is of it here, and it goes with the dialog. */
function SetValue({ name, hasLines, close }: { name: string; hasLines: boolean; close: () => void }) {
  const client = useQueryClient();
  const [value, setValue] = useState('');
  const set = useMutation({
    mutationFn: () => call('credentials.set', { params: { name }, body: { value } }),
    // What holds the value goes with the dialog.
    gcTime: 0,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: queries.credentials.queryKey });
      close();
      said(`${name} has its new value, from the next call on.`);
    },
  });
  const field = {
    label: 'New value',
    description:
      'It is sealed in the store of this runtime. Nobody can read it back, so keep it where you have it from.',
    value,
    required: true,
    autoComplete: 'new-password',
    spellCheck: false,
    'data-autofocus': true,
  } as const;
  return (
    <Modal opened onClose={close} title={`Set the value of ${name}`}>
      <form
        className={form.form}
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          set.mutate();
        }}
      >
        {hasLines ? (
          <Textarea
            {...field}
            autosize
            minRows={4}
            maxRows={10}
            onChange={(event) => setValue(event.currentTarget.value)}
          />
        ) : (
          <TextInput {...field} type="password" onChange={(event) => setValue(event.currentTarget.value)} />
        )}
        {set.isError ? <Failed error={set.error} /> : null}
        <div className={form.buttons}>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={set.isPending} disabled={value === ''}>
            Set value
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function Turn({ name, to, close }: { name: string; to: 'revoke' | 'restore'; close: () => void }) {
  const client = useQueryClient();
  const turn = useMutation({
    mutationFn: () => call(`credentials.${to}`, { params: { name } }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: queries.credentials.queryKey });
      close();
      said(`${name} is ${to === 'revoke' ? 'revoked' : 'in force again'}.`);
    },
  });
  return (
    <Confirm
      title={`${to === 'revoke' ? 'Revoke' : 'Restore'} ${name}?`}
      opened
      close={close}
      act={() => turn.mutate()}
      does={to === 'revoke' ? 'Revoke credential' : 'Restore credential'}
      color={to === 'revoke' ? 'brick' : 'petrol'}
      busy={turn.isPending}
      error={turn.error}
    >
      {to === 'revoke' ? (
        <p>
          It is attached to nothing from now on, after a restart neither, and calls that need it fail. Where it is
          issued it stays valid: withdraw it there as well.
        </p>
      ) : (
        <p>It is attached again, to what it is bound to, from the next call on.</p>
      )}
    </Confirm>
  );
}
