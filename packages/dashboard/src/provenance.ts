import type { AdminAnswer, ApprovalView, ProvenanceView } from '@sallyport/core/admin';

export type OriginView = ProvenanceView['origins'][number];
export type IntegrityName = ProvenanceView['integrity'];
export type FlowView = AdminAnswer<'sessions.flow'>;
export type ApprovalDetailView = NonNullable<ApprovalView['detail']>;
type Value = ApprovalDetailView['arguments'][string];

export const integrityNames: Readonly<Record<IntegrityName, string>> = {
  untrusted: 'Untrusted',
  derived: 'Derived',
  named: 'Named by the user',
  trusted: 'Trusted',
  user: 'The user’s',
  operator: 'The operator’s',
};

const order: readonly IntegrityName[] = ['untrusted', 'derived', 'named', 'trusted', 'user', 'operator'];

export const lessBelieved = (a: IntegrityName, b: IntegrityName): IntegrityName =>
  order.indexOf(a) <= order.indexOf(b) ? a : b;

/** Who could write it. */
const writtenBy: Readonly<Record<IntegrityName, string>> = {
  untrusted: 'written by third parties',
  derived: 'made by the model',
  named: 'from a source that the user named',
  trusted: 'which the operator vouches for',
  user: 'written by the user',
  operator: 'written by the operator',
};

export const roleNames = { target: 'target', content: 'content', link: 'link in content' } as const satisfies Record<
  ProvenanceView['role'],
  string
>;

/** What each rule of information flow looks at. */
export const flowRuleTexts: Readonly<Record<NonNullable<ProvenanceView['rule']>, string>> = {
  targets: 'targets must come from text that may be believed',
  links: 'links, addresses and accounts in content are targets',
  intent: 'the user must have asked for this kind of action',
  lookups: 'the agent’s own look-ups vouch for what they return',
  people: 'a person whom the user named stands for their address',
  senders: 'the sender of a message stands for their address',
  sources: 'a source that you named may also say where to and how much',
  identity: 'the user’s own identities',
  delegation: 'a source that the user named may supply values',
  confirmations: 'a confirmation is covered by what it releases',
  sites: 'sites that the user named may be read',
  derived: 'made of values that may be believed',
  amounts: 'amounts up to a cap',
  classes: 'private data must be called for by the task',
  endorsements: 'a person approved this value in this task',
  local: 'stays in the session’s own workspace',
};

/** "the result of read_email, field body" */
export function sourceName({ role, tool, field }: Pick<OriginView, 'role' | 'tool' | 'field'>): string {
  if (role === 'system') return 'the system prompt';
  if (role === 'user') return 'the user’s message';
  const result = tool === undefined ? 'a tool’s result' : `the result of ${tool}`;
  return field === undefined ? result : `${result}, field ${field}`;
}

/** "from the result of read_email, field body, written by third parties" */
export const originSentence = (origin: OriginView): string =>
  `from ${sourceName(origin)}, ${writtenBy[origin.integrity]}`;

export const nowhere = 'found nowhere: the model made it up, or made it of other values';

/** Of several places where a value was read, one that may be believed is enough: it stands first. */
export const originOf = ({ origins }: ProvenanceView): string =>
  origins[0] === undefined ? nowhere : originSentence(origins[0]);

/** One leaf of a call's arguments, with what is known of where it came from. */
export interface ArgumentRow {
  /** Without `arguments.`, as a person names it. */
  readonly path: string;
  /** Whole, as it would run. */
  readonly value: string;
  readonly own: ProvenanceView | undefined;
  /** Links, addresses and accounts inside it. */
  readonly links: readonly ProvenanceView[];
  readonly isHeld: boolean;
}

/** A call whose arguments have more leaves than this is shown up to here, and the rest as JSON. */
const mostRows = 200;

const bare = (path: string): string => path.replace(/^arguments\.?/, '');
const covers = (path: string, leaf: string): boolean =>
  path === leaf || leaf.startsWith(`${path}.`) || leaf.startsWith(`${path}[`);

/**
 * Every leaf of the arguments, held ones first. Nothing is left out: a leaf without provenance stands there without, and
 * provenance whose place is not among the leaves stands with its short value.
 */
export function argumentRows({
  arguments: given,
  provenance,
  reasons,
}: Pick<ApprovalDetailView, 'arguments' | 'provenance' | 'reasons'>): ArgumentRow[] {
  const heldPaths = reasons.flatMap(({ path }) => (path === undefined ? [] : [bare(path)]));
  const isHeld = (leaf: string) => heldPaths.some((path) => covers(path, leaf));
  const leaves = leavesOf(given, '').slice(0, mostRows);
  const rows = leaves.map(({ path, value }) => {
    const known = provenance.filter((one) => bare(one.path) === path);
    return {
      path,
      value,
      own: known.find(({ role }) => role !== 'link'),
      links: known.filter(({ role }) => role === 'link'),
      isHeld: isHeld(path),
    };
  });
  const placed = new Set(leaves.map(({ path }) => path));
  const others = provenance
    .filter(({ path }) => !placed.has(bare(path)))
    .map((own) => ({ path: bare(own.path), value: own.value, own, links: [], isHeld: isHeld(bare(own.path)) }));
  return [...rows, ...others].toSorted((a, b) => Number(b.isHeld) - Number(a.isHeld));
}

interface Leaf {
  readonly path: string;
  readonly value: string;
}

function leavesOf(value: Value | ApprovalDetailView['arguments'], path: string): Leaf[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return [{ path, value: '[]' }];
    return value.flatMap((item, place) => leavesOf(item, `${path}[${place}]`));
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) return path === '' ? [] : [{ path, value: '{}' }];
    return entries.flatMap(([key, item]) => leavesOf(item, path === '' ? key : `${path}.${key}`));
  }
  return [{ path, value: String(value) }];
}

/** One untrusted text, and the values of the call that stand in it. */
export interface SourceText {
  /** Without `arguments.`. */
  readonly paths: readonly string[];
  readonly origin: OriginView;
  readonly text: string;
  /** What is pointed out: what the call is held for, or else every value that was read there. */
  readonly sought: readonly string[];
}

/** The texts that values came from, each once however many values stand in it; those that the call is held for first. */
export function sourceTexts(
  { excerpts }: Pick<ApprovalDetailView, 'excerpts'>,
  rows: readonly ArgumentRow[],
): SourceText[] {
  const groups: { origin: OriginView; text: string; paths: string[] }[] = [];
  // The longest first: what is cut out around one value may lie within what is cut out around another.
  for (const { path, origin, text } of excerpts.toSorted((a, b) => b.text.length - a.text.length)) {
    const known = groups.find((group) => isSamePlace(group.origin, origin) && group.text.includes(text));
    if (known === undefined) groups.push({ origin, text, paths: [bare(path)] });
    else if (!known.paths.includes(bare(path))) known.paths.push(bare(path));
  }
  const heldPaths = new Set(rows.filter(({ isHeld }) => isHeld).map(({ path }) => path));
  const isHeld = ({ paths }: { readonly paths: readonly string[] }) => paths.some((path) => heldPaths.has(path));
  return groups
    .toSorted((a, b) => Number(isHeld(b)) - Number(isHeld(a)))
    .map(({ origin, text, paths }) => {
      const held = paths.filter((path) => heldPaths.has(path));
      const others = paths.filter((path) => !heldPaths.has(path));
      const sought = (held.length > 0 ? held : others).flatMap((path) => valuesAt(path, rows));
      return { paths: [...held, ...others], origin, text, sought };
    });
}

const isSamePlace = (a: OriginView, b: OriginView): boolean => a.source === b.source && a.field === b.field;

/** What to look for in a text: the links of a value where it has any, for the value around them was hardly read as a whole. */
function valuesAt(path: string, rows: readonly ArgumentRow[]): string[] {
  const row = rows.find((one) => one.path === path);
  if (row === undefined) return [];
  return row.links.length > 0 ? row.links.map(({ value }) => value) : [row.value];
}
