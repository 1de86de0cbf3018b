import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Agent } from './Agent.tsx';
import { Answer, Empty } from '../../components/States.tsx';
import { KeyDialog } from '../../components/KeyDialog.tsx';
import { queries } from '../../queries.ts';
import { useMay } from '../../components/me.ts';
import styles from '../settings.module.css';

export function Agents() {
  const agents = useQuery(queries.agents);
  const mayWrite = useMay('agents.write');
  const [creating, setCreating] = useState(false);
  return (
    <>
      <div className={styles.bar}>
        <p className={styles.hint}>
          An agent is a program that calls the checkpoint. Its key says who it is; its roles say what it may do.
        </p>
        {mayWrite ? <Button onClick={() => setCreating(true)}>New agent</Button> : null}
      </div>
      <Answer of={agents} label="agents">
        {({ agents: all }) =>
          all.length === 0 ? (
            <div className={styles.card}>
              <Empty title="No agent is registered">
                {mayWrite ? 'Create one: it gets its first key at once.' : 'An operator or owner can create one.'}
              </Empty>
            </div>
          ) : (
            <div className={styles.list}>
              {all.map((agent) => (
                <Agent key={agent.id} agent={agent} mayWrite={mayWrite} />
              ))}
            </div>
          )
        }
      </Answer>
      <KeyDialog opened={creating} close={() => setCreating(false)} />
    </>
  );
}
