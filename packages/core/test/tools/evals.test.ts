import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Effect, JsonObject } from '../../src/index.ts';
import { isSink, manifestSchema, proposeManifest } from '../../src/index.ts';

/*
 * Proposals beside a classification that people made of the tools of two public benchmarks. The figures are for reading;
 * what is asserted is that no tool which they call a sink is proposed as something harmless.
 */

/** Where a copy of the public data lies; without it this is skipped. */
const folder = process.env['SALLYPORT_EVALS_DIR'] ?? '';
const files = ['dailylife', 'shopping']
  .map((suite) => join(folder, `agentdyn/tools-${suite}.json`))
  .concat(['banking', 'workspace'].map((suite) => join(folder, `agentdojo/tools-${suite}.json`)));

interface Classified {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonObject;
  readonly effect: Effect;
  readonly sink: boolean;
  readonly reads_private: boolean;
  readonly authority_params?: readonly string[];
  readonly target_args?: readonly string[];
}

function measure(tools: readonly Classified[]) {
  const counts = { tools: 0, effect: 0, sink: 0, private: 0, both: 0, proposed: 0, classified: 0 };
  const laxer: string[] = [];
  for (const tool of tools) {
    const { name, description, parameters } = tool;
    const manifest = manifestSchema.parse(proposeManifest({ name, description, parameters, siblings: tools }).manifest);
    const proposedSink = (isSink(manifest) && !manifest.local) || manifest.egress === true;
    if (tool.sink && !proposedSink && !manifest.local) laxer.push(name);
    counts.tools++;
    counts.effect += Number(manifest.effect === tool.effect);
    counts.sink += Number(proposedSink === tool.sink);
    counts.private += Number(manifest.results.labels.includes('private') === tool.reads_private);
    // Of reads the classification names no targets.
    if (!tool.sink) continue;
    const targets = new Set(manifest.target ?? Object.keys(parameters));
    const wanted = tool.authority_params ?? tool.target_args ?? [];
    counts.both += wanted.filter((each) => targets.has(each)).length;
    counts.proposed += targets.size;
    counts.classified += wanted.length;
  }
  return { counts, laxer };
}

it.skipIf(!files.every((file) => existsSync(file)))(
  `no sink of the benchmarks is proposed as harmless (needs their tools in ${folder}, or SALLYPORT_EVALS_DIR)`,
  () => {
    const found: string[] = [];
    for (const file of files) {
      const { counts, laxer } = measure(JSON.parse(readFileSync(file, 'utf8')) as Classified[]);
      const { tools, effect, sink, both, proposed, classified } = counts;
      const share = (part: number, whole: number) => (whole === 0 ? 'none' : (part / whole).toFixed(2));
      // oxlint-disable-next-line no-console
      console.info(
        `${file.split('/').slice(-2).join('/')}: of ${tools} tools: effect ${effect}, sink ${sink}, private ` +
          `${counts.private}; targets of sinks: precision ${share(both, proposed)}, recall ${share(both, classified)}`,
      );
      expect(tools).toBeGreaterThan(10);
      found.push(...laxer);
    }
    expect(found).toEqual([]);
  },
);
