import { Outlet } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { mayOperator } from '@sallyport/core/admin';
import { LiveMark } from './LiveMark.tsx';
import { Logo } from './Logo.tsx';
import { Navigation } from './Navigation.tsx';
import { SchemeSwitch } from './SchemeSwitch.tsx';
import { Shortcuts } from './Shortcuts.tsx';
import { UserMenu } from './UserMenu.tsx';
import { liveState, openLive } from '../live/live.ts';
import { useMe } from './me.ts';
import { useValue } from '../live/value.ts';
import styles from './Shell.module.css';

export function Shell() {
  const client = useQueryClient();
  const { role } = useMe();
  const mayFollow = mayOperator(role, 'entries.read');
  useEffect(() => (mayFollow ? openLive(client) : undefined), [client, mayFollow]);
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        Skip to content
      </a>
      <header className={styles.top}>
        <div className={styles.brand}>
          <Logo />
          <span className={styles.name}>Sallyport</span>
        </div>
        <div className={styles.tools}>
          <LiveMark />
          <SchemeSwitch />
          <UserMenu />
        </div>
      </header>
      <Navigation />
      <main id="main" tabIndex={-1} className={styles.main}>
        <Stale />
        <Outlet />
      </main>
      <Shortcuts />
    </div>
  );
}

/** What is shown may be old: said where it is read, not only in the corner. */
function Stale() {
  if (useValue(liveState) !== 'down') return null;
  return (
    <output className={styles.stale}>
      The live stream is lost, so what you see may be old. Trying again by itself; if it stays so, look whether the
      runtime is running.
    </output>
  );
}
