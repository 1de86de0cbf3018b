import { useQuery } from '@tanstack/react-query';
import { injectionFigures } from '@sallyport/core/admin';
import type { GuardMode, GuardView } from '../../guards.ts';
import type { Tone } from '../../components/Mark.tsx';
import { Answer } from '../../components/States.tsx';
import { Facts } from '../../components/Page.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { Mark } from '../../components/Mark.tsx';
import { count } from '../../text/format.ts';
import { guardsIn } from '../../guards.ts';
import { queries } from '../../queries.ts';
import styles from '../settings.module.css';
import own from './Guards.module.css';

export function Guards() {
  const settings = useQuery(queries.settings);
  return (
    <>
      <p className={`${styles.hint} ${own.hint}`}>
        Every guard looks at each event of its kind. One that enforces counts; one that only observes puts on record
        what it would have done. They are set under <code>guards</code> in sallyport.yaml.
      </p>
      <Answer of={settings} label="guards" rows={10}>
        {({ config }) => (
          <ul className={styles.card} aria-label="Guards">
            {guardsIn(config).map((guard) => (
              <Guard key={guard.name} guard={guard} />
            ))}
          </ul>
        )}
      </Answer>
    </>
  );
}

const modes: Readonly<Record<GuardMode, { readonly tone: Tone; readonly word: string }>> = {
  enforce: { tone: 'allow', word: 'Enforces' },
  observe: { tone: 'hold', word: 'Only observes' },
  off: { tone: 'quiet', word: 'Off' },
};

function Guard({ guard: { name, title, summary, mode, facts } }: { guard: GuardView }) {
  return (
    <li className={own.guard} aria-label={title}>
      <div className={own.head}>
        <h2 className={own.title}>{title}</h2>
        <Mark tone={modes[mode].tone}>{modes[mode].word}</Mark>
        <code className={own.name}>guards.{name}</code>
      </div>
      <div className={own.body}>
        {summary === '' ? null : <p>{summary}</p>}
        {mode === 'off' || facts.length === 0 ? null : (
          <Facts
            rows={facts.map(([term, says]) => [term, <HostileText key={term} text={says} max={600} />] as const)}
          />
        )}
        {name === 'injection' ? <Measured /> : null}
      </div>
    </li>
  );
}

const percent = (share: number): string => `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;

/** Beside the switch, so that nobody takes it for more than it is. */
function Measured() {
  const { date, data, rows } = injectionFigures;
  return (
    <table className={own.figures}>
      <caption>
        What it sees, measured on {date} ({data}). The rest it does not see: what a call may do is for permissions and
        information flow to decide.
      </caption>
      <thead>
        <tr>
          <th scope="col">Texts</th>
          <th scope="col">Flagged</th>
          <th scope="col">Almost surely</th>
        </tr>
      </thead>
      {(['attack', 'harmless'] as const).map((label) => (
        <tbody key={label}>
          <tr>
            <th scope="rowgroup" colSpan={3} className={own.group}>
              {label === 'attack' ? 'Attacks: how many are seen' : 'Harmless texts: how many are flagged by mistake'}
            </th>
          </tr>
          {rows
            .filter((row) => row.label === label)
            .map(({ title, texts, flagged, block }) => (
              <tr key={title}>
                <td>
                  {title} <span className={own.texts}>({count(texts)})</span>
                </td>
                <td>{percent(flagged)}</td>
                <td>{percent(block)}</td>
              </tr>
            ))}
        </tbody>
      ))}
    </table>
  );
}
