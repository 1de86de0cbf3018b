import type { ToolView } from '@sallyport/core/admin';
import { Select, TextInput } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { Answer, Empty } from '../../components/States.tsx';
import { Panel } from '../../components/Page.tsx';
import { ToolDrawer } from './ToolDrawer.tsx';
import { ToolTable } from './ToolTable.tsx';
import { fromNames } from './manifest.ts';
import { plural } from '../../text/format.ts';
import { queries } from '../../queries.ts';
import { useMay } from '../../components/me.ts';
import styles from '../tools.module.css';

const route = getRouteApi('/shell/tools');
const froms = ['config', 'confirmed', 'unknown'] as const;

/** What each tool does, and whom to believe. */
export function Manifests() {
  const { find = '', from, tool: opened } = route.useSearch();
  const navigate = route.useNavigate();
  const tools = useQuery(queries.tools);
  const mayWrite = useMay('tools.write');
  const chosen = tools.data?.tools.find(({ name }) => name === opened);
  return (
    <>
      <Filters />
      <Answer of={tools} label="the tools" rows={8}>
        {({ tools: all }) => {
          const fitting = all.filter((tool) => matches(tool, find) && (from === undefined || tool.from === from));
          const proposed = fitting.filter(({ proposal }) => proposal !== undefined);
          const others = fitting.filter(({ proposal }) => proposal === undefined);
          return (
            <div className={styles.body}>
              {fitting.length === 0 ? <Nothing isFiltered={all.length > 0} /> : null}
              {proposed.length === 0 ? null : (
                <Panel title="To confirm" aside={plural(proposed.length, 'proposal')} flush>
                  <p className={styles.note}>
                    Nobody has said what these do. Until then they are treated as calls that act on the world, with
                    results that strangers wrote. Sallyport proposes what it read off their definitions and calls.
                  </p>
                  <ToolTable tools={proposed} />
                </Panel>
              )}
              {others.length === 0 ? null : (
                <Panel title="Tools" aside={plural(others.length, 'tool')} flush>
                  <ToolTable tools={others} />
                </Panel>
              )}
            </div>
          );
        }}
      </Answer>
      {chosen === undefined ? null : (
        <ToolDrawer
          key={chosen.name}
          tool={chosen}
          mayWrite={mayWrite}
          close={() => void navigate({ search: (old) => ({ ...old, tool: undefined }), resetScroll: false })}
        />
      )}
    </>
  );
}

const matches = ({ name }: ToolView, find: string): boolean => name.toLowerCase().includes(find.toLowerCase());

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  return (
    <div className={styles.card}>
      {isFiltered ? (
        <Empty title="No tool fits these filters" />
      ) : (
        <Empty title="No tool was seen yet">
          A tool appears here once an agent offers it to a model or is offered it from an upstream, or when it is
          described under tools: in sallyport.yaml.
        </Empty>
      )}
    </div>
  );
}

function Filters() {
  const { find = '', from } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <search className={styles.filters}>
      <Select
        aria-label="Described by"
        placeholder="By anyone"
        data={froms.map((value) => ({ value, label: fromNames[value] }))}
        value={from ?? null}
        onChange={(chosen) =>
          void navigate({ search: (old) => ({ ...old, from: froms.find((one) => one === chosen) }), replace: true })
        }
        clearable
        clearButtonProps={{ 'aria-label': 'Described by anyone' }}
      />
      <TextInput
        aria-label="Find a tool"
        placeholder="Find a tool"
        value={find}
        onChange={(event) => {
          const text = event.currentTarget.value || undefined;
          void navigate({ search: (old) => ({ ...old, find: text }), replace: true });
        }}
      />
    </search>
  );
}
