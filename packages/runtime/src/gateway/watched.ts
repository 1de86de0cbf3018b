interface Watching {
  /** By which address the session asked for it. */
  asked: string;
  /** How many of its clients watch: several may share one session. */
  clients: number;
}

/** Which resources sessions watch. */
export class Watched {
  readonly #sessions = new Map<string, Map<string, Watching>>();

  add(sessionId: string, upstream: string, uri: string, asked: string): void {
    const own = this.#sessions.get(sessionId) ?? new Map<string, Watching>();
    const { clients } = own.get(keyOf(upstream, uri)) ?? { clients: 0 };
    this.#sessions.set(sessionId, own.set(keyOf(upstream, uri), { asked, clients: clients + 1 }));
  }

  /** One client less, where there are more: whether others watch on. */
  leave(sessionId: string, upstream: string, uri: string): boolean {
    const watching = this.#sessions.get(sessionId)?.get(keyOf(upstream, uri));
    if (!watching || watching.clients < 2) return false;
    watching.clients--;
    return true;
  }

  remove(sessionId: string, upstream: string, uri: string): void {
    this.#sessions.get(sessionId)?.delete(keyOf(upstream, uri));
  }

  /** The address by which the session knows what an upstream says was updated; nothing where it did not ask. */
  askedAs(sessionId: string, upstream: string, uri: unknown): string | undefined {
    return typeof uri === 'string' ? this.#sessions.get(sessionId)?.get(keyOf(upstream, uri))?.asked : undefined;
  }

  /** Whether a session watches anything: of an upstream, a connection must stay, because something is to come on it. */
  has(sessionId: string, upstream?: string): boolean {
    const own = this.#sessions.get(sessionId);
    if (upstream === undefined) return own !== undefined && own.size > 0;
    return [...(own?.keys() ?? [])].some((key) => key.startsWith(keyOf(upstream, '')));
  }

  end(sessionId: string): void {
    this.#sessions.delete(sessionId);
  }
}

const keyOf = (upstream: string, uri: string): string => `${upstream} ${uri}`;
