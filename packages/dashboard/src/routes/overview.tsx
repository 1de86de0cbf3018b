import type { AdminAnswer } from '@sallyport/core/admin';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Answer } from '../components/States.tsx';
import { Bars } from '../components/Bars.tsx';
import { Denials } from './overview/Denials.tsx';
import { FirstCall } from './overview/FirstCall.tsx';
import { Figures } from './overview/Figures.tsx';
import { Page, Panel } from '../components/Page.tsx';
import { PolicyProblems, PolicyStatus } from './overview/PolicyStatus.tsx';
import { Providers } from './overview/Providers.tsx';
import { Waiting } from './overview/Waiting.tsx';
import { capital, plural, span } from '../text/format.ts';
import { queries } from '../queries.ts';
import styles from './overview.module.css';

type OverviewView = AdminAnswer<'overview.get'>;

export function Overview() {
  const overview = useQuery(queries.overview);
  const newest = useQuery(queries.sessions({ limit: 1 }));
  // Once shown, the first-call panel stays until the person leaves, so that they see the first event arrive in it.
  const [started, setStarted] = useState(false);
  const isNew = newest.data?.sessions.length === 0;
  if (isNew && !started) setStarted(true);
  return (
    <Page title="Overview" question={overview.data ? headline(overview.data) : 'Is anything wrong now?'}>
      <Answer of={overview} label="the overview" rows={8}>
        {(data) => (
          <div className={styles.grid}>
            <PolicyProblems problems={data.policies.problems} />
            <Waiting />
            {started ? <FirstCall overview={data} session={newest.data?.sessions[0]} /> : null}
            {isNew ? null : <Present data={data} />}
            <div className={styles.pair}>
              <PolicyStatus policies={data.policies} />
              <Providers providers={data.providers} />
            </div>
          </div>
        )}
      </Answer>
    </Page>
  );
}

function Present({ data }: { data: OverviewView }) {
  return (
    <>
      <Figures data={data} />
      <div className={styles.main}>
        <Denials denials={data.recentDenials} byReason={data.activity.denials} />
        <Panel title={capital(span(data.until - data.since))} aside={plural(data.activity.events, 'event')}>
          <Bars slices={data.activity.slices} since={data.since} until={data.until} />
        </Panel>
      </div>
    </>
  );
}

function headline({ activity, policies, since, until }: OverviewView): string {
  const stretch = span(until - since);
  const { denied, held } = activity;
  if (policies.problems.length > 0) return 'The last change of the policies was not loaded.';
  if (denied === 0 && held === 0) return `Nothing was denied or held in the ${stretch}.`;
  const parts = [
    denied > 0 ? `${plural(denied, 'event')} denied` : '',
    held > 0 ? `${plural(held, 'event')} held` : '',
  ];
  return `${parts.filter((part) => part !== '').join(', ')} in the ${stretch}.`;
}
