import type { Finding, FlowRule } from './provenance.ts';
import type { Judging } from './rules/rule.ts';
import type { Label } from './labels.ts';
import type { ReasonCode } from '../reasons.ts';
import type { Scope } from '../session.ts';
import type { Weighed } from './weigh.ts';
import { atLeast } from './labels.ts';
import { classes } from './rules/classes.ts';
import { demandOf } from './weigh.ts';
import { endorsedTool, endorsementOf } from './memory.ts';
import { intent } from './rules/intent.ts';
import { isSensitivePath } from './rules/derived.ts';
import { isSink } from './manifest.ts';
import { isUrlKey } from './parts.ts';
import { showText } from '../normalize/show.ts';

/** Why a call in a tainted session is held; none where it may run. */
export function findingsOf(
  judging: Judging,
  weighed: readonly Weighed[],
  labels: readonly Label[],
  scope?: Scope,
): Finding[] {
  const { manifest, memory } = judging;
  const fetches = manifest.egress ?? (!judging.isOwn && weighed.some(isAddressed));
  if (manifest.local && !fetches) return present([sensitivePlace(judging)]);
  if (!isSink(manifest) && !fetches) return [];
  const confirms = manifest.confirms.some((tool) => (memory.queued.get(tool) ?? 0) > 0);
  if (judging.on('confirmations') && confirms) return [];
  const found = present(weighed.map((each) => findingOf(each, judging)));
  const asked = judging.on('intent') && !isEndorsed(weighed, judging) ? intent(judging) : undefined;
  const carried = judging.on('classes') && judging.use === 'act' ? classes(labels, scope?.labels, judging) : undefined;
  return present([...found.filter(({ rule }) => judging.on(rule)), asked, carried]).slice(0, maxFindings);
}

const maxFindings = 20;

const present = (findings: readonly (Finding | undefined)[]): Finding[] =>
  findings.filter((finding) => finding !== undefined);

/** Whatever the tool is said to do, an address among its targets is fetched. */
const isAddressed = ({ parts, leaf }: Weighed): boolean =>
  leaf.role === 'target' && (isUrlKey(leaf.key) || (parts?.some(({ kind }) => kind === 'url') ?? false));

/** Whoever approved every target of a call for this task has answered what intent would ask. */
function isEndorsed(weighed: readonly Weighed[], { memory, use, tool }: Judging): boolean {
  if (!memory.endorsed.has(endorsedTool(tool))) return false;
  const parts = weighed.filter(({ leaf }) => leaf.role === 'target').flatMap((each) => each.parts ?? []);
  return parts.length > 0 && parts.every((part) => memory.endorsed.has(endorsementOf(part, use, 'target', tool)));
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
function sensitivePlace({ leaves, sources, manifest }: Judging): Finding | undefined {
  const leaf = leaves.find(
    ({ value, role, key, text }) =>
      role === 'target' &&
      typeof value === 'string' &&
      /path|file|dir|folder|dest|source/i.test(key) &&
      isSensitivePath(text),
  );
  if (!leaf || sources.holding(leaf.text, true).some(({ integrity }) => atLeast(integrity, 'user'))) return undefined;
  return {
    rule: 'local',
    code: 'untrusted_target',
    path: leaf.path,
    value: showText(String(leaf.value)),
    detail: `a place that holds keys or settings, which the user did not name (${manifest.effect})`,
  };
}
