import { Kbd, Modal, Switch } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useNavigate } from '@tanstack/react-router';
import { destinations, isShortcut, moveInList, shortcutsOn, shortcutsOpen, switchShortcuts } from './shortcuts.ts';
import { useValue } from '../live/value.ts';
import styles from './Shortcuts.module.css';

/** How long after `g` the second key may come, in milliseconds. */
const pairMs = 1_200;

const isDestination = (key: string): key is keyof typeof destinations => key in destinations;

export function Shortcuts() {
  const navigate = useNavigate();
  const opened = useValue(shortcutsOpen);
  const on = useValue(shortcutsOn);
  const goAt = useRef(Number.NEGATIVE_INFINITY);

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (!isShortcut(event)) return;
      const { key, timeStamp } = event;
      const paired = timeStamp - goAt.current < pairMs;
      goAt.current = key === 'g' ? timeStamp : Number.NEGATIVE_INFINITY;
      if (key === '?') shortcutsOpen.set(true);
      else if (paired && isDestination(key)) void navigate({ to: destinations[key].to });
      else if (key === 'j') moveInList(1);
      else if (key === 'k') moveInList(-1);
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [navigate]);

  return (
    <Modal opened={opened} onClose={() => shortcutsOpen.set(false)} title="Keyboard shortcuts" size="sm">
      <dl className={styles.list}>
        {Object.entries(destinations).map(([key, { label }]) => (
          <Row key={key} keys={['g', key]} does={label} />
        ))}
        <Row keys={['j']} does="Next in a list" />
        <Row keys={['k']} does="Previous in a list" />
        <Row keys={['a']} does="On an approval: approve once" />
        <Row keys={['v']} does="On an approval: approve this value" />
        <Row keys={['r']} does="On an approval: reject" />
        <Row keys={['Esc']} does="Close" />
        <Row keys={['?']} does="This list" />
      </dl>
      <Switch
        className={styles.switch}
        checked={on}
        onChange={(event) => switchShortcuts(event.currentTarget.checked)}
        label="Single-key shortcuts"
        description="Turn off when you dictate text"
      />
    </Modal>
  );
}

function Row({ keys, does }: { keys: readonly string[]; does: string }) {
  return (
    <div className={styles.row}>
      <dt>
        {keys.map((key) => (
          <Kbd key={key} className={styles.key}>
            {key}
          </Kbd>
        ))}
      </dt>
      <dd>{does}</dd>
    </div>
  );
}
