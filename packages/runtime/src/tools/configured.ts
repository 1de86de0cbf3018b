import type { Config, Manifest } from '@sallyport/core';
import { isExact, matchesGlob, parseGlob, type Glob } from '@sallyport/core';

interface Family {
  readonly pattern: string;
  readonly glob: Glob;
  readonly manifest: Manifest;
}

/** `tools` of the configuration: exact names, and families of names. */
export class ConfiguredTools {
  readonly #exact = new Map<string, Manifest>();
  /** The most specific first. */
  readonly #families: readonly Family[];

  constructor(tools: Config['tools']) {
    const families: Family[] = [];
    for (const [pattern, manifest] of Object.entries(tools)) {
      const glob = parseGlob(pattern);
      if ('problem' in glob) throw new TypeError(`The configuration was not checked: ${pattern} ${glob.problem}`);
      if (isExact(glob)) this.#exact.set(glob[0], manifest);
      else families.push({ pattern, glob, manifest });
    }
    this.#families = families.toSorted(bySpecificity);
  }

  exact(tool: string): Manifest | undefined {
    return this.#exact.get(tool);
  }

  /** Of the most specific pattern that fits. */
  family(tool: string): Manifest | undefined {
    return this.#families.find(({ glob }) => matchesGlob(glob, tool))?.manifest;
  }

  /** Every name and pattern, as written. */
  *entries(): Iterable<readonly [string, Manifest]> {
    yield* this.#exact;
    for (const { pattern, manifest } of this.#families) yield [pattern, manifest];
  }

  /** What was said under a pattern. */
  pattern(written: string): Manifest | undefined {
    return this.#families.find(({ pattern }) => pattern === written)?.manifest;
  }
}

/** More letters first, then fewer stars; then by text, so that the order of the file never counts. */
function bySpecificity(a: Family, b: Family): number {
  const letters = (glob: Glob) => glob.join('').length;
  return letters(b.glob) - letters(a.glob) || a.glob.length - b.glob.length || (a.pattern < b.pattern ? -1 : 1);
}
