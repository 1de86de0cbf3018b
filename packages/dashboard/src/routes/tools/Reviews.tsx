import type { PinView } from '@sallyport/core/admin';
import { Select, TextInput } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { Answer, Empty } from '../../components/States.tsx';
import { Panel } from '../../components/Page.tsx';
import { ReviewDrawer } from './ReviewDrawer.tsx';
import { ReviewTable } from './ReviewTable.tsx';
import { keyOf, waits } from './pins.ts';
import { plural } from '../../text/format.ts';
import { queries } from '../../queries.ts';
import styles from '../tools.module.css';

const route = getRouteApi('/shell/tools');

/** Definitions that upstreams offer: which of them agents may have is said here, one by one. */
export function Reviews() {
  const { find = '', upstream, pin: opened } = route.useSearch();
  const navigate = route.useNavigate();
  const pins = useQuery(queries.pins);
  const chosen = pins.data?.pins.find((one) => keyOf(one) === opened);
  return (
    <>
      <Filters pins={pins.data?.pins ?? []} />
      <Answer of={pins} label="reviews" rows={8}>
        {({ pins: all }) => {
          const fitting = all.filter(
            (one) => matches(one, find) && (upstream === undefined || one.upstream === upstream),
          );
          const waiting = fitting.filter(waits);
          const answered = fitting.filter((one) => !waits(one));
          return (
            <div className={styles.body}>
              {opened !== undefined && chosen === undefined ? <Gone /> : null}
              {fitting.length === 0 ? <Nothing isFiltered={all.length > 0} /> : null}
              {waiting.length === 0 ? null : (
                <Panel title="Waiting for a review" aside={plural(waiting.length, 'tool')} flush>
                  <p className={styles.note}>
                    What an upstream says of its tools is read by models, so it can give them orders. No agent is
                    offered one of these, and none can call it, before a person has read it.
                  </p>
                  <ReviewTable pins={waiting} />
                </Panel>
              )}
              {answered.length === 0 ? null : (
                <Panel title="Reviewed" aside={plural(answered.length, 'tool')} flush>
                  <ReviewTable pins={answered} />
                </Panel>
              )}
            </div>
          );
        }}
      </Answer>
      {chosen === undefined ? null : (
        <ReviewDrawer
          key={keyOf(chosen)}
          pin={chosen}
          close={() => void navigate({ search: (old) => ({ ...old, pin: undefined }), resetScroll: false })}
        />
      )}
    </>
  );
}

const matches = ({ tool }: PinView, find: string): boolean => tool.toLowerCase().includes(find.toLowerCase());

/** Also of an answer that came too late: it was for what was shown, and counts for nothing else. */
function Gone() {
  return (
    <output className={styles.gone}>
      <strong>This definition is not offered any more.</strong> Nothing was answered. Read what its upstream offers now.
    </output>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  return (
    <div className={styles.card}>
      {isFiltered ? (
        <Empty title="No tool fits these filters" />
      ) : (
        <Empty title="No upstream has offered a tool yet">
          Upstreams are asked what they offer when an agent first asks this runtime for tools: connect an MCP client to{' '}
          <code>{location.origin}/mcp</code>. It is offered nothing until something is approved here.
        </Empty>
      )}
    </div>
  );
}

function Filters({ pins }: { pins: readonly PinView[] }) {
  const { find = '', upstream } = route.useSearch();
  const navigate = route.useNavigate();
  const upstreams = [...new Set([...pins.map((one) => one.upstream), ...(upstream === undefined ? [] : [upstream])])];
  return (
    <search className={styles.filters}>
      <Select
        aria-label="Upstream"
        placeholder="Of any upstream"
        data={upstreams}
        value={upstream ?? null}
        onChange={(chosen) =>
          void navigate({ search: (old) => ({ ...old, upstream: chosen ?? undefined }), replace: true })
        }
        clearable
        clearButtonProps={{ 'aria-label': 'Of any upstream' }}
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
