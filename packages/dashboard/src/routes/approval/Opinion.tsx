import type { ApprovalDetailView } from '../../provenance.ts';
import { HostileText } from '../../components/HostileText.tsx';
import { Mark, type Tone } from '../../components/Mark.tsx';
import { duration } from '../../text/format.ts';
import styles from './Opinion.module.css';

type OpinionView = NonNullable<ApprovalDetailView['opinion']>;

const says: Readonly<Record<OpinionView['serves'], { readonly tone: Tone; readonly word: string }>> = {
  yes: { tone: 'allow', word: 'Serves the user’s request' },
  no: { tone: 'deny', word: 'Does not serve the user’s request' },
  unsure: { tone: 'hold', word: 'Unsure' },
  failed: { tone: 'quiet', word: 'Gave no answer' },
};

/** The second model’s. It may be wrong, and it may have been talked round: it is advice, and is said to be. */
export function Opinion({ opinion }: { opinion: OpinionView }) {
  const { tone, word } = says[opinion.serves];
  return (
    <section className={styles.opinion} aria-label="Advice of the second model">
      <h3 className={styles.title}>Advice of a second model</h3>
      <p>
        <Mark tone={tone}>{word}</Mark>
      </p>
      {opinion.explanation === '' ? null : (
        <p>
          <HostileText text={opinion.explanation} max={1_200} />
        </p>
      )}
      <p className={styles.from}>
        <HostileText text={opinion.model} max={80} />, {duration(opinion.latencyMs * 1_000)}. It explains and never
        decides; it can be wrong or misled.
      </p>
    </section>
  );
}
