import type { ArgumentProvenance, Finding, FlowRule, Origin } from './provenance.ts';
import type { Field } from './sources.ts';
import type { Integrity, Label } from './labels.ts';
import type { Judging } from './rules/rule.ts';
import type { Leaf } from './leaves.ts';
import type { Part } from './parts.ts';
import type { ReasonCode } from '../reasons.ts';
import { atLeast, higher, lower } from './labels.ts';
import { covers } from './leaves.ts';
import { findPart } from './match.ts';
import { fold } from './text.ts';
import { isSensitivePath } from './rules/derived.ts';
import { originOf } from './sources.ts';
import { partsOf } from './parts.ts';
import { decodeMarkup, isSaidAsPhone, scan } from './typed.ts';
import { secretsIn } from './rules/classes.ts';
import { showText } from '../normalize/show.ts';
import { vouchRules } from './rules/index.ts';
import { worth } from './rules/rule.ts';

/** A value of a call with where it came from, and what that is worth after all rules. */
export interface Weighed {
  readonly provenance: ArgumentProvenance;
  readonly leaf: Leaf;
  readonly parts: readonly Part[] | undefined;
  /** The part that is worth least. */
  readonly weakest?: Part;
}

/** One argument, part by part: it is worth what its least part is. */
export function weighLeaf(leaf: Leaf, judging: Judging): Weighed {
  const parts = partsOf(leaf);
  if (!parts) return notPlain(leaf, judging);
  let least: PartWeight = { integrity: 'operator', fields: [] };
  let weakest: Part | undefined;
  for (const part of parts) {
    const weighed = weighPart(part, leaf, judging, leaf.role === 'target');
    if (weakest === undefined || !atLeast(weighed.integrity, least.integrity)) {
      least = weighed;
      weakest = part;
    }
  }
  return {
    leaf,
    parts,
    ...(weakest ? { weakest } : {}),
    provenance: toProvenance(leaf, String(leaf.value), leaf.role, least, judging),
  };
}

/** Written so that it looks like another value: nothing vouches for it. */
const notPlain = (leaf: Leaf, judging: Judging): Weighed => ({
  leaf,
  parts: undefined,
  provenance: toProvenance(
    leaf,
    String(leaf.value),
    leaf.role,
    { integrity: leaf.role === 'target' ? 'untrusted' : 'derived', fields: [] },
    judging,
  ),
});

interface PartWeight {
  readonly integrity: Integrity;
  readonly fields: readonly Field[];
  readonly rule?: FlowRule;
}

/** What a value is worth by where it was found; where that is too little, by the first rule that vouches for it. */
function weighPart(part: Part, leaf: Leaf, judging: Judging, asTarget: boolean): PartWeight {
  const fields = findPart(part, leaf.key, judging.tool, judging.sources);
  let own: Integrity | undefined;
  for (const field of fields) {
    const value = worth(field, part, judging.memory);
    own = own === undefined ? value : higher(own, value);
  }
  const integrity = own ?? 'derived';
  const ordered = fields.toSorted((a, b) =>
    atLeast(worth(a, part, judging.memory), worth(b, part, judging.memory)) ? -1 : 1,
  );
  const demanded = demandOf(leaf, judging);
  if (!asTarget || atLeast(integrity, demanded)) return { integrity, fields: ordered };
  for (const { rule, vouches } of vouchRules) {
    if (!judging.on(rule)) continue;
    const vouched = vouches({ leaf, part, fields }, judging);
    if (vouched && atLeast(vouched, integrity)) return { integrity: vouched, fields: ordered, rule };
  }
  return { integrity, fields: ordered };
}

export const demandOf = (leaf: Leaf, { manifest }: Judging): Integrity =>
  Object.entries(manifest.demand).find(([path]) => covers(path, leaf.pattern))?.[1] ?? 'trusted';

/** Links, addresses and accounts inside content: each is a target too. */
export function weighLinks(leaf: Leaf, text: string, judging: Judging): Weighed[] {
  const seen = new Set<string>();
  const weighed: Weighed[] = [];
  const shown = fold(decodeMarkup(text));
  for (const { kind, value, text: as } of scan(shown)) {
    const isPhone = kind === 'phone' && isSaidAsPhone(shown, as);
    if (!(kind === 'email' || kind === 'url' || kind === 'account' || isPhone) || seen.has(value)) continue;
    seen.add(value);
    const part: Part = kind === 'url' ? { kind, value, host: value.split(/[/?:]/)[0] ?? value } : { kind, value };
    const link = { ...leaf, role: 'content' as const };
    const weight = weighPart(part, link, judging, true);
    weighed.push({
      leaf: link,
      parts: [part],
      weakest: part,
      provenance: toProvenance(leaf, as, 'link', weight, judging),
    });
    if (weighed.length >= 50) break;
  }
  return weighed;
}

function toProvenance(
  leaf: Leaf,
  value: string,
  role: ArgumentProvenance['role'],
  { integrity, fields, rule }: PartWeight,
  { memory }: Judging,
): ArgumentProvenance {
  const labels = new Set<Label>(fields.slice(0, 20).flatMap((field) => field.labels));
  if (secretsIn(value, memory.secrets).length > 0) labels.add('secret');
  const origins: Origin[] = [];
  for (const field of fields) {
    if (origins.length >= 5) break;
    origins.push(originOf(field));
  }
  return {
    path: leaf.path,
    value: showText(value),
    role,
    integrity,
    labels: [...labels],
    origins,
    ...(rule ? { rule } : {}),
  };
}

/** Targets and links that nothing vouches for. */
export function findingOf({ provenance, leaf, parts }: Weighed, judging: Judging): Finding | undefined {
  const { role, integrity, origins, path, value } = provenance;
  const demanded = demandOf(leaf, judging);
  if (role === 'content' || atLeast(integrity, demanded)) return undefined;
  const [origin] = origins;
  const code: ReasonCode = role === 'link' ? 'untrusted_link' : 'untrusted_target';
  const rule: FlowRule = role === 'link' ? 'links' : 'targets';
  const from =
    parts === undefined
      ? 'written with characters that show nothing or look like others'
      : origin
        ? `found only in ${integrity} text`
        : 'found nowhere in what was read';
  return { rule, code, path, value, ...(origin ? { origin } : {}), detail: `${from}; ${demanded} is demanded` };
}

/** A local write is no sink, unless it hits a place that opens other doors. */
export function sensitivePlace({ leaves, sources, manifest }: Judging): Finding | undefined {
  const leaf = leaves.find(
    ({ value, role, key }) =>
      role === 'target' &&
      typeof value === 'string' &&
      /path|file|dir|folder|dest|source/i.test(key) &&
      isSensitivePath(fold(value)),
  );
  if (!leaf || sources.holding(fold(String(leaf.value)), true).some(({ integrity }) => atLeast(integrity, 'user')))
    return undefined;
  return {
    rule: 'local',
    code: 'untrusted_target',
    path: leaf.path,
    value: showText(String(leaf.value)),
    detail: `a place that holds keys or settings, which the user did not name (${manifest.effect})`,
  };
}

export const leastOf = (weighed: readonly Weighed[]): Integrity =>
  weighed.reduce<Integrity>((least, { provenance }) => lower(least, provenance.integrity), 'operator');
