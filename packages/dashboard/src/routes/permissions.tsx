import { Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { Answer } from '../components/States.tsx';
import { Code } from '../components/Code.tsx';
import { Explain } from './permissions/Explain.tsx';
import { FileEditor } from './permissions/FileEditor.tsx';
import { Matrix } from './permissions/Matrix.tsx';
import { Page } from '../components/Page.tsx';
import { PolicyProblems } from './overview/PolicyStatus.tsx';
import { queries } from '../queries.ts';
import { useMay } from '../components/me.ts';
import styles from './permissions.module.css';

const route = getRouteApi('/shell/permissions');

const views = { matrix: 'Matrix', explain: 'Which rule decides', file: 'permissions.yaml', cedar: 'Cedar' } as const;
type View = keyof typeof views;
const isView = (name: string | null): name is View => name !== null && name in views;

export function Permissions() {
  const { view = 'matrix' } = route.useSearch();
  const navigate = route.useNavigate();
  const policies = useQuery(queries.policies);
  const mayWrite = useMay('policies.write');
  return (
    <Page
      title="Permissions"
      question={
        mayWrite
          ? 'Who can do what, by which rule? What no rule permits is denied.'
          : 'Who can do what, by which rule? Your role sees the rules and cannot change them.'
      }
    >
      <Tabs
        value={view}
        onChange={(name) => {
          if (isView(name)) void navigate({ search: name === 'matrix' ? {} : { view: name } });
        }}
        keepMounted={false}
      >
        <Tabs.List aria-label="View" className={styles.tabs}>
          {Object.entries(views).map(([name, label]) => (
            <Tabs.Tab key={name} value={name}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Answer of={policies} label="the policies" rows={8}>
          {(data) => (
            <div className={styles.body}>
              {view === 'file' ? null : <PolicyProblems problems={data.problems} />}
              <Tabs.Panel value="matrix">
                <Matrix policies={data} mayWrite={mayWrite} />
              </Tabs.Panel>
              <Tabs.Panel value="explain">
                <Explain policies={data} />
              </Tabs.Panel>
              <Tabs.Panel value="file">
                <FileEditor policies={data} mayWrite={mayWrite} />
              </Tabs.Panel>
              <Tabs.Panel value="cedar" className={styles.sources}>
                {data.sources.map(({ name, text, generated }) => (
                  <Code key={name} text={text} label={generated ? `${name}, made from permissions.yaml` : name} />
                ))}
              </Tabs.Panel>
            </div>
          )}
        </Answer>
      </Tabs>
    </Page>
  );
}
