import type { AdminAnswer } from '@sallyport/core/admin';
import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { AgentEditor } from './AgentEditor.tsx';
import { Ago } from '../../components/Ago.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { KeyDialog } from '../../components/KeyDialog.tsx';
import { Keys } from './Keys.tsx';
import { Mark } from '../../components/Mark.tsx';
import styles from './Agent.module.css';

export type AgentView = AdminAnswer<'agents.list'>['agents'][number];

export function Agent({ agent, mayWrite }: { agent: AgentView; mayWrite: boolean }) {
  const [open, setOpen] = useState<'edit' | 'key'>();
  const close = () => setOpen(undefined);
  return (
    <section className={styles.agent} aria-label={`Agent ${agent.name}`}>
      <header className={styles.header}>
        <div>
          <h2 className={styles.name}>
            <HostileText text={agent.name} max={100} />
          </h2>
          <ul className={styles.facts}>
            <li>
              <Mark tone={agent.disabledAt === null ? 'allow' : 'quiet'}>
                {agent.disabledAt === null ? 'Active' : 'Disabled'}
              </Mark>
            </li>
            <li>
              {agent.roles.length === 0 ? (
                <Mark tone="hold">No role: every call is denied</Mark>
              ) : (
                `roles ${agent.roles.join(', ')}`
              )}
            </li>
            <li>{agent.namesUsers ? 'names its users' : 'acts for one fixed user'}</li>
            <li>
              created <Ago at={agent.createdAt} />
            </li>
            <li>
              <Link to="/sessions" search={{ agent: agent.id }}>
                Sessions
              </Link>
            </li>
          </ul>
        </div>
        {mayWrite ? (
          <div className={styles.actions}>
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => setOpen('edit')}
              aria-label={`Edit ${agent.name}`}
            >
              Edit
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => setOpen('key')}
              disabled={agent.disabledAt !== null}
              aria-label={`New key for ${agent.name}`}
            >
              New key
            </Button>
          </div>
        ) : null}
      </header>
      <Keys agent={agent} mayWrite={mayWrite} />
      <KeyDialog agent={agent} opened={open === 'key'} close={close} />
      {open === 'edit' ? <AgentEditor agent={agent} close={close} /> : null}
    </section>
  );
}
