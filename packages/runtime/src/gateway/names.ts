import type { McpConfig } from '@sallyport/core';

/** MCP 2025-11-25, server/tools "Tool Names"; the slash is left out, so that no tool has the name of an operation. */
const toolName = /^[A-Za-z0-9_.-]{1,128}$/;

/** What may stand under a name of its own. */
export interface Named {
  readonly upstream: string;
  /** As the upstream knows it. */
  readonly name: string;
  /** The name without prefix that it had when it was reviewed; it keeps it, whoever comes later. */
  readonly listedAs?: string | undefined;
}

export const isToolName = (name: string): boolean => toolName.test(name);

/** No upstream's name holds an underscore, so of two names one prefix cannot be taken for the other. */
export const prefixed = ({ upstream, name }: Pick<Named, 'upstream' | 'name'>): string => `${upstream}__${name}`;

/**
 * The names under which agents see what upstreams have. With `unique`, what stood there first keeps the bare name: a server
 * that comes later and offers the same name gets it with its prefix, and never in the other's place.
 */
export function listedNames<N extends Named>(all: readonly N[], { names }: Pick<McpConfig, 'names'>): Map<string, N> {
  const listed = new Map<string, N>();
  if (names === 'unique') {
    const kept = new Set(all.flatMap(({ listedAs }) => listedAs ?? []));
    const counts = new Map<string, number>();
    for (const { name } of all) counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const each of all) {
      const { name, listedAs } = each;
      // What looks like a prefixed name might be taken for another upstream's.
      if (name.includes('__')) continue;
      const isFree = listedAs === name || (counts.get(name) === 1 && !kept.has(name));
      if (isFree && !listed.has(name)) listed.set(name, each);
    }
  }
  const bare = new Set(listed.values());
  for (const each of all) if (!bare.has(each)) listed.set(prefixed(each), each);
  return listed;
}
