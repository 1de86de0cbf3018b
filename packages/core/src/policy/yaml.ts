import { LineCounter, isAlias, isMap, isNode, isPair, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, Node } from 'yaml';
import type { z } from 'zod';
import type { PolicyProblem, PolicySource } from './problems.ts';

type Path = readonly PropertyKey[];

/** A parsed YAML source whose values know their places. */
export interface YamlSource<T> {
  readonly value: T | undefined;
  readonly problems: readonly PolicyProblem[];
  /** Line and column of the value at a path, or of its nearest parent. */
  readonly place: (path: Path) => { line: number; column: number };
}

/** Parses and checks one YAML source. Every problem has its place; unknown keys name the nearest known one. */
export function readYaml<T>(source: PolicySource, schema: z.ZodType<T>): YamlSource<T> {
  const counter = new LineCounter();
  const document = parseDocument(source.text, { lineCounter: counter, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const place = (path: Path, ofKey = false) => at(offsetOf(document, path, ofKey));
  const report = (message: string, where: { line: number; column: number }) => ({
    file: source.name,
    ...where,
    message,
  });
  const broken = [...document.errors, ...document.warnings].map(({ message, pos }) => report(message, at(pos[0])));
  broken.push(...oddities(document.contents).map(({ message, offset }) => report(message, at(offset))));
  if (broken.length > 0) return { value: undefined, problems: broken, place };
  const parsed = schema.safeParse(document.toJS());
  if (parsed.success) return { value: parsed.data, problems: [], place };
  const problems = parsed.error.issues.flatMap((issue) =>
    explainIssue(issue, []).map(({ message, path, ofKey }) => report(message, place(path, ofKey))),
  );
  return { value: undefined, problems, place };
}

interface Finding {
  readonly message: string;
  readonly path: Path;
  readonly ofKey: boolean;
}

function explainIssue(issue: z.core.$ZodIssue, above: Path): Finding[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const messages = issue.message.split('\n');
    return issue.keys.map((key, index) => ({
      message: dotted(path) + (messages[index] ?? issue.message),
      path: [...path, key],
      ofKey: true,
    }));
  }
  if (issue.code === 'invalid_union') {
    // The branch that came furthest into the value is the one that was meant.
    const branches = issue.errors.map((issues) => issues.flatMap((inner) => explainIssue(inner, path)));
    const depth = (findings: Finding[]) => Math.max(0, ...findings.map((finding) => finding.path.length));
    const meant = branches.toSorted((a, b) => depth(b) - depth(a))[0];
    if (meant !== undefined && depth(meant) > path.length) return meant;
  }
  return [{ message: dotted(path) + issue.message, path, ofKey: issue.code === 'invalid_key' }];
}

const dotted = (path: Path): string => (path.length === 0 ? '' : `${path.map(String).join('.')}: `);

/**
 * What JavaScript would not carry faithfully: `__proto__` would vanish, and with it a rule; `1` and `"1"` would be one
 * key; an alias or a merge key would make a rule that does not stand where it is read.
 */
function oddities(node: unknown): { message: string; offset: number }[] {
  if (isAlias(node)) return [{ message: 'aliases are not allowed: write the value out', offset: node.range?.[0] ?? 0 }];
  if (isSeq(node)) return node.items.flatMap(oddities);
  if (!isMap(node)) return [];
  return node.items.flatMap((pair) => {
    const key = isScalar(pair.key) ? pair.key.value : undefined;
    const offset = isNode(pair.key) ? (pair.key.range?.[0] ?? 0) : 0;
    const found = oddities(pair.value);
    if (typeof key !== 'string' || key === '')
      found.push({ message: 'a key must be a name: put it in quotes', offset });
    if (key === '__proto__' || key === '<<') found.push({ message: `the key ${key} is not allowed`, offset });
    return found;
  });
}

function offsetOf(document: Document, path: Path, ofKey: boolean): number {
  let node: unknown = document.contents;
  let offset = (node as Node | null)?.range?.[0] ?? 0;
  for (const [index, step] of path.entries()) {
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step));
      const wantsKey = index === path.length - 1 && ofKey;
      next = isPair(pair) ? (wantsKey || pair.value === null ? pair.key : pair.value) : undefined;
    } else if (isSeq(node)) next = node.items[Number(step)];
    if (!isNode(next)) break;
    offset = next.range?.[0] ?? offset;
    node = next;
  }
  return offset;
}
