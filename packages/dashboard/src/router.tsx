import type { QueryClient } from '@tanstack/react-query';
import {
  Outlet,
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  parseSearchWith,
  redirect,
  stringifySearchWith,
} from '@tanstack/react-router';
import { z } from 'zod';
import { Lost, RouteFailed } from './components/Lost.tsx';
import { Shell } from './components/Shell.tsx';
import { isSignedOut } from './api.ts';
import { queries } from './queries.ts';

/* What is in the URL is the state of a screen. A value that does not fit is dropped, never an error page. */

const text = z.string().max(200).optional().catch(undefined);
const oneOf = <const T extends readonly [string, ...string[]]>(values: T) => z.enum(values).optional().catch(undefined);

const root = createRootRouteWithContext<{ client: QueryClient }>()({ component: Outlet, notFoundComponent: Lost });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: z.object({ to: text }),
  component: lazyRouteComponent(() => import('./routes/sign-in.tsx'), 'SignIn'),
});

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  errorComponent: RouteFailed,
  beforeLoad: async ({ context, location }) => {
    try {
      await context.client.ensureQueryData(queries.me);
    } catch (error) {
      if (!isSignedOut(error)) throw error;
      throw redirect({ to: '/sign-in', search: location.pathname === '/' ? {} : { to: location.href } });
    }
  },
});

const overview = createRoute({
  getParentRoute: () => shell,
  path: '/',
  component: lazyRouteComponent(() => import('./routes/overview.tsx'), 'Overview'),
});

export const sessionsSearch = z.object({ state: oneOf(['open', 'ended']), agent: text, user: text, find: text });
const sessions = createRoute({
  getParentRoute: () => shell,
  path: '/sessions',
  validateSearch: sessionsSearch,
  component: lazyRouteComponent(() => import('./routes/sessions.tsx'), 'Sessions'),
});

export const sessionSearch = z.object({
  event: text,
  show: oneOf(['all', 'stopped', 'found', 'tools', 'models']),
  view: oneOf(['timeline', 'provenance']),
  as: oneOf(['graph', 'table']),
});
const session = createRoute({
  getParentRoute: () => shell,
  path: '/sessions/$id',
  validateSearch: sessionSearch,
  component: lazyRouteComponent(() => import('./routes/session.tsx'), 'Session'),
});

export const permissionsSearch = z.object({
  view: oneOf(['matrix', 'explain', 'file', 'cedar']),
  kind: oneOf(['tools', 'models', 'hosts']),
  find: text,
  role: text,
  name: text,
  arguments: z.string().max(10_000).optional().catch(undefined),
});
export const approvalsSearch = z.object({
  view: oneOf(['pending', 'history']),
  state: oneOf(['approved', 'used', 'rejected', 'expired', 'withdrawn']),
  session: text,
});
const approvals = createRoute({
  getParentRoute: () => shell,
  path: '/approvals',
  validateSearch: approvalsSearch,
  component: lazyRouteComponent(() => import('./routes/approvals.tsx'), 'Approvals'),
});
const approval = createRoute({
  getParentRoute: () => shell,
  path: '/approvals/$id',
  component: lazyRouteComponent(() => import('./routes/approval.tsx'), 'Approval'),
});

export const toolsSearch = z.object({
  view: oneOf(['manifests', 'upstreams', 'reviews']),
  find: text,
  from: oneOf(['config', 'confirmed', 'unknown']),
  tool: text,
  upstream: text,
  pin: text,
});
const tools = createRoute({
  getParentRoute: () => shell,
  path: '/tools',
  validateSearch: toolsSearch,
  component: lazyRouteComponent(() => import('./routes/tools.tsx'), 'Tools'),
});

const permissions = createRoute({
  getParentRoute: () => shell,
  path: '/permissions',
  validateSearch: permissionsSearch,
  component: lazyRouteComponent(() => import('./routes/permissions.tsx'), 'Permissions'),
});

const settings = createRoute({
  getParentRoute: () => shell,
  path: '/settings',
  validateSearch: z.object({
    tab: oneOf(['agents', 'operators', 'credentials', 'guards', 'providers', 'configuration']),
  }),
  component: lazyRouteComponent(() => import('./routes/settings.tsx'), 'Settings'),
});

const routeTree = root.addChildren([
  signIn,
  shell.addChildren([overview, approvals, approval, sessions, session, tools, permissions, settings]),
]);

export const createAppRouter = (client: QueryClient) =>
  createRouter({
    routeTree,
    context: { client },
    defaultPreload: 'intent',
    scrollRestoration: true,
    // Every value in our URLs is text: a user called 42 stays text, and arguments stay as they were written.
    parseSearch: parseSearchWith((given) => given),
    stringifySearch: stringifySearchWith(String),
  });
