import type { AdminAnswer, SessionView } from '@sallyport/core/admin';
import { Button, Tabs } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Code } from '../../components/Code.tsx';
import { KeyDialog } from '../../components/KeyDialog.tsx';
import { Mark } from '../../components/Mark.tsx';
import { Panel } from '../../components/Page.tsx';
import { keyVariable, languages, mcpUrl, sdkBaseUrl, snippet } from './snippets.ts';
import { useMay } from '../../components/me.ts';
import styles from './FirstCall.module.css';

/** The empty Overview: from nothing to the first event in one look. */
export function FirstCall({
  overview,
  session,
}: {
  overview: AdminAnswer<'overview.get'>;
  session: SessionView | undefined;
}) {
  const mayCreate = useMay('agents.write');
  const [opened, setOpened] = useState(false);
  const [key, setKey] = useState<string>();
  const [model = 'provider/model'] = overview.models;
  return (
    <Panel title="Make the first call">
      <div className={styles.columns}>
        <ol className={styles.steps}>
          <li>
            <h3>Create a key</h3>
            {key !== undefined ? (
              <>
                <p>
                  <Mark tone="allow">Key created</Mark> Give it to your program:
                </p>
                <Code text={`export ${keyVariable}=${key}`} label="In a terminal, shown until you leave" />
              </>
            ) : mayCreate ? (
              <>
                <p>
                  The agent shows it instead of a provider’s key, from <code>{keyVariable}</code>.
                </p>
                <Button size="sm" onClick={() => setOpened(true)}>
                  Create a key
                </Button>
              </>
            ) : (
              <p>Your role cannot create keys. Ask an operator or owner for one.</p>
            )}
          </li>
          <li>
            <h3>Change the base URL</h3>
            <p>
              Keep your SDK. Point it at <code>{sdkBaseUrl(overview.baseUrl)}</code>, and run. An MCP client is pointed
              at <code>{mcpUrl(overview.baseUrl)}</code>.
            </p>
          </li>
          <li aria-live="polite">
            <h3>See it arrive</h3>
            {session === undefined ? (
              <p className={styles.waiting}>
                <span className={styles.pulse} aria-hidden="true" />
                Waiting for the first event…
              </p>
            ) : (
              <p>
                <Mark tone="allow">First event recorded</Mark>{' '}
                <Link to="/sessions/$id" params={{ id: session.id }}>
                  Open its session
                </Link>
              </p>
            )}
          </li>
        </ol>
        <Tabs defaultValue={languages[0].id} className={styles.snippets} keepMounted={false}>
          <Tabs.List aria-label="Language">
            {languages.map(({ id, name }) => (
              <Tabs.Tab key={id} value={id}>
                {name}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {languages.map(({ id, file }) => (
            <Tabs.Panel key={id} value={id} pt="sm">
              <Code text={snippet(id, overview.baseUrl, model)} label={file} />
            </Tabs.Panel>
          ))}
        </Tabs>
      </div>
      <KeyDialog opened={opened} close={() => setOpened(false)} created={setKey} />
    </Panel>
  );
}
