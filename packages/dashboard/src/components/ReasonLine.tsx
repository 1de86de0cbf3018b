import { reasons } from '@sallyport/core/admin';
import type { ReasonView } from '../timeline.ts';
import { HostileText } from './HostileText.tsx';
import { sourceSentence } from '../timeline.ts';
import styles from './ReasonLine.module.css';

const texts: Readonly<Record<string, { readonly title: string; readonly operator: string }>> = reasons;

/** From the closed table; a code that this page does not know yet stands for itself. */
export const reasonTitle = (code: string): string => texts[code]?.title ?? code;
export const reasonText = (code: string): string | undefined => texts[code]?.operator;

/** One reason in one line: which rule, which value, from where. */
export function ReasonLine({ reason }: { reason: ReasonView }) {
  const { rule, path, value, source, detail } = reason;
  return (
    <span className={styles.line}>
      {rule === undefined ? null : (
        <span>
          by <code>{rule}</code>
        </span>
      )}
      {path === undefined ? null : (
        <span>
          <code>{path}</code>
          {value === undefined ? null : (
            <>
              {' '}
              is{' '}
              <code className={styles.value}>
                <HostileText text={value} max={120} />
              </code>
            </>
          )}
        </span>
      )}
      {source === undefined ? null : <span>{sourceSentence(reason)}</span>}
      {rule === undefined && path === undefined && detail !== undefined ? (
        <HostileText text={detail} max={160} />
      ) : null}
    </span>
  );
}
