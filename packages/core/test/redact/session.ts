import { zeroCounters, type Session } from '../../src/session.ts';

export const aSession = (change: Partial<Session> = {}): Session => ({
  id: 's-1',
  tenant: 'default',
  agent: { id: 'a-1', name: 'support', roles: [] },
  user: { id: 'u-1', roles: [] },
  purpose: '',
  openedAt: 0,
  expiresAt: 1,
  state: 'open',
  counters: zeroCounters,
  ...change,
});
