import type { Integrity, Label } from './labels.ts';
import type { Manifest } from './manifest.ts';
import type { ReasonCode } from '../reasons.ts';

/** One place a value was read. */
export interface Origin {
  /** Number of the source within its session, from 1. */
  readonly source: number;
  readonly role: 'system' | 'user' | 'tool';
  /** Of a result: the tool, and the place of the field. */
  readonly tool?: string;
  readonly field?: string;
  readonly integrity: Integrity;
}

export const flowRules = [
  'targets',
  'links',
  'intent',
  'lookups',
  'people',
  'senders',
  'identity',
  'delegation',
  'sources',
  'confirmations',
  'sites',
  'derived',
  'amounts',
  'classes',
  'endorsements',
  'local',
] as const;
/** The rules of information flow, each one file of `flow/rules`; a profile says which are on. */
export type FlowRule = (typeof flowRules)[number];

/** Where one leaf of a call's arguments came from. */
export interface ArgumentProvenance {
  /** `arguments.to[0]`; of a link inside a content argument, the argument's. */
  readonly path: string;
  /** Short and visible. */
  readonly value: string;
  readonly role: 'target' | 'content' | 'link';
  readonly integrity: Integrity;
  readonly labels: readonly Label[];
  /** At most five, the most believable first. Empty: found nowhere. */
  readonly origins: readonly Origin[];
  /** The rule that vouched for it or held it; absent where its own integrity was enough. */
  readonly rule?: FlowRule;
}

/** Why a call is held. */
export interface Finding {
  readonly rule: FlowRule;
  readonly code: ReasonCode;
  readonly path?: string;
  readonly value?: string;
  readonly origin?: Origin;
  readonly detail: string;
}

/** What this session has done so far, by tool. */
export interface Trajectory {
  readonly called: Readonly<Record<string, number>>;
  readonly denied: Readonly<Record<string, number>>;
  readonly held: Readonly<Record<string, number>>;
  /** Tools whose results were read. */
  readonly read: readonly string[];
}

/** Everything the guards may know of one call's flow; made once for each call, before it is judged. */
export interface Trace {
  readonly manifest: Manifest;
  /** Whether anything that third parties wrote was read in this session. */
  readonly tainted: boolean;
  /** Labels of what this call would carry. */
  readonly labels: readonly Label[];
  readonly provenance: readonly ArgumentProvenance[];
  readonly trajectory: Trajectory;
  readonly findings: readonly Finding[];
  /** Untrusted text around each value, by path: hostile, for the approver's eyes. */
  excerpts(): readonly Excerpt[];
  /** What the user asked for, newest last. */
  requests(): readonly string[];
}

export interface Excerpt {
  readonly path: string;
  readonly origin: Origin;
  readonly text: string;
}
