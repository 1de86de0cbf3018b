import type { Decision } from '../decision.ts';
import type { Entry } from '../entries.ts';
import type { Redactor } from './redactor.ts';
import type { Vault } from '../ports.ts';

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
  'policy',
  'approval',
]);
/** Nothing that is looked for is shorter. */
const shortest = 5;

/**
 * Masks whatever the policy does not allow in all that is kept or told of events: entries, decisions, lines of a log. One
 * way: nothing of it can be restored.
 */
export class LogMask {
  readonly #redactor: Redactor;
  readonly #vaultOf: VaultAtHand;

  constructor(redactor: Redactor, vaultOf: VaultAtHand = () => undefined) {
    this.#redactor = redactor;
    this.#vaultOf = vaultOf;
  }

  /** @param about the session whose tokens' values are known, and the tool that the text is of */
  text(text: string, about: { readonly sessionId?: string; readonly tool?: string } = {}): string {
    if (text.length < shortest) return text;
    const { sessionId, tool } = about;
    const vault = sessionId === undefined ? undefined : this.#vaultOf(sessionId);
    return this.#redactor.redact(text, { direction: 'log', ...(tool === undefined ? {} : { tool }) }, vault, 'model')
      .text;
  }

  entry<E extends Entry>(entry: E): E {
    if (entry.phase === 'operator') return this.#value(entry, {}) as E;
    const { sessionId, kind, subject } = entry;
    const isTools = kind === 'tool_call' || kind === 'tool_result';
    return this.#value(entry, { sessionId, ...(isTools ? { tool: subject } : {}) }) as E;
  }

  decision(decision: Decision, sessionId: string, tool?: string): Decision {
    return this.#value(decision, { sessionId, ...(tool === undefined ? {} : { tool }) }) as Decision;
  }

  /** A copy where anything was masked. */
  #value(value: unknown, about: { readonly sessionId?: string; readonly tool?: string }): unknown {
    if (typeof value === 'string') return this.text(value, about);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      const list = (value as readonly unknown[]).map((item) => this.#value(item, about));
      return list.every((item, at) => item === value[at]) ? value : list;
    }
    let made: Record<string, unknown> | undefined;
    for (const [name, item] of Object.entries(value)) {
      if (fixed.has(name)) continue;
      const masked = this.#value(item, about);
      if (masked !== item) (made ??= { ...value })[name] = masked;
    }
    return made ?? value;
  }
}
