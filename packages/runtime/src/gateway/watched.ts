/** Which resources sessions watch, and by which address each asked for them. */
export class Watched {
  readonly #sessions = new Map<string, Map<string, string>>();

  add(sessionId: string, upstream: string, uri: string, asked: string): void {
    const own = this.#sessions.get(sessionId) ?? new Map<string, string>();
    this.#sessions.set(sessionId, own.set(`${upstream} ${uri}`, asked));
  }

  remove(sessionId: string, upstream: string, uri: string): void {
    this.#sessions.get(sessionId)?.delete(`${upstream} ${uri}`);
  }

  /** The address by which the session knows what an upstream says was updated; nothing where it did not ask. */
  askedAs(sessionId: string, upstream: string, uri: unknown): string | undefined {
    return typeof uri === 'string' ? this.#sessions.get(sessionId)?.get(`${upstream} ${uri}`) : undefined;
  }

  /** Whether a connection must stay, because something is to come on it. */
  has(sessionId: string, upstream: string): boolean {
    return [...(this.#sessions.get(sessionId)?.keys() ?? [])].some((key) => key.startsWith(`${upstream} `));
  }

  end(sessionId: string): void {
    this.#sessions.delete(sessionId);
  }
}
