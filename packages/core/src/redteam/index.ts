import type { Attempt, Target } from './attempts.ts';
import type { Decision } from '../decision.ts';
import type { Fix, WithCell } from './fixes.ts';
import type { Forces } from './simulate.ts';
import type { JsonObject } from '../events.ts';
import type { Technique } from './techniques.ts';
import { argumentsOf, planAttempts } from './attempts.ts';
import { findFix } from './fixes.ts';
import { isReadable, simulate } from './simulate.ts';

export type { Attempt, Target } from './attempts.ts';
export type { Argument } from './values.ts';
export { simulatedUser } from './values.ts';
export type { Fix } from './fixes.ts';
export type { Forces } from './simulate.ts';
export { techniques, type Technique } from './techniques.ts';
export { targetOf, type ToolKnown } from './target.ts';

export interface RedTeamOptions {
  readonly targets: readonly Target[];
  readonly forces: Forces;
  /** What the user asks for; by default something harmless. */
  readonly request?: string | undefined;
  /** The forces with one cell changed in each of the agent's roles; undefined where there is no matrix to change. */
  readonly withCell: WithCell;
}

/** What became of the attempts on one tool. */
export interface ToolTally {
  readonly tool: string;
  readonly attempts: number;
  readonly runs: number;
  readonly held: number;
  readonly denied: number;
  /** How often each rule, or else reason, was the first to stop one. */
  readonly by: Readonly<Record<string, number>>;
}

/** Attempts of one kind which run. */
export interface Hole {
  readonly tool: string;
  readonly technique: Technique;
  readonly argument?: string;
  /** Tools through whose results the attack came in. */
  readonly via: readonly string[];
  readonly request: string;
  /** One example. */
  readonly arguments: JsonObject;
  readonly fix?: Fix;
}

export interface RedTeamReport {
  /** Tools whose results strangers can write, and which the agent may read. */
  readonly vias: readonly string[];
  readonly tools: readonly ToolTally[];
  readonly holes: readonly Hole[];
}

/** Attempts that got through and have one cure. */
export interface Group {
  readonly tool: string;
  readonly technique: Technique;
  readonly argument: string | undefined;
  /** Tools that were read before the one that carries the attack. */
  readonly reads: readonly string[];
  readonly attempts: readonly Attempt[];
}

/** Attacks a configuration with every technique on every tool. Pure: nothing runs, nothing is recorded, nobody is asked. */
export async function redTeam({ targets, forces, request, withCell }: RedTeamOptions): Promise<RedTeamReport> {
  const vias: Target[] = [];
  for (const target of targets) {
    const { trust, fields } = target.manifest.results;
    const strangers = trust === 'untrusted' || Object.values(fields).includes('untrusted');
    const isRead = strangers && (await isReadable(target.definition.name, argumentsOf(target, 'own'), forces));
    if (isRead) vias.push(target);
  }
  const judged: Judged[] = [];
  for (const attempt of planAttempts({ request, targets, vias })) {
    judged.push({ attempt, decision: await simulate(attempt, forces) });
  }
  const holes: Hole[] = [];
  for (const group of groupsOf(judged)) {
    const fix = await findFix(group, { forces, targets, withCell });
    holes.push(holeOf(group, fix));
  }
  return {
    vias: vias.map(({ definition }) => definition.name),
    tools: targets.map(({ definition }) => tallyOf(definition.name, judged)),
    holes,
  };
}

interface Judged {
  readonly attempt: Attempt;
  readonly decision: Decision;
}

const runs = ({ decision: { outcome } }: Judged): boolean => outcome === 'allow' || outcome === 'transform';

function tallyOf(tool: string, all: readonly Judged[]): ToolTally {
  const mine = all.filter(({ attempt }) => attempt.tool === tool);
  const by: Record<string, number> = {};
  for (const each of mine.filter((one) => !runs(one))) {
    const [reason] = each.decision.reasons;
    const rule = reason?.rule ?? reason?.code ?? 'unknown';
    by[rule] = (by[rule] ?? 0) + 1;
  }
  return {
    tool,
    attempts: mine.length,
    runs: mine.filter(runs).length,
    held: mine.filter(({ decision }) => decision.outcome === 'require_approval').length,
    denied: mine.filter(({ decision }) => decision.outcome === 'deny').length,
    by,
  };
}

function groupsOf(all: readonly Judged[]): Group[] {
  const groups = new Map<string, Attempt[]>();
  for (const { attempt } of all.filter(runs)) {
    const before = attempt.reads.slice(0, -1).map(({ tool }) => tool);
    const key = JSON.stringify([attempt.tool, attempt.technique, attempt.argument, before]);
    const group = groups.get(key) ?? [];
    group.push(attempt);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap((attempts) => {
    const [first] = attempts;
    if (!first) return [];
    const { tool, technique, argument } = first;
    return [{ tool, technique, argument, reads: first.reads.slice(0, -1).map((read) => read.tool), attempts }];
  });
}

function holeOf({ tool, technique, argument, attempts }: Group, fix: Fix | undefined): Hole {
  const [first] = attempts;
  return {
    tool,
    technique,
    via: attempts.map(({ via }) => via),
    request: first?.request ?? '',
    arguments: first?.args ?? {},
    ...(argument === undefined ? {} : { argument }),
    ...(fix ? { fix } : {}),
  };
}
