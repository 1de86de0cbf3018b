import type { PinView } from '@sallyport/core/admin';
import { Drawer } from '@mantine/core';
import { pinFindings } from '@sallyport/core/admin';
import { useQuery } from '@tanstack/react-query';
import { Ago } from '../../components/Ago.tsx';
import { Differences } from './Differences.tsx';
import { Facts } from '../../components/Page.tsx';
import { HostileBlock, HostileText } from '../../components/HostileText.tsx';
import { Mark } from '../../components/Mark.tsx';
import { Review } from './Review.tsx';
import { findingNames, pinLooks, waits } from './pins.ts';
import { queries } from '../../queries.ts';
import { useMay } from '../../components/me.ts';
import drawer from './ToolDrawer.module.css';
import styles from './ReviewDrawer.module.css';

/** One definition: what was found in it, how it differs from the one that was approved, all of it, and the answer. */
export function ReviewDrawer({ pin, close }: { pin: PinView; close: () => void }) {
  const { findings, differences, definition } = pin;
  const { description } = definition;
  return (
    <Drawer
      opened
      onClose={close}
      position="right"
      size={760}
      title="Review"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className={drawer.body}>
        <About pin={pin} />
        {findings.length === 0 ? null : <Findings of={findings} />}
        {differences === undefined || differences.length === 0 ? null : <Differences of={differences} />}
        {typeof description === 'string' && description !== '' ? (
          <section className={styles.section}>
            <h4 className={styles.title}>What it says of itself</h4>
            <HostileBlock text={description} label="Description, as the upstream wrote it" />
          </section>
        ) : null}
        <section className={styles.section}>
          <h4 className={styles.title}>All that a model would read</h4>
          <HostileBlock text={JSON.stringify(definition, null, 2)} label="Definition, as the upstream wrote it" />
        </section>
        <Review pin={pin} close={close} />
      </div>
    </Drawer>
  );
}

function About({ pin }: { pin: PinView }) {
  const { upstream, tool, state, hash, listedAs, offeredAt, reviewed } = pin;
  const { tone, word, means } = pinLooks[state];
  const isGone = state === 'pinned' && offeredAt === null;
  return (
    <>
      <h3 className={drawer.name}>
        <code>
          <HostileText text={tool} max={200} />
        </code>
      </h3>
      <Facts
        rows={[
          ['Upstream', upstream],
          [
            'State',
            <Mark key="state" tone={tone}>
              {word}
            </Mark>,
          ],
          ['Listed as', listedAs === undefined ? undefined : <HostileText key="listed" text={listedAs} max={200} />],
          ['Offered', offeredAt === null ? 'not since the start' : <Ago key="offered" at={offeredAt} />],
          ['Reviewed', reviewed === undefined ? undefined : <Reviewed key="reviewed" of={reviewed} />],
          ['Hash', hash === null ? undefined : <code key="hash">{hash.slice(0, 16)}</code>],
        ]}
      />
      <p className={waits(pin) ? drawer.readOnly : drawer.quiet}>
        {isGone ? 'It was approved. Its upstream has not offered it since this runtime started.' : means}
      </p>
    </>
  );
}

/** The log knows operators by id; whoever may see operators is told the name. */
function Reviewed({ of: { by, at } }: { of: NonNullable<PinView['reviewed']> }) {
  const operators = useQuery({ ...queries.operators, enabled: useMay('operators.read') });
  const name = operators.data?.operators.find(({ id }) => id === by)?.name ?? by;
  return (
    <>
      {by === 'firstUse' ? 'by nobody: taken as it first came' : <HostileText text={`by ${name}`} max={100} />},{' '}
      <Ago at={at} />
    </>
  );
}

function Findings({ of }: { of: PinView['findings'] }) {
  return (
    <section className={styles.section}>
      <h4 className={styles.title}>What was found in it</h4>
      <ul className={styles.findings} aria-label="Findings">
        {of.map(({ code, at, detail }) => (
          <li key={`${code} ${at} ${detail}`} className={styles.finding}>
            <Mark tone="deny">{findingNames[code]}</Mark>
            <p>{pinFindings[code]}.</p>
            <p className={styles.where}>
              {at === '' ? (
                'In the whole'
              ) : (
                <>
                  At{' '}
                  <code>
                    <HostileText text={at} max={300} />
                  </code>
                </>
              )}
              : <HostileText text={detail} max={600} />
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
