import { RuntimeFault, matchesGlob, parseGlob } from '@sallyport/core';

/**
 * Whether a tool is offered at all: `tools` of the configuration.
 *
 * @throws RuntimeFault `invalid_config`
 */
export function offeredBy(upstream: string, patterns: readonly string[]): (tool: string) => boolean {
  const globs = patterns.map((pattern) => {
    const glob = parseGlob(pattern);
    if (!('problem' in glob)) return glob;
    const path = `upstreams.${upstream}.tools`;
    throw new RuntimeFault('invalid_config', { path, detail: `${path}: the pattern ${pattern} ${glob.problem}` });
  });
  return (tool) => globs.some((glob) => matchesGlob(glob, tool));
}
