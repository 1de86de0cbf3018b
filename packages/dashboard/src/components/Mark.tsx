import type { EventKind, Outcome } from '@sallyport/core/admin';
import styles from './Mark.module.css';

export type Tone = 'allow' | 'transform' | 'hold' | 'deny' | 'quiet' | 'live';

/** State is a dot and a word, so that it never rests on colour alone; the dot's shape differs as well. */
export function Mark({ tone, children }: { tone: Tone; children: string }) {
  return (
    <span className={styles.mark} data-tone={tone}>
      <svg className={styles.dot} viewBox="0 0 10 10" aria-hidden="true">
        <Shape tone={tone} />
      </svg>
      {children}
    </span>
  );
}

function Shape({ tone }: { tone: Tone }) {
  switch (tone) {
    case 'allow':
    case 'live':
      return <circle cx="5" cy="5" r="4" />;
    case 'transform':
      return <path d="M5 0.8 9.2 5 5 9.2 0.8 5Z" />;
    case 'hold':
      return <path d="M5 0.9 9.5 9H0.5Z" />;
    case 'deny':
      return <rect x="1" y="1" width="8" height="8" rx="1.2" />;
    case 'quiet':
    default:
      return <circle cx="5" cy="5" r="3.3" className={styles.hollow} />;
  }
}

export const outcomeTones = {
  allow: 'allow',
  transform: 'transform',
  require_approval: 'hold',
  deny: 'deny',
} as const satisfies Record<Outcome, Tone>;

export const outcomeNames: Readonly<Record<Outcome, string>> = {
  allow: 'Allowed',
  transform: 'Transformed',
  require_approval: 'Held',
  deny: 'Denied',
};

/** Of what comes in, nothing is changed by a transform: it is flagged, and what follows happens where it goes out. */
export const isFlag = (outcome: Outcome, kind: EventKind | undefined): boolean =>
  outcome === 'transform' && (kind === 'user_message' || kind === 'tool_result');

export function OutcomeMark({ outcome, kind }: { outcome: Outcome; kind?: EventKind }) {
  if (isFlag(outcome, kind)) return <Mark tone="hold">Flagged</Mark>;
  return <Mark tone={outcomeTones[outcome]}>{outcomeNames[outcome]}</Mark>;
}
