import { clock, count } from '../text/format.ts';
import styles from './Bars.module.css';

interface Slice {
  readonly at: number;
  readonly events: number;
  readonly denied: number;
}

const size = { width: 600, height: 96, gap: 2 };

/** Events per slice of time, denials standing on the ground line in their own colour. The caption says it in words. */
export function Bars({ slices, since, until }: { slices: readonly Slice[]; since: number; until: number }) {
  const most = Math.max(1, ...slices.map(({ events }) => events));
  const step = size.width / Math.max(1, slices.length);
  const heightOf = (n: number) => (n === 0 ? 0 : Math.max(3, (n / most) * size.height));
  return (
    <figure className={styles.figure}>
      {/* An svg is no img. */}
      <svg
        className={styles.chart}
        viewBox={`0 0 ${size.width} ${size.height}`}
        preserveAspectRatio="none"
        // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role
        role="img"
        aria-label={inWords(slices)}
      >
        {slices.map(({ at, events, denied }, place) => {
          const x = place * step + size.gap / 2;
          const width = step - size.gap;
          const all = heightOf(events);
          const stopped = Math.min(all, heightOf(denied));
          return (
            <g key={at}>
              <title>{`${clock(at, false)}: ${count(events)} events, ${count(denied)} denied`}</title>
              <rect x={x} y={size.height - 1} width={width} height={1} className={styles.ground} />
              <rect x={x} y={size.height - all} width={width} height={all} className={styles.events} />
              <rect x={x} y={size.height - stopped} width={width} height={stopped} className={styles.denied} />
            </g>
          );
        })}
      </svg>
      <figcaption className={styles.caption}>
        <span>{Math.max(1, Math.round((until - since) / 3_600_000))} h ago</span>
        <span className={styles.key}>
          <span>
            <svg viewBox="0 0 8 8" aria-hidden="true">
              <rect width="8" height="8" rx="1.5" className={styles.events} />
            </svg>
            events
          </span>
          <span>
            <svg viewBox="0 0 8 8" aria-hidden="true">
              <rect width="8" height="8" rx="1.5" className={styles.denied} />
            </svg>
            denied
          </span>
        </span>
        <span>now</span>
      </figcaption>
    </figure>
  );
}

function inWords(slices: readonly Slice[]): string {
  const events = slices.reduce((sum, slice) => sum + slice.events, 0);
  const denied = slices.reduce((sum, slice) => sum + slice.denied, 0);
  if (events === 0) return 'No events.';
  const top = slices.reduce((best, slice) => (slice.events > best.events ? slice : best));
  return `${count(events)} events, ${count(denied)} denied. Most at ${clock(top.at, false)}: ${count(top.events)}.`;
}
