import { z } from 'zod';
import type { Glob } from './glob.ts';
import type { PolicyAction } from './policy.ts';
import type { PolicyProblem, PolicySource } from './problems.ts';
import type { ArgumentTest } from './patterns.ts';
import { globText, isExact, parseGlob } from './glob.ts';
import { readTest } from './patterns.ts';
import { readYaml } from './yaml.ts';
import { strictKeys } from './strict-keys.ts';
import { cellDecisions, cellSchema, type CellDecision, type CellValue } from './cells.ts';
import { showText } from '../normalize/show.ts';

/** The kinds of cell, by their key in the file, and the action each rules. */
export const cellKinds = {
  models: 'model_request',
  tools: 'tool_call',
  hosts: 'egress_request',
  languages: 'code_execution',
} as const satisfies Record<string, PolicyAction>;
export type CellKind = keyof typeof cellKinds;
export const cellKindNames = Object.keys(cellKinds) as readonly CellKind[];

const cells = z.record(z.string(), cellSchema, { error: 'must map names to cells' }).optional();
const role = strictKeys({ models: cells, tools: cells, hosts: cells, languages: cells });
/** The permission matrix: role × tool, model, host or language. Default deny: a cell that is not there permits nothing. */
export const permissionsSchema = strictKeys({
  roles: z.record(z.string(), role.nullable(), { error: 'must map roles to their cells' }),
});
export type Permissions = z.infer<typeof permissionsSchema>;

/** One cell, read and checked. */
export interface Cell {
  readonly role: string;
  readonly kind: CellKind;
  /** The name or pattern as written. */
  readonly name: string;
  readonly glob: Glob;
  readonly decision: CellDecision;
  /** All must hold. Empty: the cell is unconditional. */
  readonly when: readonly ArgumentTest[];
  readonly otherwise: CellDecision;
  /** How many people must approve where it asks. */
  readonly approvers: number;
  readonly line: number;
}

/** `support/send_email`; of other kinds than tools, `support/models/practice/*`. */
export const cellId = ({ role: of, kind, name }: Pick<Cell, 'role' | 'kind' | 'name'>): string =>
  kind === 'tools' ? `${of}/${name}` : `${of}/${kind}/${name}`;

export interface Matrix {
  readonly cells: readonly Cell[];
  readonly problems: readonly PolicyProblem[];
}

/** Parses `permissions.yaml`. Nothing is half read: with one problem, no cell counts. */
export function readPermissions(source: PolicySource): Matrix {
  const { value, problems, place } = readYaml(source, permissionsSchema);
  if (value === undefined) return { cells: [], problems };
  const found: PolicyProblem[] = [];
  const read: Cell[] = [];
  for (const [name, kinds] of Object.entries(value.roles)) {
    const complain = (path: readonly string[], message: string) => {
      found.push({ file: source.name, ...place(['roles', name, ...path]), message });
    };
    if (!/^[\p{L}\p{N}_.:@-]+$/u.test(name))
      complain([], `role ${JSON.stringify(name)}: use letters, digits and _ . : @ -`);
    for (const kind of cellKindNames) {
      const seen = new Set<string>();
      for (const [pattern, of] of Object.entries(kinds?.[kind] ?? {})) {
        const { line } = place(['roles', name, kind, pattern]);
        const made = readCell({ role: name, kind, name: pattern, line }, of, (path, message) => {
          complain([kind, pattern, ...path], `${name}.${kind}.${pattern}: ${message}`);
        });
        if (made === undefined) continue;
        if (seen.has(globText(made.glob)))
          complain([kind, pattern], `${pattern} names the same ${kind} as another cell`);
        seen.add(globText(made.glob));
        read.push(made);
      }
    }
  }
  return found.length > 0 ? { cells: [], problems: found } : { cells: read, problems: [] };
}

type Complain = (path: readonly string[], message: string) => void;

function readCell(
  head: Pick<Cell, 'role' | 'kind' | 'name' | 'line'>,
  of: CellValue,
  complain: Complain,
): Cell | undefined {
  const { decision: decided, when, otherwise = 'deny', approvers = 1 } = typeof of === 'string' ? { decision: of } : of;
  const glob = parseGlob(head.name);
  if ('problem' in glob) {
    complain([], glob.problem);
    return undefined;
  }
  if (showText(head.name, head.name.length) !== head.name) complain([], 'the name holds characters that do not show');
  const odd = oddName(head.kind, head.name, glob);
  if (odd !== undefined) complain([], odd);
  if (typeof of !== 'string' && of.otherwise !== undefined && when === undefined) {
    complain(['otherwise'], '`otherwise` needs a `when`');
  }
  if (typeof of !== 'string' && of.approvers !== undefined && decided !== 'ask' && otherwise !== 'ask') {
    complain(['approvers'], '`approvers` needs a `decision` or an `otherwise` that is ask');
  }
  if (when === undefined) return { ...head, glob, decision: decided, when: [], otherwise, approvers };
  if (head.kind !== 'tools') complain(['when'], '`when` judges arguments, which only tools have');
  if (Object.keys(when).length === 0) complain(['when'], '`when` names no argument');
  if (cellDecisions.indexOf(otherwise) <= cellDecisions.indexOf(decided)) {
    // A value that is missing or of another type matches no pattern: were `otherwise` the milder, leaving the argument
    // out would be the way around the rule.
    complain([], '`otherwise` must be stricter than `decision`: describe what is fine, not what is wrong');
  }
  const tests = Object.entries(when).flatMap(([path, value]) => {
    const read = readTest(path, value);
    if (!('problem' in read)) return read;
    complain(['when', path], `${path}: ${read.problem}`);
    return [];
  });
  return { ...head, glob, decision: decided, when: tests, otherwise, approvers };
}

function oddName(kind: CellKind, name: string, glob: Glob): string | undefined {
  if (kind === 'models' && name !== '*' && !name.includes('/')) {
    return 'write a model as provider/name, such as openai/gpt-5, openai/* or */gpt-5';
  }
  if (kind === 'hosts' && (name !== name.toLowerCase() || /[/\s@]|:\/\/|:\d+$/.test(name))) {
    return 'write a host in lower case, without scheme, port or path';
  }
  if (kind === 'hosts' && !isExact(glob) && name !== '*' && !/^\*\.[^*]+$/.test(name)) {
    return 'a host pattern is * or *.domain: any other star would let in hosts of strangers';
  }
  return undefined;
}
