import type { ProvenanceView } from '@sallyport/core/admin';
import { HostileText } from './HostileText.tsx';
import { flowRuleTexts, nowhere, originSentence } from '../provenance.ts';
import styles from './Origins.module.css';

/** Where a value was read, in words, the most believable first; and the rule that vouched for it or held it. */
export function Origins({ of }: { of: ProvenanceView }) {
  const [first, ...others] = of.origins;
  return (
    <div className={styles.origins}>
      <p>{first === undefined ? nowhere : <HostileText text={originSentence(first)} max={240} />}</p>
      {others.length === 0 ? null : (
        <ul aria-label="Also read">
          {others.map((origin) => (
            <li key={`${origin.source} ${origin.field}`}>
              also <HostileText text={originSentence(origin)} max={240} />
            </li>
          ))}
        </ul>
      )}
      {of.rule === undefined && of.labels.length === 0 ? null : (
        <p className={styles.rule}>
          {of.rule === undefined ? null : (
            <span>
              rule <code>{of.rule}</code>: {flowRuleTexts[of.rule]}
            </span>
          )}
          {of.labels.length === 0 ? null : (
            <span>
              labels <HostileText text={of.labels.join(', ')} max={200} />
            </span>
          )}
        </p>
      )}
    </div>
  );
}
