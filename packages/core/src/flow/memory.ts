import type { Part } from './parts.ts';

/** What a session's calls have left behind, beside what was read. */
export class Memory {
  /** Values that calls carried without being believed: where they come back, they are believed no more than before. */
  readonly written = new Map<string, number>();
  /** Values that a person approved for this task. */
  readonly endorsed = new Set<string>();
  /** Operations let through that a confirmation may yet release, by tool. */
  readonly queued = new Map<string, number>();
  /** Paths that local writes made, with the text they wrote. */
  readonly files = new Map<string, readonly string[]>();
  /** Calls that hit something nobody vouched for, or carried somebody there. */
  readonly tainted = new Set<string>();
  /** Calls that a person approved: their results are as good as named. */
  readonly approvedCalls = new Set<string>();
  /** Names of people in the user's own words: written with a capital, because "discount" names nobody. Folded. */
  readonly names = new Set<string>();
  /** The same in text that the user named. */
  readonly namedNames = new Set<string>();
  /** Every address seen anywhere, by each word of its local part. */
  readonly people = new Map<string, Set<string>>();
  /** Values of secrets that were read, folded, with the field they stood in. */
  readonly secrets = new Map<string, number>();
  /** Amounts that passed under a cap, by tool and argument: a cap is for the session. */
  readonly spent = new Map<string, number>();
  /** Calls by tool, whatever it is named. */
  readonly called = new Map<string, number>();
  readonly denied = new Map<string, number>();
  readonly held = new Map<string, number>();
}

/** A value as it was approved: to mention an address is not to send there. */
export const endorsementOf = (part: Part, use: 'read' | 'act', role: 'target' | 'link'): string =>
  `${role} ${part.kind === 'url' ? `${use}:host:${part.host}` : `${part.kind}:${part.value}`}`;
