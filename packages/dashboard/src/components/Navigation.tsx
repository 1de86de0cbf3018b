import { IconActivity, IconGridDots, IconHome, IconSettings } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import styles from './Navigation.module.css';

const places = [
  { to: '/', label: 'Overview', icon: IconHome, exact: true },
  { to: '/sessions', label: 'Sessions', icon: IconActivity, exact: false },
  { to: '/permissions', label: 'Permissions', icon: IconGridDots, exact: false },
  { to: '/settings', label: 'Settings', icon: IconSettings, exact: false },
] as const;

export function Navigation() {
  return (
    <nav className={styles.nav} aria-label="Screens">
      <ul className={styles.list}>
        {places.map(({ to, label, icon: Icon, exact }) => (
          <li key={to}>
            <Link to={to} className={styles.link} activeOptions={{ exact, includeSearch: false }}>
              <Icon size={17} stroke={1.7} aria-hidden className={styles.icon} />
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
