import type { PinView } from '@sallyport/core/admin';
import type { Parted } from './pins.ts';
import { HostileText } from '../../components/HostileText.tsx';
import { Scroll } from '../../components/Scroll.tsx';
import { part } from './pins.ts';
import { revealText } from '../../text/reveal.ts';
import styles from './Differences.module.css';

type Difference = NonNullable<PinView['differences']>[number];

const changes = { added: 'Added', removed: 'Removed', changed: 'Changed' } as const;

/** Place by place, what was approved beside what is offered now; what cannot be seen is written out in both. */
export function Differences({ of }: { of: readonly Difference[] }) {
  return (
    <section className={styles.section} aria-label="What changed">
      <h4 className={styles.title}>What changed since it was approved</h4>
      <ul className={styles.list}>
        {of.map((difference) => (
          <li key={difference.at} className={styles.place}>
            <p className={styles.at}>
              {changes[difference.change]} at{' '}
              <code>
                <HostileText text={difference.at === '' ? 'the whole' : difference.at} max={300} />
              </code>
            </p>
            <Sides of={difference} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Sides({ of: { at, before, after } }: { of: Difference }) {
  const place = revealText(at).slice(0, 120);
  const parted = part(before ?? '', after ?? '');
  return (
    <div className={styles.sides}>
      <Scroll label={`Approved: ${place}`} className={styles.side}>
        <span className={styles.label}>Approved</span>
        {before === undefined ? (
          <span className={styles.none}>was not there</span>
        ) : (
          <Text of={parted.before} as="del" />
        )}
      </Scroll>
      <Scroll label={`Now: ${place}`} className={styles.side}>
        <span className={styles.label}>Now</span>
        {after === undefined ? <span className={styles.none}>is gone</span> : <Text of={parted.after} as="ins" />}
      </Scroll>
    </div>
  );
}

function Text({ of: { head, middle, tail }, as: Changed }: { of: Parted; as: 'del' | 'ins' }) {
  return (
    <p className={styles.text}>
      <HostileText text={head} />
      {middle === '' ? null : (
        <Changed className={styles.changed}>
          <HostileText text={middle} />
        </Changed>
      )}
      <HostileText text={tail} />
    </p>
  );
}
