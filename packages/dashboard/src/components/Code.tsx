import { Button } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useClipboard } from '@mantine/hooks';
import { Scroll } from './Scroll.tsx';
import styles from './Code.module.css';

export function Copy({ text, what, size = 'compact-sm' }: { text: string; what: string; size?: 'compact-sm' | 'sm' }) {
  const { copied, copy, error } = useClipboard({ timeout: 1_600 });
  const label = error ? 'Select and copy by hand' : copied ? 'Copied' : 'Copy';
  return (
    <Button
      size={size}
      variant="default"
      leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
      onClick={() => copy(text)}
      aria-label={`${label}: ${what}`}
      aria-live="polite"
    >
      {label}
    </Button>
  );
}

/** Text that Sallyport itself wrote (snippets, Cedar): agent content goes into HostileBlock. */
export function Code({ text, label }: { text: string; label: string }) {
  return (
    <figure className={styles.code}>
      <figcaption className={styles.caption}>
        <span className={styles.label}>{label}</span>
        <Copy text={text} what={label} />
      </figcaption>
      <Scroll label={label} className={styles.scroll}>
        <pre className={styles.pre}>{text}</pre>
      </Scroll>
    </figure>
  );
}
