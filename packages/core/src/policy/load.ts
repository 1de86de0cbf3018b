import type { CellPolicy } from './matrix.ts';
import type { CheckMode, Disagreement } from './evaluate.ts';
import type { MatrixContext } from './why.ts';
import type { PolicyPart } from './cedar.ts';
import type { PolicyProblem, PolicySource } from './problems.ts';
import type { PolicySet } from './policy.ts';
import type { Rule } from './rules.ts';
import { LoadedPolicySet } from './set.ts';
import { cedarSchema } from './schema.ts';
import { compileMatrix } from './matrix.ts';
import { invalidPolicy, placesIn } from './problems.ts';
import { makeRule } from './rules.ts';
import { nearest } from '../normalize/nearest.ts';
import { readCedar } from './cedar.ts';
import { readPermissions } from './permissions.ts';

export interface PolicySources {
  /** The permission matrix, YAML. */
  readonly permissions?: PolicySource | undefined;
  readonly cedar: readonly PolicySource[];
}

export interface PolicySetOptions {
  /** SHA-256 of the text's UTF-8 bytes, hex. */
  readonly sha256: (text: string) => string;
  /** Default `fast`. */
  readonly check?: CheckMode;
  /** Told of every difference in mode `both`; the request is denied whatever it does. */
  readonly onDisagreement?: (disagreement: Disagreement) => void;
}

/**
 * Parses and validates policies. All or nothing: one problem anywhere, and there is no set.
 *
 * @throws RuntimeFault `invalid_policy`, its detail one `file:line:column message` a line
 */
export function loadPolicySet(sources: PolicySources, options: PolicySetOptions): PolicySet {
  const problems: PolicyProblem[] = [];
  const { permissions } = sources;
  const matrix = permissions === undefined ? { cells: [], problems: [] } : readPermissions(permissions);
  problems.push(...matrix.problems);
  const file = permissions?.name ?? 'permissions.yaml';
  const cellPolicies = compileMatrix(matrix.cells, file);
  const generated = { name: `${file} (as Cedar)`, text: cellPolicies.map(({ text }) => text).join('\n') };
  const fromMatrix = readCedar(generated);
  problems.push(...cellProblems(fromMatrix, generated, cellPolicies, file));
  const written = sources.cedar.map((source) => {
    const read = readCedar(source);
    problems.push(...read.problems, ...read.parts.flatMap(approversProblems));
    return { source, parts: read.parts };
  });
  if (problems.length > 0) throw invalidPolicy(problems);

  const rules = [
    ...matrixRules(fromMatrix.parts, cellPolicies, file),
    ...written.flatMap(({ parts }) => cedarRules(parts)),
  ].map((make, index) => make(`p${index}`));
  refuseDoubleIds(rules);
  const texts = [generated, ...sources.cedar].map(({ name, text }) => [name, text]);
  const context: MatrixContext = { file, cells: matrix.cells };
  return new LoadedPolicySet({
    rules,
    matrix: context,
    hash: options.sha256(JSON.stringify([cedarSchema, ...texts])),
    check: options.check ?? 'fast',
    onDisagreement: options.onDisagreement ?? (() => undefined),
    description: {
      sources: [
        ...(permissions === undefined ? [] : [{ ...generated, generated: true, rules: fromMatrix.parts.length }]),
        ...written.map(({ source, parts }) => ({ ...source, generated: false, rules: parts.length })),
      ],
      uncompiled: rules.filter(({ applies }) => applies === undefined).map(({ ref }) => ref),
    },
  });
}

type MakeRule = (key: string) => Rule;

const cedarRules = (parts: readonly PolicyPart[]): MakeRule[] =>
  parts.map((part) => (key) => {
    const { name } = part.source;
    return makeRule(part, key, { place: `${name}:${part.line}`, file: name, line: part.line });
  });

const matrixRules = (parts: readonly PolicyPart[], policies: readonly CellPolicy[], file: string): MakeRule[] =>
  parts.map((part, index) => (key) => {
    const made = policies[index];
    // A generated text that Cedar reads as more or fewer policies than cells would be an injection.
    if (made === undefined || parts.length !== policies.length || made.id !== part.json.annotations?.['id']) {
      throw new Error('the permission matrix and its Cedar text differ');
    }
    const place = part.json.annotations['place'] ?? made.id;
    return makeRule(part, key, { place, file, line: made.cell.line, cell: made.cell });
  });

/** What Cedar has against a generated policy is shown at the cell it came from. */
function cellProblems(
  { problems }: { problems: readonly PolicyProblem[] },
  generated: PolicySource,
  policies: readonly CellPolicy[],
  file: string,
): PolicyProblem[] {
  const at = placesIn(generated.text);
  const ends: number[] = [];
  for (const { text } of policies) ends.push((ends.at(-1) ?? 0) + text.length + 1);
  const firstLines = ends.map((end, index) => at(end - (policies[index]?.text.length ?? 0) - 1).line);
  return problems.map(({ line, message }) => {
    const index = firstLines.findLastIndex((first) => first <= line);
    return { file, line: policies[index]?.cell.line ?? 1, column: 1, message };
  });
}

const mostPeople = 10;

/** An annotation that does not do what its author believes: one that is misspelt would let one person do for two. */
function approversProblems({ json, source, line }: PolicyPart): PolicyProblem[] {
  const report = (message: string): PolicyProblem => ({ file: source.name, line, column: 1, message });
  const annotations = Object.entries<string | null>(json.annotations ?? {});
  return annotations.flatMap(([name, value]) => {
    if (name !== 'approvers') {
      const meant = name !== 'id' && nearest(name.toLowerCase(), ['approvers', 'id']) === 'approvers';
      return meant ? [report(`unknown annotation @${name}: did you mean @approvers?`)] : [];
    }
    if (!/^\d{1,2}$/.test(value ?? '') || Number(value) < 1 || Number(value) > mostPeople) {
      return [report(`@approvers must be a whole number in quotes, from "1" to "${mostPeople}"`)];
    }
    if (JSON.stringify(json.conditions).includes('"approved"')) return [];
    return [report('@approvers has no effect: only a rule that reads context.approved holds')];
  });
}

/** Reports and tests name rules by id, so one id must mean one rule. */
function refuseDoubleIds(rules: readonly Rule[]): void {
  const seen = new Map<string, Rule>();
  const problems: PolicyProblem[] = [];
  for (const rule of rules) {
    const first = seen.get(rule.ref.id);
    if (first === undefined) seen.set(rule.ref.id, rule);
    else {
      const message = `the id ${JSON.stringify(rule.ref.id)} already names ${first.ref.place}`;
      problems.push({ file: rule.file, line: rule.line, column: 1, message });
    }
  }
  if (problems.length > 0) throw invalidPolicy(problems);
}
