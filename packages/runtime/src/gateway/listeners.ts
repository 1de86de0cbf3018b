import { JsonRpcError } from '@sallyport/core';
import type { Json, JsonObject } from '@sallyport/core';
import type { ListenFilter } from './contract.ts';

type Listener = (method: string, params: JsonObject) => void;

/** RFC 5424 severities, as MCP names them, from the least. */
const levels = new Map(
  ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'].map((level, rank) => [level, rank]),
);

export const isLogLevel = (level: Json | undefined): level is string => typeof level === 'string' && levels.has(level);

interface Listening {
  readonly sessionId: string;
  readonly filter: ListenFilter;
  readonly listener: Listener;
}

const wanted: Readonly<Record<string, (filter: ListenFilter, params: JsonObject) => boolean>> = {
  'notifications/tools/list_changed': ({ toolsListChanged }) => toolsListChanged === true,
  'notifications/prompts/list_changed': ({ promptsListChanged }) => promptsListChanged === true,
  'notifications/resources/list_changed': ({ resourcesListChanged }) => resourcesListChanged === true,
  'notifications/resources/updated': ({ resources }, { uri }) =>
    typeof uri === 'string' && (resources === undefined || resources.includes(uri)),
};

/** Clients that want to know what changes. Log messages outside of any request are not passed on: they belong to nobody's call. */
export class Listeners {
  readonly #all = new Set<Listening>();
  readonly #levels = new Map<string, string>();

  add(sessionId: string, filter: ListenFilter, listener: Listener): () => void {
    const listening = { sessionId, filter, listener };
    this.#all.add(listening);
    return () => this.#all.delete(listening);
  }

  /** @throws JsonRpcError where there is no such level */
  setLevel(sessionId: string, level: Json | undefined): void {
    if (!isLogLevel(level)) throw new JsonRpcError(-32_602, `level must be one of ${[...levels.keys()].join(', ')}.`);
    this.#levels.set(sessionId, level);
  }

  levelOf(sessionId: string): string | undefined {
    return this.#levels.get(sessionId);
  }

  /** Whether a request wants a log message: what it asks for itself goes before what its session did; without either it wants all. */
  wants(sessionId: string, level: Json | undefined, asked: string | undefined): boolean {
    const least = levels.get(asked ?? this.#levels.get(sessionId) ?? 'debug') ?? 0;
    return typeof level !== 'string' || (levels.get(level) ?? 0) >= least;
  }

  /** From a session's own connection; from a shared one to nobody, since it is not known for whom it is. */
  tell(sessionId: string, method: string, params: JsonObject): void {
    for (const each of this.#all) if (each.sessionId === sessionId) tell(each, method, params);
  }

  tellAll(method: string): void {
    for (const each of this.#all) tell(each, method, {});
  }

  end(sessionId: string): void {
    this.#levels.delete(sessionId);
    for (const each of this.#all) if (each.sessionId === sessionId) this.#all.delete(each);
  }
}

function tell({ filter, listener }: Listening, method: string, params: JsonObject): void {
  if (wanted[method]?.(filter, params))
    listener(method, method.endsWith('/updated') ? { uri: params['uri'] ?? '' } : {});
}
