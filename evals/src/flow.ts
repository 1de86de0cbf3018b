import { profiles } from '@sallyport/core';
import type { Figures } from './main.ts';
import type { Profile, Suite } from './replay.ts';
import { Tally } from './tally.ts';
import { manifestsOf } from './manifests.ts';
import { replayRun } from './agentdyn.ts';
import { replayTasks } from './agentdojo.ts';
import { runsOf, suitesIn, tasksOf, toolsOf } from './data.ts';

export interface FlowEval {
  readonly folders: readonly string[];
  readonly profile: string;
}

/** Information flow against recorded attacks and honest runs, the model taken as wholly compromised. */
export async function flow({ folders, profile }: FlowEval): Promise<{ figures: Figures; causes: readonly string[] }> {
  if (!isProfile(profile)) throw new Error(`--profile ${profile} is none of ${profiles.join(', ')}`);
  const tally = new Tally();
  for (const folder of folders) await evaluate(folder, profile, tally);
  return { figures: tally.figures(), causes: tally.causes() };
}

const isProfile = (name: string): name is Profile => (profiles as readonly string[]).includes(name);

async function evaluate(folder: string, profile: Profile, tally: Tally): Promise<void> {
  const suites = new Map(suitesIn(folder).map((suite) => [suite, readSuite(folder, suite)]));
  for (const [suite, tools] of suites) {
    const tasks = tasksOf(folder, suite);
    if (tasks) await replayTasks({ suite, ...tasks, tools, profile }, tally);
  }
  for (const kind of ['hijacked', 'benign', 'resisted'] as const) {
    for (const run of runsOf(folder, kind)) {
      const suite = suites.get(run.suite);
      if (!suite) throw new Error(`${folder} has runs of ${run.suite} and no tools-${run.suite}.json`);
      await replayRun(run, { suite, profile }, tally);
    }
  }
}

function readSuite(folder: string, suite: string): Suite {
  const tools = toolsOf(folder, suite);
  const definitions = tools.map(
    ({ name, description, parameters }) =>
      [name, { name, description, ...(parameters ? { parameters } : {}) }] as const,
  );
  return { manifests: manifestsOf(suite, tools), definitions: new Map(definitions) };
}
