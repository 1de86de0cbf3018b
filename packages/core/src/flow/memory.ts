import type { Part } from './parts.ts';

/** What a session's calls have left behind, beside what was read. */
export class Memory {
  /** Values that calls carried without being believed: where they come back, they are believed no more than before. */
  readonly written = new Map<string, number>();
  /** Of these the addresses, pages and accounts. */
  readonly writtenTo = new Set<string>();
  /** Values that a person approved for this task. */
  readonly endorsed = new Set<string>();
  /** Operations let through that a confirmation may yet release, by tool. */
  readonly queued = new Map<string, number>();
  /** Paths that local writes made, with the text they wrote. */
  readonly files = new Map<string, readonly string[]>();
  /** Calls that hit something nobody vouched for, or carried somebody there. */
  readonly tainted = new Set<string>();
  /** Tools with a result that is worth no more than a stranger's word, whatever vouches for what they return. */
  readonly doubted = new Set<string>();
  /** Calls that a person approved: their results are as good as named. */
  readonly approvedCalls = new Set<string>();
  /** Names of people in the user's own words: written with a capital, because "discount" names nobody. Folded. */
  readonly names = new Set<string>();
  /** First and last names in the operator's prompt, folded. */
  readonly fullNames = new Set<string>();
  /** The same as `names` in text that the user named. */
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

/**
 * A value as it was approved: to mention an address is not to send there. Addresses, accounts and sites are the same wherever
 * they stand; file 7 is no order 7, and 100 of one thing not 100 of another.
 */
export const endorsementOf = (part: Part, use: 'read' | 'act', role: 'target' | 'link', tool: string): string => {
  if (part.kind === 'url') return `${role} ${use}:host:${part.host}`;
  const value = `${role} ${part.kind}:${part.value}`;
  return part.kind === 'email' || part.kind === 'account' || part.kind === 'phone' ? value : `${tool} ${value}`;
};

/** A tool whose call was approved for the task: what is asked again is not whether it may be done at all. */
export const endorsedTool = (tool: string): string => `tool ${tool}`;
