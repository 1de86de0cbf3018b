import type { Decision } from '../decision.ts';
import type { Entry } from '../entries.ts';
import type { Redactor } from './redactor.ts';
import type { Vault } from '../ports.ts';
import type { Where } from './policy.ts';

/** The vault of a session as far as it is in memory: a log does not wait. */
export type VaultAtHand = (sessionId: string) => Vault | undefined;

/** What is no text of anybody's: ids, and words of closed tables. */
const fixed: ReadonlySet<string> = new Set([
  'id',
  'tenant',
  'sessionId',
  'agentId',
  'userId',
  'eventId',
  'kind',
  'phase',
  'actor',
  'action',
  'outcome',
  'guard',
  'mode',
  'code',
  'role',
  'integrity',
  'policy',
  'approval',
]);
/** Nothing that is looked for is shorter. */
const shortest = 5;

/** Whose words are masked: the session whose tokens' values are known, and the tool that they are of. */
interface About {
  readonly sessionId?: string;
  readonly tool?: string;
}

interface Masking {
  readonly where: Where;
  readonly vault: Vault | undefined;
}

/** A decision in which nothing had to be masked, and what was known of its session's values by then. */
interface Clean extends Masking {
  readonly decision: Decision;
  readonly size: number;
}

/**
 * Masks whatever the policy does not allow in all that is kept or told of events: entries, decisions, lines of a log. One
 * way: nothing of it can be restored.
 */
export class LogMask {
  readonly #redactor: Redactor;
  readonly #vaultOf: VaultAtHand;
  /** The last one: a decision is put on record right after it was masked. */
  #clean: Clean | undefined;

  constructor(redactor: Redactor, vaultOf: VaultAtHand = () => undefined) {
    this.#redactor = redactor;
    this.#vaultOf = vaultOf;
  }

  text(text: string, about: About = {}): string {
    return this.#text(text, this.#masking(about));
  }

  entry<E extends Entry>(entry: E): E {
    if (entry.phase === 'operator') return this.#value(entry, this.#masking({})) as E;
    const { sessionId, kind, subject } = entry;
    const isTools = kind === 'tool_call' || kind === 'tool_result';
    const masking = this.#masking({ sessionId, ...(isTools ? { tool: subject } : {}) });
    return this.#value(entry, masking, this.#cleanFor(masking)) as E;
  }

  decision(decision: Decision, sessionId: string, tool?: string): Decision {
    const masking = this.#masking({ sessionId, ...(tool === undefined ? {} : { tool }) });
    const masked = this.#value(decision, masking) as Decision;
    this.#clean = masked === decision ? { ...masking, decision, size: masking.vault?.size ?? 0 } : undefined;
    return masked;
  }

  #masking({ sessionId, tool }: About): Masking {
    const where = tool === undefined ? everywhere : ({ direction: 'log', tool } as const);
    return { where, vault: sessionId === undefined ? undefined : this.#vaultOf(sessionId) };
  }

  /** The decision of which masking it once more would leave everything as it is. */
  #cleanFor({ where, vault }: Masking): Decision | undefined {
    const clean = this.#clean;
    const holds = clean?.vault === vault && clean?.where.tool === where.tool && clean?.size === (vault?.size ?? 0);
    return holds ? clean?.decision : undefined;
  }

  #text(text: string, { where, vault }: Masking): string {
    return text.length < shortest ? text : this.#redactor.redact(text, where, vault, 'model').text;
  }

  /** A copy where anything was masked. */
  #value(value: unknown, masking: Masking, clean?: Decision): unknown {
    if (typeof value === 'string') return this.#text(value, masking);
    if (typeof value !== 'object' || value === null || value === clean) return value;
    if (Array.isArray(value)) return this.#list(value, masking);
    let made: Record<string, unknown> | undefined;
    for (const name in value) {
      if (fixed.has(name)) continue;
      const item = (value as Record<string, unknown>)[name];
      const masked = this.#value(item, masking, clean);
      if (masked !== item) (made ??= { ...value })[name] = masked;
    }
    return made ?? value;
  }

  #list(list: readonly unknown[], masking: Masking): readonly unknown[] {
    let made: unknown[] | undefined;
    for (let at = 0; at < list.length; at++) {
      const masked = this.#value(list[at], masking);
      if (masked !== list[at]) (made ??= [...list])[at] = masked;
    }
    return made ?? list;
  }
}

const everywhere = { direction: 'log' } as const;
