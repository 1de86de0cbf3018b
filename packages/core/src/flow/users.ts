import type { Sources } from './sources.ts';

/** Whether a folded text stands in the user's own words, as whole words. */
export const isUsersText = (text: string, sources: Sources): boolean =>
  sources.holding(text).some(({ source, integrity }) => source.role === 'user' && integrity === 'user');
