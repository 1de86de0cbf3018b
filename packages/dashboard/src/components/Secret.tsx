import { Button } from '@mantine/core';
import { Copy } from './Code.tsx';
import styles from './Secret.module.css';

/** Something that is shown this once. It goes away only when the person says that it is stored. */
export function Secret({ text, what, hint, done }: { text: string; what: string; hint: string; done: () => void }) {
  return (
    <div className={styles.secret}>
      <p>
        <strong>This is the only time {what} is shown.</strong> {hint}
      </p>
      <div className={styles.row}>
        <code className={styles.text}>{text}</code>
        <Copy text={text} what={what} size="sm" />
      </div>
      <Button onClick={done} fullWidth>
        I have stored it
      </Button>
    </div>
  );
}
