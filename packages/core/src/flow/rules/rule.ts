import type { ActionKind, Manifest } from '../manifest.ts';
import type { Asked } from '../intent.ts';
import type { Field, Sources } from '../sources.ts';
import type { FlowRule } from '../provenance.ts';
import type { Integrity } from '../labels.ts';
import type { Leaf } from '../leaves.ts';
import type { Memory } from '../memory.ts';
import type { Part } from '../parts.ts';
import { atLeast } from '../labels.ts';

/** One call as the rules see it. */
export interface Judging {
  readonly tool: string;
  readonly manifest: Manifest;
  /** See `strangeNames`. */
  readonly names: ReadonlySet<string>;
  readonly leaves: readonly Leaf[];
  /** Kinds of action that the call is, and whether the user asked for one of them, or left it to a source to ask. */
  readonly kinds: ReadonlySet<ActionKind>;
  readonly asked: Asked;
  readonly isAsked: boolean;
  /** Deletes, or hands over. */
  readonly isGrave: boolean;
  /** `read`: the target is fetched and nothing is sent but the address. */
  readonly use: 'read' | 'act';
  /** An address among the targets leads nowhere else. */
  readonly isOwn: boolean;
  readonly sources: Sources;
  readonly memory: Memory;
  readonly userId: string;
  /** Integrity of the least believed target so far, without amounts: what `amounts` rests on. */
  readonly recipient: () => Integrity;
  readonly on: (rule: FlowRule) => boolean;
}

/** A part of an argument, and where it was found. */
export interface Sought {
  readonly leaf: Leaf;
  readonly part: Part;
  readonly fields: readonly Field[];
}

/** A rule that can vouch for a value whose own integrity is too low. Each is one file. */
export interface VouchRule {
  readonly rule: FlowRule;
  vouches(sought: Sought, judging: Judging): Integrity | undefined;
}

/**
 * Whether a value came back that a call had carried without being believed: an echo, a sent folder, a note. It is worth no
 * more than before; otherwise one call would launder the next one's target.
 */
export function isEchoed({ source }: Field, { kind, value }: Part, memory: Memory): boolean {
  const writtenAfter = memory.written.get(`${kind}:${value}`) ?? memory.written.get(`text:${value}`);
  return source.role === 'tool' && writtenAfter !== undefined && source.id > writtenAfter;
}

/** What a field is worth for a value. */
export function worth(field: Field, part: Part, memory: Memory): Integrity {
  if (isEchoed(field, part, memory)) return 'untrusted';
  // A field that strangers cannot forge still says only that somebody is there: anyone can pay in a cent.
  const isAnyones = reaching.has(part.kind) && field.source.role === 'tool' && field.integrity === 'trusted';
  return isAnyones && !atLeast(field.source.integrity, 'trusted') ? 'untrusted' : field.integrity;
}

/** Values by which somebody is reached. */
export const reaching: ReadonlySet<Part['kind']> = new Set(['email', 'url', 'account', 'phone']);

/** Whether a field stands in a result that the agent looked up for the user, by words that no stranger chose. */
export const isOwnLookup = ({ source, structural }: Field): boolean =>
  structural && source.role === 'tool' && source.cleanQuery && (source.lookup || atLeast(source.integrity, 'trusted'));

/** The parts of a text that the user typed, or that the operator set. */
export const isUsers = ({ integrity, source }: Field): boolean => source.role !== 'tool' && atLeast(integrity, 'user');
