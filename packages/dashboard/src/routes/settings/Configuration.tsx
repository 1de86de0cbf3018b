import type { AdminAnswer } from '@sallyport/core/admin';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Answer } from '../../components/States.tsx';
import { Code } from '../../components/Code.tsx';
import { Mark } from '../../components/Mark.tsx';
import { Panel } from '../../components/Page.tsx';
import { queries } from '../../queries.ts';
import checks from './Configuration.module.css';
import styles from '../settings.module.css';

export function Configuration() {
  const settings = useQuery(queries.settings);
  const doctor = useQuery(queries.doctor);
  return (
    <div className={styles.columns}>
      <Answer of={settings} label="the configuration" rows={10}>
        {({ config, version, node }) => (
          <div className={styles.list}>
            <p className={styles.hint}>
              What is in effect, from sallyport.yaml, the environment and defaults. Secrets show where they come from.
              Sallyport {version} on Node {node}.
            </p>
            <Code text={JSON.stringify(config, null, 2)} label="Effective configuration" />
          </div>
        )}
      </Answer>
      <Panel
        title="Checks"
        flush
        aside={
          <Button size="compact-xs" variant="default" onClick={() => void doctor.refetch()} loading={doctor.isFetching}>
            Check again
          </Button>
        }
      >
        <Answer of={doctor} label="checks">
          {({ checks: all }) => (
            <ul className={checks.list}>
              {all.map((check) => (
                <Check key={check.name} check={check} />
              ))}
            </ul>
          )}
        </Answer>
      </Panel>
    </div>
  );
}

const looks = {
  ok: { tone: 'allow', word: 'OK' },
  warn: { tone: 'hold', word: 'Look at this' },
  fail: { tone: 'deny', word: 'Failed' },
} as const;

function Check({ check }: { check: AdminAnswer<'settings.doctor'>['checks'][number] }) {
  const { tone, word } = looks[check.status];
  return (
    <li className={checks.check}>
      <p className={checks.head}>
        <strong>{check.name}</strong>
        <Mark tone={tone}>{word}</Mark>
      </p>
      <p className={checks.why}>{check.why}</p>
      {check.fix === undefined ? null : <p className={checks.fix}>{check.fix}</p>}
    </li>
  );
}
