/* Compiled, never run: a route that is asked with the wrong input does not compile. */
import { call } from '../src/api.ts';

export const fits = [
  () => call('overview.get'),
  () => call('sessions.list'),
  () => call('sessions.list', { query: { state: 'open', limit: 5 } }),
  () => call('sessions.end', { params: { id: 'x' } }),
  () => call('agents.revokeKey', { params: { id: 'x', keyId: 'y' } }),
  () => call('operators.create', { body: { name: 'Ada', role: 'viewer' } }),
];

export const doesNotFit = [
  // @ts-expect-error -- takes no input
  () => call('overview.get', { query: {} }),
  // @ts-expect-error -- needs the session's id
  () => call('sessions.end'),
  // @ts-expect-error -- needs both ids
  () => call('agents.revokeKey', { params: { id: 'x' } }),
  // @ts-expect-error -- no such state
  () => call('sessions.list', { query: { state: 'broken' } }),
  // @ts-expect-error -- no such role
  () => call('operators.create', { body: { name: 'Ada', role: 'king' } }),
  // @ts-expect-error -- no such route
  () => call('everything.delete'),
];
