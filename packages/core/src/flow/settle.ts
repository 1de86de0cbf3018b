import type { FlowPiece, Learner } from './learner.ts';
import type { Judging } from './rules/rule.ts';
import type { Memory } from './memory.ts';
import type { Weighed } from './weigh.ts';
import { atLeast } from './labels.ts';
import { endorsedTool, endorsementOf } from './memory.ts';
import { findingOf } from './findings.ts';
import { canonicalNumber } from './typed.ts';
import { reaching } from './rules/rule.ts';

/** Takes down what a decided call leaves behind: what will come back as an echo, what was queued, spent and approved. */
export function settle(
  piece: FlowPiece & { kind: 'settled' },
  judging: Judging,
  weighed: readonly Weighed[],
  learner: Learner,
): void {
  const { tool, callId, args, outcome = 'allow', approved = false, endorses = false } = piece;
  const { memory, sources } = learner;
  const counts = outcome === 'deny' ? memory.denied : outcome === 'require_approval' ? memory.held : memory.called;
  counts.set(tool, (counts.get(tool) ?? 0) + 1);
  // What was held is noted as well: the operation may have been done elsewhere, and would come back in a listing.
  for (const each of weighed) if (!isBelieved(each)) noteWritten(each, sources.texts.length, memory);
  if (outcome === 'deny' || outcome === 'require_approval') return;
  learner.called(callId, { tool, args, names: judging.names, leaves: judging.leaves });
  if (approved) memory.approvedCalls.add(callId);
  else if (learner.tainted && weighed.some(reachesStranger)) {
    memory.tainted.add(callId);
    memory.doubted.add(tool);
  }
  queue(tool, judging);
  for (const each of weighed) spend(tool, each, memory);
  if (endorses) {
    memory.endorsed.add(endorsedTool(tool));
    for (const each of weighed) endorse(each, judging);
  }
  if (judging.manifest.local) noteFile(judging);
}

const isBelieved = ({ provenance }: Weighed): boolean => atLeast(provenance.integrity, 'trusted');

const reachesStranger = (weighed: Weighed): boolean =>
  weighed.provenance.role !== 'content' &&
  !isBelieved(weighed) &&
  (weighed.parts ?? []).some(({ kind }) => reaching.has(kind));

/** Where these come back, they are no more than they were. */
function noteWritten({ leaf, parts, provenance }: Weighed, source: number, { written, writtenTo }: Memory): void {
  // An address that is all of a content argument is weighed, and noted, as a link.
  if (provenance.role === 'content' && parts?.some(({ kind }) => reaching.has(kind))) return;
  const note = (token: string): void => {
    if (!written.has(token)) written.set(token, source);
  };
  for (const { kind, value, host } of parts ?? []) {
    const token = `${kind}:${value}`;
    note(token);
    if (kind === 'email' || kind === 'url' || kind === 'account') writtenTo.add(token);
    if (host !== undefined) note(`host:${host}`);
  }
  if (typeof leaf.value === 'boolean' || provenance.role === 'link') return;
  if (leaf.text.length <= 200) note(`text:${leaf.text}`);
}

/** A confirmation uses up the operation that it releases. */
function queue(tool: string, { manifest, memory: { queued } }: Judging): void {
  const confirmed = manifest.confirms.find((each) => (queued.get(each) ?? 0) > 0);
  if (confirmed === undefined) queued.set(tool, (queued.get(tool) ?? 0) + 1);
  else queued.set(confirmed, (queued.get(confirmed) ?? 1) - 1);
}

function spend(tool: string, { leaf, provenance }: Weighed, { spent }: Memory): void {
  if (provenance.rule !== 'amounts') return;
  const place = `${tool} ${leaf.pattern}`;
  spent.set(place, (spent.get(place) ?? 0) + Math.abs(Number(canonicalNumber(String(leaf.value)))));
}

/** Only what was asked about: an answer to one value is none to those beside it. */
function endorse(weighed: Weighed, judging: Judging): void {
  const { parts, provenance } = weighed;
  if (provenance.role === 'content' || !findingOf(weighed, judging)) return;
  for (const part of parts ?? [])
    judging.memory.endorsed.add(endorsementOf(part, judging.use, provenance.role, judging.tool));
}

function noteFile({ leaves, memory }: Judging): void {
  const texts = leaves.flatMap(({ role, value }) => (role === 'content' && typeof value === 'string' ? [value] : []));
  for (const { role, value, text } of leaves) {
    if (role === 'target' && typeof value === 'string' && value.includes('/')) memory.files.set(text, texts);
  }
}
