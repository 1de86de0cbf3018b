import { Button, Select, Tabs } from '@mantine/core';
import { Link, getRouteApi } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApprovalView } from '@sallyport/core/admin';
import { Answer, Empty, Forbidden } from '../components/States.tsx';
import { ApprovalList } from './approvals/ApprovalList.tsx';
import { Page, Panel } from '../components/Page.tsx';
import { approvalLooks, inOrder } from './approvals/states.ts';
import { count } from '../text/format.ts';
import { queries } from '../queries.ts';
import { useMay } from '../components/me.ts';
import styles from './approvals.module.css';

const route = getRouteApi('/shell/approvals');
/** As many as the history brings at first, and how many more each asking adds. */
const pageSize = 100;
const answered = ['approved', 'used', 'rejected', 'expired', 'withdrawn'] as const;

export function Approvals() {
  const { view = 'pending' } = route.useSearch();
  const navigate = route.useNavigate();
  const mayRead = useMay('approvals.read');
  const pending = useQuery({ ...queries.pending, enabled: mayRead }).data?.approvals;
  return (
    <Page
      title="Approvals"
      question="Should this happen? Each of these waits for a person; until then nothing is done."
    >
      {mayRead ? (
        <Tabs
          value={view}
          onChange={(name) => {
            if (name !== 'pending' && name !== 'history') return;
            void navigate({
              search: (old) => ({ ...old, state: undefined, view: name === 'pending' ? undefined : name }),
            });
          }}
          keepMounted={false}
        >
          <Tabs.List aria-label="View">
            <Tabs.Tab value="pending">Waiting{pending === undefined ? '' : ` (${count(pending.length)})`}</Tabs.Tab>
            <Tabs.Tab value="history">History</Tabs.Tab>
          </Tabs.List>
          <div className={styles.body}>
            <Tabs.Panel value="pending">
              <Inbox />
            </Tabs.Panel>
            <Tabs.Panel value="history">
              <History />
            </Tabs.Panel>
          </div>
        </Tabs>
      ) : (
        <div className={styles.card}>
          <Forbidden permission="approvals.read" what="what waits for approval" />
        </div>
      )}
    </Page>
  );
}

function Inbox() {
  const { session } = route.useSearch();
  const pending = useQuery(queries.pending);
  return (
    <>
      <OfSession />
      <Panel title="Waiting for an answer" aside="soonest to expire first" flush>
        <Answer of={pending} label="approvals" rows={6}>
          {({ approvals }) => {
            const shown = inOrder(ofSession(approvals, session));
            if (shown.length > 0) return <ApprovalList approvals={shown} />;
            return session === undefined ? <NothingWaits /> : <Empty title="Nothing of this session waits" />;
          }}
        </Answer>
      </Panel>
    </>
  );
}

const ofSession = (approvals: readonly ApprovalView[], session: string | undefined): readonly ApprovalView[] =>
  session === undefined ? approvals : approvals.filter(({ sessionId }) => sessionId === session);

function NothingWaits() {
  return (
    <Empty title="Nothing waits for you">
      <p>
        A call comes here when a rule of the <Link to="/permissions">Permissions</Link> says <em>ask</em>, or when a
        value that decides who, where or what is affected came from text that third parties can write. What a tool’s
        arguments mean, and whether its results may be believed, is said under <Link to="/tools">Tools</Link>.
      </p>
    </Empty>
  );
}

function History() {
  const { state, session } = route.useSearch();
  const navigate = route.useNavigate();
  const [limit, setLimit] = useState(pageSize);
  const all = useQuery({
    ...queries.approvals({ state, sessionId: session, limit }),
    placeholderData: (before) => before,
  });
  return (
    <>
      <OfSession />
      <search className={styles.filters}>
        <Select
          aria-label="State"
          placeholder="Any answer"
          data={answered.map((value) => ({ value, label: approvalLooks[value].word }))}
          value={state ?? null}
          onChange={(chosen) =>
            void navigate({
              search: (old) => ({ ...old, state: answered.find((one) => one === chosen) }),
              replace: true,
            })
          }
          clearable
          clearButtonProps={{ 'aria-label': 'Any answer' }}
        />
      </search>
      <Panel title="History" aside="newest first" flush>
        <Answer of={all} label="approvals" rows={8}>
          {({ approvals }) => {
            const shown = approvals.filter((one) => one.state !== 'pending');
            if (shown.length === 0)
              return <Empty title="None yet">Answers, and what nobody answered, stay here.</Empty>;
            return (
              <>
                <ApprovalList approvals={shown} />
                {approvals.length === limit && limit < 500 ? (
                  <div className={styles.more}>
                    <Button
                      variant="default"
                      size="compact-sm"
                      onClick={() => setLimit(Math.min(500, limit + pageSize))}
                    >
                      Show more
                    </Button>
                  </div>
                ) : null}
              </>
            );
          }}
        </Answer>
      </Panel>
    </>
  );
}

/** Says that one session only is shown, and leads out of it. */
function OfSession() {
  const { session } = route.useSearch();
  if (session === undefined) return null;
  return (
    <p className={styles.scope}>
      Of{' '}
      <Link to="/sessions/$id" params={{ id: session }}>
        one session
      </Link>{' '}
      only.{' '}
      <Link to="." search={(old) => ({ ...old, session: undefined })}>
        Show those of all sessions
      </Link>
    </p>
  );
}
