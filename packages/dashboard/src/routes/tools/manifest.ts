import type { AdminInput, ToolView } from '@sallyport/core/admin';
import type { Tone } from '../../components/Mark.tsx';

export type ManifestView = ToolView['manifest'];
export type ManifestGiven = AdminInput<'tools.confirm'>['body']['manifest'];
export type EffectName = ManifestView['effect'];
type TrustName = ManifestView['results']['trust'];

export const fromNames: Readonly<Record<ToolView['from'], string>> = {
  config: 'The configuration',
  confirmed: 'An operator',
  unknown: 'Nobody',
};
export const fromTones: Readonly<Record<ToolView['from'], Tone>> = {
  config: 'allow',
  confirmed: 'allow',
  unknown: 'hold',
};

export const effectTexts: Readonly<Record<EffectName, { readonly name: string; readonly means: string }>> = {
  read: { name: 'Reads', means: 'changes nothing' },
  write: { name: 'Writes', means: 'changes or creates something' },
  send: { name: 'Sends', means: 'reaches someone else' },
  delete: { name: 'Deletes', means: 'takes something away' },
  execute: { name: 'Executes', means: 'may do anything' },
};
export const effectNames = Object.keys(effectTexts) as EffectName[];

/** Who chooses, where nobody has: every effect but reading leaves the session. */
export const isSink = ({ effect, sink }: Pick<ManifestView, 'effect' | 'sink'>): boolean => sink ?? effect !== 'read';

/** One row of the editor: an argument or field, and what is said of it. */
export interface Pair<T> {
  readonly path: string;
  readonly value: T;
}

/** What the editor holds. What it does not show (`rest`) stays as it was. */
export interface ManifestDraft {
  readonly effect: EffectName;
  readonly local: boolean;
  readonly sink: 'default' | 'yes' | 'no';
  /** Absent: every argument that is not content. */
  readonly target: readonly string[] | undefined;
  readonly content: readonly string[];
  readonly caps: readonly Pair<number | undefined>[];
  readonly confirms: readonly string[];
  readonly trust: TrustName;
  readonly format: ManifestView['results']['format'];
  readonly fields: readonly Pair<TrustName>[];
  readonly echoes: boolean;
  readonly labels: readonly string[];
  readonly rest: Pick<ManifestView, 'kinds' | 'egress' | 'demand'> & Pick<ManifestView['results'], 'fieldLabels'>;
}

export function draftOf(manifest: ManifestView): ManifestDraft {
  const { effect, local, sink, target, content, caps, confirms, results, kinds, egress, demand } = manifest;
  return {
    effect,
    local,
    sink: sink === undefined ? 'default' : sink ? 'yes' : 'no',
    target,
    content,
    caps: Object.entries(caps).map(([path, value]) => ({ path, value })),
    confirms,
    trust: results.trust,
    format: results.format,
    fields: Object.entries(results.fields).map(([path, value]) => ({ path, value })),
    echoes: results.echoes,
    labels: results.labels,
    rest: { kinds, egress, demand, fieldLabels: results.fieldLabels },
  };
}

export function manifestOf(draft: ManifestDraft): ManifestGiven {
  const { kinds, egress, demand, fieldLabels } = draft.rest;
  const caps = draft.caps.flatMap(({ path, value }) => (value === undefined ? [] : [[path.trim(), value] as const]));
  return {
    effect: draft.effect,
    local: draft.local,
    ...(draft.sink === 'default' ? {} : { sink: draft.sink === 'yes' }),
    ...(draft.target === undefined ? {} : { target: [...draft.target] }),
    content: [...draft.content],
    demand,
    ...(kinds === undefined ? {} : { kinds }),
    ...(egress === undefined ? {} : { egress }),
    caps: Object.fromEntries(caps),
    confirms: [...draft.confirms],
    results: {
      trust: draft.trust,
      format: draft.format,
      fields:
        draft.format === 'records'
          ? Object.fromEntries(draft.fields.map(({ path, value }) => [path.trim(), value]))
          : {},
      echoes: draft.echoes,
      labels: [...draft.labels],
      fieldLabels,
    },
  };
}

/** What is missing before it can be saved, in words; the server judges the rest. */
export function lacks({ target = [], content, caps, fields, labels }: ManifestDraft): string | undefined {
  const both = content.find((path) => target.includes(path));
  if (both !== undefined) return `${both} is either a target or content, not both.`;
  const empty = [...caps, ...fields].some(({ path }) => path.trim() === '');
  if (empty) return 'Name the argument or field of each row.';
  const capless = caps.find(({ value }) => value === undefined);
  if (capless !== undefined) return `Give ${capless.path} an amount.`;
  const bad = labels.find((label) => !/^[a-z][a-z0-9_:-]{0,63}$/.test(label));
  if (bad !== undefined) return `${bad}: a label is lower-case letters, digits, _, : and -.`;
  return undefined;
}

/** Parts of a manifest that the editor does not show and keeps. */
export function keptOf({ rest }: ManifestDraft): string[] {
  const { kinds, egress, demand, fieldLabels } = rest;
  return [
    kinds === undefined ? '' : `kinds ${kinds.join(', ')}`,
    egress === undefined ? '' : `egress ${egress ? 'yes' : 'no'}`,
    ...Object.entries(demand).map(([path, integrity]) => `demand ${path}: ${integrity}`),
    ...Object.entries(fieldLabels).map(([path, labels]) => `labels of ${path}: ${labels.join(', ')}`),
  ].filter((part) => part !== '');
}

/** In one line: which arguments choose who, where or what is affected. */
export function targetsText({ target, content }: ManifestView, seen: readonly string[] = []): string {
  if (target !== undefined) return target.length === 0 ? 'none' : target.join(', ');
  const known = seen.filter((path) => !content.includes(path));
  if (content.length === 0) return seen.length === 0 ? 'all' : `all: ${known.join(', ')}`;
  return known.length === 0 ? `all but ${content.join(', ')}` : known.join(', ');
}

/** In one line: who can write what it returns. */
export function resultsText({ results: { trust, fields } }: ManifestView): string {
  const others = Object.entries(fields).flatMap(([path, value]) => (value === trust ? [] : [path]));
  if (others.length === 0) return trust;
  return `${trust}, but ${others.join(', ')} ${trust === 'trusted' ? 'untrusted' : 'trusted'}`;
}
