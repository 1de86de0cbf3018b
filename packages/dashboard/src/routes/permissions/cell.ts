import type { AdminAnswer, Cell } from '@sallyport/core/admin';
import type { Tone } from '../../components/Mark.tsx';

export type PoliciesView = AdminAnswer<'policies.get'>;
export type CellKind = 'tools' | 'models' | 'hosts';
export type CellDecision = 'allow' | 'ask' | 'deny';

/** One demand on one argument, as the editor holds it. */
export interface Condition {
  readonly path: string;
  /** `kept`: it demands only what the editor has no fields for. */
  readonly kind: 'pattern' | 'choice' | 'range' | 'kept';
  readonly pattern: string;
  readonly choices: readonly string[];
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** What else it demands, for which the editor has no fields: it is saved as it was. */
  readonly kept?: Kept;
}

export interface CellDraft {
  /** `none`: no cell, so denied by default. */
  readonly decision: CellDecision | 'none';
  readonly when: readonly Condition[];
  readonly otherwise: CellDecision;
}

type Tests = NonNullable<Exclude<Cell, string>['when']>;
type Kept = Exclude<Extract<Tests[string], object>, { in: unknown }>;

export const emptyCondition: Condition = {
  path: '',
  kind: 'pattern',
  pattern: '',
  choices: [],
  min: undefined,
  max: undefined,
};

export function draftOf(cell: Cell | undefined): CellDraft {
  if (cell === undefined) return { decision: 'none', when: [], otherwise: 'deny' };
  if (typeof cell === 'string') return { decision: cell, when: [], otherwise: 'deny' };
  const when = Object.entries(cell.when ?? {}).map(([path, test]) => conditionOf(path, test));
  return { decision: cell.decision, when, otherwise: cell.otherwise ?? 'deny' };
}

function conditionOf(path: string, test: Tests[string]): Condition {
  if (typeof test === 'string') return { ...emptyCondition, path, pattern: test };
  // Arguments are compared as text, so a choice may be held as text: 5 and "5" ask for the same.
  if (typeof test !== 'object') return { ...emptyCondition, path, kind: 'choice', choices: [String(test)] };
  if ('in' in test) {
    const { in: choices, ...kept } = test;
    return { ...emptyCondition, path, kind: 'choice', choices: choices.map(String), kept };
  }
  const { matches, min, max, ...kept } = test;
  const bounded = min !== undefined || max !== undefined;
  if (bounded && matches === undefined) return { ...emptyCondition, path, kind: 'range', min, max, kept };
  if (matches !== undefined && !bounded) return { ...emptyCondition, path, pattern: matches, kept };
  return { ...emptyCondition, path, kind: 'kept', kept: test };
}

/** The cell as the file will hold it; null removes it. */
export function cellOf({ decision, when, otherwise }: CellDraft): Cell | null {
  if (decision === 'none') return null;
  if (decision === 'deny' || when.length === 0) return decision;
  const tests = Object.fromEntries(when.map((condition) => [condition.path.trim(), testOf(condition)]));
  return { decision, when: tests, ...(otherwise === 'deny' ? {} : { otherwise }) };
}

function testOf({ kind, pattern, choices, min, max, kept = {} }: Condition): Tests[string] {
  if (kind === 'kept') return kept;
  const { from, links, user } = kept;
  const beside = defined({ from, links, user });
  if (kind === 'pattern') return Object.keys(beside).length === 0 ? pattern : { matches: pattern, ...beside };
  if (kind === 'choice') return { in: [...choices], ...beside };
  return { ...defined({ min, max }), ...beside };
}

const defined = <T extends object>(parts: T): Partial<T> =>
  Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as Partial<T>;

/** What is missing before it can be saved, in words; the server judges the rest. */
export function lacks({ decision, when }: CellDraft): string | undefined {
  if (decision === 'none' || decision === 'deny') return undefined;
  const paths = when.map(({ path }) => path.trim());
  if (paths.includes('')) return 'Name the argument of each condition.';
  if (new Set(paths).size < paths.length) return 'Each argument can have one condition.';
  for (const condition of when) {
    if (condition.kind === 'pattern' && condition.pattern === '') return `Write a pattern for ${condition.path}.`;
    if (condition.kind === 'choice' && condition.choices.length === 0) return `Name a value for ${condition.path}.`;
    if (condition.kind === 'range' && condition.min === undefined && condition.max === undefined) {
      return `Give ${condition.path} a least or a most.`;
    }
  }
  return undefined;
}

interface CellLook {
  readonly tone: Tone;
  readonly word: string;
}

const looks: Readonly<Record<CellDecision, CellLook>> = {
  allow: { tone: 'allow', word: 'Allow' },
  ask: { tone: 'hold', word: 'Ask' },
  deny: { tone: 'deny', word: 'Deny' },
};

/** A cell in one word, and whether arguments decide as well. */
export function lookOf(cell: Cell | undefined): (CellLook & { readonly conditional: boolean }) | undefined {
  if (cell === undefined) return undefined;
  if (typeof cell === 'string') return { ...looks[cell], conditional: false };
  return { ...looks[cell.decision], conditional: Object.keys(cell.when ?? {}).length > 0 };
}

function conditionText(condition: Condition): string {
  return [fieldsText(condition), ...keptTexts(condition)].filter((text) => text !== '').join(' and ');
}

function fieldsText({ kind, pattern, choices, min, max }: Condition): string {
  if (kind === 'kept') return '';
  if (kind === 'pattern') return `matches ${pattern}`;
  if (kind === 'choice') return choices.length === 1 ? `is ${choices.join('')}` : `is one of ${choices.join(', ')}`;
  return rangeText(min, max);
}

function rangeText(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return `is from ${min} to ${max}`;
  return max === undefined ? `is at least ${min}` : `is at most ${max}`;
}

/** What the editor keeps and cannot change, in words. */
export function keptTexts({ kind, kept = {} }: Condition): string[] {
  const { matches, min, max, from, links, user } = kept;
  const texts: string[] = [];
  if (kind === 'kept' && matches !== undefined) texts.push(`matches ${matches}`);
  if (kind === 'kept' && (min !== undefined || max !== undefined)) texts.push(rangeText(min, max));
  if (user === 'id') texts.push("is the user's own id");
  if (typeof user === 'object') texts.push(`is in the user's claim ${user.claim}`);
  if (from !== undefined) texts.push(`comes at least from: ${from}`);
  if (links !== undefined) texts.push(`has only links at least from: ${links}`);
  return texts;
}

/** What a cell demands of the arguments, in one line. */
export const demandsOf = (cell: Cell | undefined): string =>
  draftOf(cell)
    .when.map((condition) => `${condition.path} ${conditionText(condition)}`)
    .join(', and ');

/** The place that a cell's Cedar carries, after the file's name. */
export const cellPlace = (role: string, kind: CellKind, name: string): string =>
  kind === 'tools' ? `${role}/${name}` : `${role}/${kind}/${name}`;

/** The Cedar statements in force that came from one cell. */
export function cedarOf(policies: PoliciesView, role: string, kind: CellKind, name: string): string {
  const place = JSON.stringify(`permissions.yaml#${cellPlace(role, kind, name)}`);
  return policies.sources
    .filter(({ generated }) => generated)
    .flatMap(({ text }) => text.split(/(?<=;)\n/))
    .filter((statement) => statement.includes(`@place(${place})`))
    .map((statement) => statement.trim())
    .join('\n\n');
}

/** Every name that the matrix has a row for: those with a cell, and those seen or configured. */
export function namesOf(policies: PoliciesView, kind: CellKind): string[] {
  const names = new Set(Object.values(policies.roles).flatMap((role) => Object.keys(role[kind])));
  if (kind !== 'hosts') for (const known of policies.known[kind]) names.add(known);
  return [...names].toSorted((a, b) => Number(a.includes('*')) - Number(b.includes('*')) || a.localeCompare(b));
}
