import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { AgentView } from './Agent.tsx';
import type { Tone } from '../../components/Mark.tsx';
import { Ago, useNow } from '../../components/Ago.tsx';
import { Confirm } from '../../components/Confirm.tsx';
import { Mark } from '../../components/Mark.tsx';
import { call } from '../../api.ts';
import { said } from '../../components/said.ts';
import { queries } from '../../queries.ts';
import styles from './Agent.module.css';
import table from '../../components/Table.module.css';

type KeyView = AgentView['keys'][number];

export function Keys({ agent, mayWrite }: { agent: AgentView; mayWrite: boolean }) {
  const [revoking, setRevoking] = useState<KeyView>();
  const now = useNow();
  if (agent.keys.length === 0) return <p className={styles.none}>No key yet: this agent cannot call.</p>;
  return (
    <div className={styles.keys}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col">Begins</th>
            <th scope="col">State</th>
            <th scope="col">Last used</th>
            <th scope="col">Expires</th>
            {mayWrite ? <th scope="col">Action</th> : null}
          </tr>
        </thead>
        <tbody>
          {agent.keys.map((key) => {
            const { tone, word, usable } = stateOf(key, now);
            return (
              <tr key={key.id}>
                <td className={`${table.main} ${table.wide}`}>{key.name}</td>
                <td data-label="Begins" className={table.wide}>
                  <code>{key.hint}…</code>
                </td>
                <td data-label="State">
                  <Mark tone={tone}>{word}</Mark>
                </td>
                <td data-label="Last used">{key.lastUsedAt === null ? 'never' : <Ago at={key.lastUsedAt} />}</td>
                <td data-label="Expires">{key.expiresAt === null ? 'never' : <Ago at={key.expiresAt} />}</td>
                {mayWrite ? (
                  <td>
                    {usable ? (
                      <Button
                        size="compact-xs"
                        variant="default"
                        onClick={() => setRevoking(key)}
                        aria-label={`Revoke ${key.name}`}
                      >
                        Revoke
                      </Button>
                    ) : null}
                  </td>
                ) : null}
              </tr>
            );
          })}
        </tbody>
      </table>
      {revoking ? <Revoke agent={agent} of={revoking} close={() => setRevoking(undefined)} /> : null}
    </div>
  );
}

function stateOf({ revokedAt, expiresAt }: KeyView, now: number): { tone: Tone; word: string; usable: boolean } {
  if (revokedAt !== null) return { tone: 'quiet', word: 'Revoked', usable: false };
  if (expiresAt !== null && expiresAt <= now) return { tone: 'quiet', word: 'Expired', usable: false };
  const soon = expiresAt !== null && expiresAt - now < 7 * 86_400_000;
  return soon ? { tone: 'hold', word: 'Expires soon', usable: true } : { tone: 'allow', word: 'Valid', usable: true };
}

function Revoke({ agent, of, close }: { agent: AgentView; of: KeyView; close: () => void }) {
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => call('agents.revokeKey', { params: { id: agent.id, keyId: of.id } }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: queries.agents.queryKey });
      close();
      said(`“${of.name}” is revoked.`);
    },
  });
  return (
    <Confirm
      title={`Revoke “${of.name}”?`}
      opened
      close={close}
      act={() => revoke.mutate()}
      does="Revoke key"
      busy={revoke.isPending}
      error={revoke.error}
    >
      <p>
        Every call with this key is refused from now on, and it cannot be brought back. Other keys of {agent.name} go on
        working.
      </p>
    </Confirm>
  );
}
