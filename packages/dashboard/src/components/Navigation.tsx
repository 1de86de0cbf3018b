import {
  IconActivity,
  IconGridDots,
  IconHandStop,
  IconHome,
  IconSettings,
  IconTool,
  type TablerIcon,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { plural } from '../text/format.ts';
import { queries } from '../queries.ts';
import { useMay } from './me.ts';
import styles from './Navigation.module.css';

const places = [
  { to: '/', label: 'Overview', icon: IconHome, exact: true },
  { to: '/approvals', label: 'Approvals', icon: IconHandStop, exact: false },
  { to: '/sessions', label: 'Sessions', icon: IconActivity, exact: false },
  { to: '/tools', label: 'Tools', icon: IconTool, exact: false },
  { to: '/permissions', label: 'Permissions', icon: IconGridDots, exact: false },
  { to: '/settings', label: 'Settings', icon: IconSettings, exact: false },
] as const satisfies readonly { to: string; label: string; icon: TablerIcon; exact: boolean }[];

export function Navigation() {
  return (
    <nav className={styles.nav} aria-label="Screens">
      <ul className={styles.list}>
        {places.map(({ to, label, icon: Icon, exact }) => (
          <li key={to}>
            <Link to={to} className={styles.link} activeOptions={{ exact, includeSearch: false }}>
              <Icon size={17} stroke={1.7} aria-hidden className={styles.icon} />
              {label}
              {to === '/approvals' ? <Waiting /> : null}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** How many wait for a person, wherever one is. */
function Waiting() {
  const mayRead = useMay('approvals.read');
  const waiting = useQuery({ ...queries.pending, enabled: mayRead }).data?.approvals.length ?? 0;
  if (waiting === 0) return null;
  return (
    <span className={styles.count}>
      <span aria-hidden="true">{waiting > 99 ? '99+' : waiting}</span>
      <span className="sp-hidden">{`, ${plural(waiting, 'approval')} waiting`}</span>
    </span>
  );
}
