import type { Session } from '../session.ts';
import { matchesGlob, parseGlob } from '../policy/glob.ts';
import { declaredType, keysOf } from './keys.ts';

/** The ids by which records name the session's user: its own, and those that the templates make of it. */
export function ownerIdsOf({ user }: Session, templates: readonly string[]): readonly string[] {
  const ids = templates.flatMap((template) => {
    const [, before = '', name = '', after = ''] = /^([^{]*)\{([^}]*)\}([^}]*)$/.exec(template) ?? [];
    if (name === 'user') return [before + user.id + after];
    const prefix = name.slice('role:'.length);
    const named = user.roles.filter((role) => role.startsWith(prefix) && role.length > prefix.length);
    return named.map((role) => before + role.slice(prefix.length) + after);
  });
  return [...new Set([user.id, ...ids])];
}

/** Whether a key is one of those that the operator says are nobody's. */
export function sharedKeys(patterns: readonly string[]): (key: string) => boolean {
  const exact = new Set<string>();
  const globs = patterns.flatMap((pattern) => {
    if (!pattern.includes('*')) {
      for (const type of ['PHONE', declaredType]) for (const key of keysOf(type, pattern)) exact.add(key);
      return [];
    }
    const glob = parseGlob(pattern.toLowerCase());
    return 'problem' in glob ? [] : [glob];
  });
  return (key) => exact.has(key) || globs.some((glob) => matchesGlob(glob, key.slice(1)));
}
