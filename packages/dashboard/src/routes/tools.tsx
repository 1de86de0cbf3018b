import { Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { Manifests } from './tools/Manifests.tsx';
import { Page } from '../components/Page.tsx';
import { Reviews } from './tools/Reviews.tsx';
import { Upstreams } from './tools/Upstreams.tsx';
import { count } from '../text/format.ts';
import { queries } from '../queries.ts';
import { waits } from './tools/pins.ts';
import styles from './tools.module.css';

const route = getRouteApi('/shell/tools');

const views = { manifests: 'What they do', upstreams: 'Upstreams', reviews: 'Reviews' } as const;
type View = keyof typeof views;
const isView = (name: string | null): name is View => name !== null && name in views;

export function Tools() {
  const { view = 'manifests' } = route.useSearch();
  const navigate = route.useNavigate();
  const waiting = useQuery(queries.pins).data?.pins.filter(waits).length ?? 0;
  return (
    <Page title="Tools" question="Where do tools come from, what does each do, and whom do I believe?">
      <Tabs
        value={view}
        onChange={(name) => {
          if (isView(name)) void navigate({ search: name === 'manifests' ? {} : { view: name } });
        }}
        keepMounted={false}
      >
        <Tabs.List aria-label="View" className={styles.tabs}>
          {Object.entries(views).map(([name, label]) => (
            <Tabs.Tab key={name} value={name}>
              {name === 'reviews' && waiting > 0 ? `${label} (${count(waiting)})` : label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <div className={styles.view}>
          <Tabs.Panel value="manifests">
            <Manifests />
          </Tabs.Panel>
          <Tabs.Panel value="upstreams">
            <Upstreams />
          </Tabs.Panel>
          <Tabs.Panel value="reviews">
            <Reviews />
          </Tabs.Panel>
        </div>
      </Tabs>
    </Page>
  );
}
