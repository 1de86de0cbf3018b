import { Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { Agents } from './settings/Agents.tsx';
import { Configuration } from './settings/Configuration.tsx';
import { Credentials } from './settings/Credentials.tsx';
import { Forbidden } from '../components/States.tsx';
import { Guards } from './settings/Guards.tsx';
import { Operators } from './settings/Operators.tsx';
import { Page } from '../components/Page.tsx';
import { Providers } from './settings/Providers.tsx';
import { useMay } from '../components/me.ts';
import styles from './settings.module.css';

const route = getRouteApi('/shell/settings');

const tabs = {
  agents: 'Agents and keys',
  operators: 'Operators',
  credentials: 'Credentials',
  guards: 'Guards',
  providers: 'Providers',
  configuration: 'Configuration',
} as const;
type Tab = keyof typeof tabs;
const isTab = (name: string | null): name is Tab => name !== null && name in tabs;

export function Settings() {
  const { tab = 'agents' } = route.useSearch();
  const navigate = route.useNavigate();
  const mayReadOperators = useMay('operators.read');
  const mayReadCredentials = useMay('credentials.read');
  return (
    <Page title="Settings" question="Who may call, who may operate, and how is it set up?">
      <Tabs
        value={tab}
        onChange={(name) => {
          if (isTab(name)) void navigate({ search: name === 'agents' ? {} : { tab: name } });
        }}
        keepMounted={false}
      >
        <Tabs.List aria-label="Settings" className={styles.tabs}>
          {Object.entries(tabs).map(([name, label]) => (
            <Tabs.Tab key={name} value={name}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <div className={styles.body}>
          <Tabs.Panel value="agents">
            <Agents />
          </Tabs.Panel>
          <Tabs.Panel value="operators">
            {mayReadOperators ? (
              <Operators />
            ) : (
              <div className={styles.card}>
                <Forbidden permission="operators.read" what="operators" />
              </div>
            )}
          </Tabs.Panel>
          <Tabs.Panel value="credentials">
            {mayReadCredentials ? (
              <Credentials />
            ) : (
              <div className={styles.card}>
                <Forbidden permission="credentials.read" what="credentials" />
              </div>
            )}
          </Tabs.Panel>
          <Tabs.Panel value="guards">
            <Guards />
          </Tabs.Panel>
          <Tabs.Panel value="providers">
            <Providers />
          </Tabs.Panel>
          <Tabs.Panel value="configuration">
            <Configuration />
          </Tabs.Panel>
        </div>
      </Tabs>
    </Page>
  );
}
