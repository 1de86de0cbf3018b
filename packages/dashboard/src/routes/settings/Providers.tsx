import type { AdminAnswer } from '@sallyport/core/admin';
import { endsSoonDays } from '@sallyport/core/admin';
import { useQuery } from '@tanstack/react-query';
import type { Tone } from '../../components/Mark.tsx';
import { Answer, Empty } from '../../components/States.tsx';
import { Mark } from '../../components/Mark.tsx';
import { plural } from '../../text/format.ts';
import { queries } from '../../queries.ts';
import styles from '../settings.module.css';
import own from './Providers.module.css';
import table from '../../components/Table.module.css';

type Answered = AdminAnswer<'providers.list'>;
type ProviderView = Answered['providers'][number];
type AgreementView = ProviderView['agreements'][number];

export function Providers() {
  const providers = useQuery(queries.providers);
  return (
    <>
      <p className={`${styles.hint} ${own.hint}`}>
        What was signed with each provider, and which data it may have because of it. This is changed in sallyport.yaml
        alone, under <code>providers</code> and <code>guards.agreements</code>, and takes effect with the next start.
      </p>
      <Answer of={providers} label="providers">
        {({ providers: all, enforced }) =>
          all.length === 0 ? (
            <div className={styles.card}>
              <Empty title="No provider yet">Add one under providers in sallyport.yaml.</Empty>
            </div>
          ) : (
            <div className={styles.card}>
              <Listed providers={all} enforced={enforced} />
            </div>
          )
        }
      </Answer>
    </>
  );
}

function Listed({ providers, enforced }: Answered) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Provider</th>
            <th scope="col">Agreements</th>
            <th scope="col">Region</th>
            <th scope="col">{enforced ? 'Data it may have' : 'Data it may have (only observed)'}</th>
          </tr>
        </thead>
        <tbody>
          {providers.map((provider) => (
            <Row key={provider.name} provider={provider} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ provider }: { provider: ProviderView }) {
  const { name, baseUrl, scripted, region, agreements, labels } = provider;
  const signed = agreements.filter(({ state }) => state !== 'none');
  return (
    <tr>
      <td className={`${table.main} ${table.wide}`}>
        <span className={own.provider}>
          {name}
          <code className={table.quiet}>{baseUrl}</code>
          {scripted ? <span className={table.quiet}>scripted, no AI</span> : null}
        </span>
      </td>
      <td data-label="Agreements" className={table.wide}>
        {signed.length === 0 ? (
          <span className={table.quiet}>none entered</span>
        ) : (
          <ul className={own.list}>
            {signed.map((agreement) => (
              <Agreement key={agreement.kind} agreement={agreement} />
            ))}
          </ul>
        )}
      </td>
      <td data-label="Region">{region ?? <span className={table.quiet}>not entered</span>}</td>
      <td data-label="Data it may have" className={table.wide}>
        <ul className={own.list}>
          {labels.map(({ label, allowed, why }) => (
            <li key={label} className={own.item}>
              <code>{label}</code>
              <Mark tone={allowed ? 'allow' : 'deny'}>{allowed ? 'Allowed' : 'Denied'}</Mark>
              {why === undefined ? null : <span className={own.why}>{why}</span>}
            </li>
          ))}
        </ul>
      </td>
    </tr>
  );
}

const kindNames: Readonly<Record<AgreementView['kind'], string>> = {
  dpa: 'Data processing',
  baa: 'Business associate',
  zeroRetention: 'Zero retention',
  noTraining: 'No training',
};

function Agreement({ agreement }: { agreement: AgreementView }) {
  const { tone, word, says } = lookOf(agreement);
  return (
    <li className={own.item}>
      <span>{kindNames[agreement.kind]}</span>
      <Mark tone={tone}>{word}</Mark>
      {says === undefined ? null : <span className={own.why}>{says}</span>}
    </li>
  );
}

function lookOf({ state, from, until, daysLeft }: AgreementView): { tone: Tone; word: string; says?: string } {
  switch (state) {
    case 'expired':
      return { tone: 'deny', word: 'Ended', says: `on ${until}` };
    case 'not_yet':
      return { tone: 'hold', word: 'Not yet', says: `begins on ${from}` };
    case 'none':
      return { tone: 'quiet', word: 'None' };
    case 'valid': {
      if (daysLeft === undefined) return { tone: 'allow', word: 'Valid', says: 'without an end' };
      const says = `until ${until}, ${plural(daysLeft, 'day')} left`;
      return daysLeft < endsSoonDays
        ? { tone: 'hold', word: 'Ends soon', says }
        : { tone: 'allow', word: 'Valid', says };
    }
  }
}
