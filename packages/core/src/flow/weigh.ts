import type { ArgumentProvenance, FlowRule, Origin } from './provenance.ts';
import type { Field, Sources } from './sources.ts';
import type { Integrity, Label } from './labels.ts';
import type { Judging } from './rules/rule.ts';
import type { Leaf } from './leaves.ts';
import type { Part } from './parts.ts';
import { atLeast, higher, integrities, lower } from './labels.ts';
import { covers } from './leaves.ts';
import { findPart } from './match.ts';
import { fold, placeOf } from './text.ts';
import { originOf } from './sources.ts';
import { decodeMarkup, isSaidAsPhone, scan } from './typed.ts';
import { secretsIn } from './rules/classes.ts';
import { showText } from '../normalize/show.ts';
import { vouchRules } from './rules/index.ts';
import { reaching, worth } from './rules/rule.ts';

/** A value of a call with where it came from, and what that is worth after all rules. */
export interface Weighed {
  readonly provenance: ArgumentProvenance;
  readonly leaf: Leaf;
  readonly parts: readonly Part[] | undefined;
}

/** One argument, part by part: it is worth what its least part is. */
function weighLeaf(leaf: Leaf, judging: Judging): Weighed {
  const { parts } = leaf;
  if (!parts) return notPlain(leaf, judging);
  let least: PartWeight = { integrity: 'operator', fields: [] };
  let isFirst = true;
  for (const part of parts) {
    const weighed = weighPart(part, leaf, judging, leaf.role === 'target');
    if (isFirst || !atLeast(weighed.integrity, least.integrity)) least = weighed;
    isFirst = false;
  }
  return {
    leaf,
    parts,
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
  const demanded = demandOf(leaf, judging);
  if (!asTarget || atLeast(integrity, demanded)) return { integrity, fields };
  for (const each of vouchRules) {
    const vouched = judging.on(each.rule) ? each.vouches({ leaf, part, fields }, judging) : undefined;
    if (vouched && atLeast(vouched, integrity)) return { integrity: vouched, fields, rule: each.rule };
  }
  return { integrity, fields };
}

export function demandOf(leaf: Leaf, { manifest: { demand } }: Judging): Integrity {
  const path = Object.keys(demand).find((each) => covers(each, leaf.pattern));
  return (path === undefined ? undefined : demand[path]) ?? 'trusted';
}

const hostIn = (address: string): string => /^(?:\[[^\]]*\]|[^/?:]*)/.exec(address)?.[0] ?? address;

const maxLinks = 50;

/** Behind so many links nobody looks: the rest count as one that nothing vouches for. */
const tooMany = (leaf: Leaf, judging: Judging): Weighed => ({
  leaf: { ...leaf, role: 'content' },
  parts: [],
  provenance: toProvenance(
    leaf,
    `more than ${maxLinks} links`,
    'link',
    { integrity: 'untrusted', fields: [] },
    judging,
  ),
});

/** Links, addresses and accounts inside content: each is a target too. */
function weighLinks(leaf: Leaf, text: string, judging: Judging): Weighed[] {
  const seen = new Set<string>();
  const weighed: Weighed[] = [];
  const shown = fold(decodeMarkup(text));
  for (const { kind, value, text: as } of scan(shown, ['email', 'url', 'phone', 'account'])) {
    if (seen.has(value) || (kind === 'phone' && !isSaidAsPhone(shown, as))) continue;
    seen.add(value);
    const part: Part = kind === 'url' ? { kind, value, host: hostIn(value) } : { kind, value };
    const link = { ...leaf, role: 'content' as const };
    const weight = weighPart(part, link, judging, true);
    weighed.push({
      leaf: link,
      parts: [part],
      provenance: toProvenance(leaf, as, 'link', weight, judging),
    });
    if (weighed.length >= maxLinks) return [...weighed, tooMany(leaf, judging)];
  }
  return weighed;
}

const maxLabelled = 300;

/** Labels of what stands inside a longer text. A label is lost where the model says the same in other words. */
function labelsIn(text: string, { labelled }: Sources): Label[] {
  if (labelled.length === 0) return [];
  const folded = fold(text);
  return labelled
    .slice(-maxLabelled)
    .filter(
      (field) => field.text.length >= 5 && field.text.length < folded.length && placeOf(folded, field.text) !== -1,
    )
    .flatMap((field) => field.labels);
}

const unlabelled: readonly Label[] = [];

function labelsOf(
  leaf: Leaf,
  value: string,
  role: ArgumentProvenance['role'],
  fields: readonly Field[],
  { memory, sources }: Judging,
): readonly Label[] {
  if (sources.labelled.length === 0 && memory.secrets.size === 0) return unlabelled;
  // Where something is sent is no data that is sent there.
  const carried = role === 'target' && leaf.parts?.some(({ kind }) => reaching.has(kind)) ? [] : fields.slice(0, 20);
  const labels = new Set<Label>();
  for (const field of carried) for (const label of field.labels) labels.add(label);
  if (role === 'content') for (const label of labelsIn(value, sources)) labels.add(label);
  if (secretsIn(value, memory.secrets).length > 0) labels.add('secret');
  return [...labels];
}

const bestFirst = integrities.toReversed();

/** At most five, the most believable first. */
function originsOf(fields: readonly Field[]): Origin[] {
  const origins: Origin[] = [];
  if (fields.length === 0) return origins;
  for (const integrity of bestFirst) {
    for (const field of fields) {
      if (origins.length >= 5) return origins;
      if (field.integrity === integrity) origins.push(originOf(field));
    }
  }
  return origins;
}

function toProvenance(
  leaf: Leaf,
  value: string,
  role: ArgumentProvenance['role'],
  { integrity, fields, rule }: PartWeight,
  judging: Judging,
): ArgumentProvenance {
  return {
    path: leaf.path,
    value: showText(value),
    role,
    integrity,
    labels: labelsOf(leaf, value, role, fields, judging),
    origins: originsOf(fields),
    ...(rule ? { rule } : {}),
  };
}

/** Integrity of the least believed target that is no amount. */
export const recipientOf = (judging: Judging): Integrity =>
  judging.leaves
    .filter((leaf) => leaf.role === 'target' && leaf.parts?.[0]?.kind !== 'number')
    .reduce<Integrity>((least, leaf) => lower(least, weighLeaf(leaf, judging).provenance.integrity), 'operator');

/** Every argument, with the links in it, and in the files that this session wrote and that would leave. */
export function weighAll(judging: Judging): Weighed[] {
  const all: Weighed[] = [];
  for (const leaf of judging.leaves) {
    all.push(weighLeaf(leaf, judging));
    for (const text of textsIn(leaf, judging)) all.push(...weighLinks(leaf, text, judging));
  }
  return all;
}

/** Texts that a leaf carries: itself where it is content, else what was written into the file that it names. */
function textsIn({ value, role, text }: Leaf, { manifest, memory }: Judging): readonly string[] {
  if (typeof value !== 'string') return [];
  if (role === 'content') return [value];
  return manifest.local ? [] : (memory.files.get(text) ?? []);
}
