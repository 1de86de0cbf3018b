import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { join } from 'node:path';
import type { Effect, JsonObject, ManifestInput } from '@sallyport/core';

/** One row of `tools-<suite>.json`. */
export interface ToolRow {
  readonly name: string;
  readonly description: string;
  readonly parameters?: JsonObject;
  readonly effect: Effect;
  readonly reads_untrusted: boolean;
  readonly sink: boolean;
  readonly target_args?: readonly string[];
  readonly content_args?: readonly string[];
  readonly authority_params?: readonly string[];
  readonly content_params?: readonly string[];
  readonly confirms?: readonly string[];
  /** Where the set brings an operator's own words. */
  readonly manifest?: ManifestInput;
}

export interface RecordedCall {
  readonly tool: string;
  readonly args: JsonObject;
  readonly result_text?: string;
}
/** `user-tasks-<suite>.json`. */
export interface TaskRow {
  readonly id: string;
  readonly prompt: string;
  readonly calls: readonly RecordedCall[];
}
/** `attacks-<suite>.json`. */
export interface AttackRow {
  readonly user_task: string;
  readonly injection_task: string;
  readonly prompt: string;
  readonly calls: readonly RecordedCall[];
  readonly attacker_calls: readonly (RecordedCall & { readonly result_ref?: number })[];
  readonly attacker_calls_source: string;
  readonly remaining_user_calls: readonly RecordedCall[];
}

export interface RunMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string | null;
  readonly tool_calls?: readonly { readonly id: string; readonly name: string; readonly args: JsonObject }[] | null;
  readonly tool_call_id?: string;
  /** What the tool answered instead of a result; models read it as one. */
  readonly error?: string | null;
}
/** `runs-<kind>.jsonl[.gz]`. */
export interface RunRow {
  readonly id: string;
  readonly suite: string;
  readonly kind: string;
  readonly messages: readonly RunMessage[];
  readonly attacker_calls: readonly string[];
  readonly attacker_effects?: readonly string[];
  readonly injected_at: number | null;
  /** Attackers' calls that a person who is asked approves all the same. */
  readonly approved?: readonly string[];
  readonly [more: string]: unknown;
}

const readJson = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

/** Suites that a folder holds, by the names of its `tools-<suite>.json`. */
export const suitesIn = (folder: string): string[] =>
  readdirSync(folder)
    .map((name) => /^tools-(.+)\.json$/.exec(name)?.[1])
    .filter((name) => name !== undefined);

export const toolsOf = (folder: string, suite: string): ToolRow[] =>
  readJson(join(folder, `tools-${suite}.json`)) as ToolRow[];

export function tasksOf(
  folder: string,
  suite: string,
): { tasks: TaskRow[]; attacks: AttackRow[]; results: string[] } | undefined {
  const file = (name: string) => join(folder, `${name}-${suite}.json`);
  if (!existsSync(file('user-tasks'))) return undefined;
  return {
    tasks: readJson(file('user-tasks')) as TaskRow[],
    attacks: existsSync(file('attacks')) ? (readJson(file('attacks')) as AttackRow[]) : [],
    results: existsSync(file('attacker-results')) ? (readJson(file('attacker-results')) as string[]) : [],
  };
}

/** Recorded runs of one kind, plain or gzipped. */
export function runsOf(folder: string, kind: 'hijacked' | 'benign' | 'resisted'): RunRow[] {
  return ['jsonl', 'jsonl.gz'].flatMap((ending) => {
    const file = join(folder, `runs-${kind}.${ending}`);
    if (!existsSync(file)) return [];
    const bytes = readFileSync(file);
    const text = ending === 'jsonl' ? bytes.toString('utf8') : gunzipSync(bytes).toString('utf8');
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as RunRow);
  });
}
