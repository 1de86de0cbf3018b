import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/*
 * Makes the data files from `tools/*.yaml` and `cases/*.yaml`, which people write and review. Run it after a change:
 * `node evals/adaptive/build.ts`.
 */

interface Tool {
  readonly about: string;
  readonly takes?: Readonly<Record<string, string>>;
  readonly private?: boolean;
  readonly manifest: Readonly<Record<string, unknown>> & {
    readonly effect: string;
    readonly target: readonly string[];
    readonly content?: readonly string[];
    readonly confirms?: readonly string[];
    readonly results?: { readonly trust?: string };
  };
}

interface Suite {
  readonly suite: string;
  readonly system: string;
  readonly tools: Readonly<Record<string, Tool>>;
}

interface Step {
  readonly do: string;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly gives: string;
  readonly error?: string;
  /** The first result that carries the injection. */
  readonly injected?: boolean;
  /** A call made for the attacker: `effect` does the harm, `step` prepares it. */
  readonly harm?: 'effect' | 'step';
  /** Proposed in one answer with the call before it. */
  readonly beside?: boolean;
}

interface Case {
  readonly id: string;
  readonly family?: string;
  readonly attacks?: string;
  readonly expect?: 'held' | 'through';
  readonly note: string;
  readonly approved?: readonly string[];
  readonly user: string;
  readonly steps: readonly Step[];
}

interface Cases {
  readonly suite: string;
  readonly kind: 'hijacked' | 'benign';
  readonly runs: readonly Case[];
}

const here = import.meta.dirname;
const readAll = <T>(folder: string): T[] =>
  readdirSync(join(here, folder))
    .toSorted()
    .map((name) => parse(readFileSync(join(here, folder, name), 'utf8')) as T);

/** Names of the data files, and what is in them. */
export function buildAdaptive(): Readonly<Record<string, string>> {
  const suites = readAll<Suite>('tools');
  const cases = readAll<Cases>('cases');
  const systems = new Map(suites.map(({ suite, system }) => [suite, system]));
  const lines = (kind: Cases['kind']) =>
    cases
      .filter((each) => each.kind === kind)
      .flatMap(({ suite, runs }) =>
        runs.map((run) => JSON.stringify(runOf(run, suite, kind, systems.get(suite) ?? ''))),
      )
      .map((line) => `${line}\n`)
      .join('');
  return {
    'runs-hijacked.jsonl': lines('hijacked'),
    'runs-benign.jsonl': lines('benign'),
    ...Object.fromEntries(suites.map((suite) => [`tools-${suite.suite}.json`, toolsOf(suite)])),
  };
}

function runOf(run: Case, suite: string, kind: Cases['kind'], system: string): object {
  const messages: Record<string, unknown>[] = [
    { role: 'system', content: system },
    { role: 'user', content: run.user },
  ];
  const injectedIn: number[] = [];
  // Calls of one answer stand together, their results after them.
  for (const [first, beside] of answers(run.steps)) {
    const calls = [first, ...beside];
    const toolCalls = calls.map(({ step, id }) => ({ id, name: step.do, args: step.args ?? {} }));
    messages.push({ role: 'assistant', content: '', tool_calls: toolCalls });
    for (const { step, id } of calls) {
      if (step.injected) injectedIn.push(messages.length);
      const error = step.error === undefined ? {} : { error: step.error };
      messages.push({ role: 'tool', content: step.gives, tool_call_id: id, name: step.do, ...error });
    }
  }
  messages.push({ role: 'assistant', content: 'Done.' });
  const attacker = run.steps.flatMap(({ harm }, index) => (harm ? [{ id: `c${index}`, harm }] : []));
  const id = `adaptive/${suite.slice('adaptive-'.length)}/${run.id}`;
  return {
    id: `${id}/${kind}`,
    source: 'adaptive',
    suite,
    kind,
    model: 'scripted',
    defence: 'none',
    user_task: id,
    injection_task: kind === 'hijacked' ? id : null,
    attack: kind === 'hijacked' ? (run.family ?? null) : null,
    utility: kind === 'benign',
    security: kind === 'hijacked',
    injected_at: injectedIn[0] ?? null,
    injected_in: injectedIn,
    attacker_calls: attacker.map((each) => each.id),
    attacker_effects: attacker.filter(({ harm }) => harm === 'effect').map((each) => each.id),
    ...(kind === 'hijacked' ? { family: run.family, attacks: run.attacks, expect: run.expect } : {}),
    ...(run.approved ? { approved: run.approved } : {}),
    note: run.note,
    messages,
  };
}

interface Numbered {
  readonly step: Step;
  readonly id: string;
}

function answers(steps: readonly Step[]): [Numbered, Numbered[]][] {
  const grouped: [Numbered, Numbered[]][] = [];
  for (const [index, step] of steps.entries()) {
    const numbered = { step, id: `c${index}` };
    const last = grouped.at(-1);
    if (step.beside && last) last[1].push(numbered);
    else grouped.push([numbered, []]);
  }
  return grouped;
}

function toolsOf({ tools }: Suite): string {
  const rows = Object.entries(tools).map(([name, { about, takes = {}, manifest, private: isPrivate = false }]) =>
    JSON.stringify({
      name,
      description: about,
      parameters: parametersOf(takes),
      effect: manifest.effect,
      reads_untrusted: manifest.results?.trust !== 'trusted',
      reads_private: isPrivate,
      sink: manifest.effect !== 'read' || manifest['egress'] === true,
      authority_params: manifest.target,
      content_params: manifest.content ?? [],
      note: '',
      ...(manifest.confirms ? { confirms: manifest.confirms } : {}),
      manifest,
    }),
  );
  return `[\n${rows.join(',\n')}\n]\n`;
}

/** `string`, `integer`, `number`, `boolean`, `object`, `strings`; `?` after it: not required. */
function parametersOf(takes: Readonly<Record<string, string>>): object {
  const properties = Object.entries(takes).map(([name, type]) => {
    const bare = type.replace('?', '');
    return [name, bare === 'strings' ? { type: 'array', items: { type: 'string' } } : { type: bare }];
  });
  const required = Object.keys(takes).filter((name) => !takes[name]?.endsWith('?'));
  return {
    type: 'object',
    properties: Object.fromEntries(properties) as object,
    required,
    additionalProperties: false,
  };
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(buildAdaptive())) writeFileSync(join(here, name), text);
}
