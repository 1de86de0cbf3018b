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
import { waitingOf } from '../routes/tools/pins.ts';
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
              {to === '/approvals' ? <Approvals /> : null}
              {to === '/tools' ? <Reviews /> : null}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Approvals() {
  const mayRead = useMay('approvals.read');
  const waiting = useQuery({ ...queries.pending, enabled: mayRead }).data?.approvals.length ?? 0;
  return <Waiting count={waiting} what={`${plural(waiting, 'approval')} waiting`} />;
}

/** Tools that no agent is offered, since nobody has read what they are now. */
function Reviews() {
  const mayRead = useMay('tools.read');
  const upstreams = useQuery({ ...queries.upstreams, enabled: mayRead }).data?.upstreams ?? [];
  const waiting = upstreams.reduce((sum, upstream) => sum + waitingOf(upstream), 0);
  return <Waiting count={waiting} what={`${plural(waiting, 'tool')} to review`} />;
}

/** How many wait for a person, wherever one is. */
function Waiting({ count, what }: { count: number; what: string }) {
  if (count === 0) return null;
  return (
    <span className={styles.count}>
      <span aria-hidden="true">{count > 99 ? '99+' : count}</span>
      <span className="sp-hidden">{`, ${what}`}</span>
    </span>
  );
}
