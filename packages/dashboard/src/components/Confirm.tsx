import type { ReactNode } from 'react';
import { Button, Modal } from '@mantine/core';
import { Failed } from './States.tsx';
import styles from './Form.module.css';

/** Asks before what cannot be taken back, and says what it will do. */
export function Confirm({
  title,
  opened,
  close,
  act,
  does,
  color = 'brick',
  busy,
  error,
  children,
}: {
  title: string;
  opened: boolean;
  close: () => void;
  act: () => void;
  /** The button's words: the act itself, not "OK". */
  does: string;
  color?: 'brick' | 'petrol';
  busy: boolean;
  error: unknown;
  children: ReactNode;
}) {
  return (
    <Modal opened={opened} onClose={close} title={title} role="alertdialog">
      <div className={styles.form}>
        <div>{children}</div>
        {error ? <Failed error={error} /> : null}
        <div className={styles.buttons}>
          <Button variant="default" onClick={close} data-autofocus>
            Cancel
          </Button>
          <Button color={color} onClick={act} loading={busy}>
            {does}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
