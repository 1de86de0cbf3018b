import type { Manifest } from '../flow/manifest.ts';
import { parsePath, placesOf } from '../records/paths.ts';
import { readResult } from '../records/read.ts';

const marks = /^\[untrusted data [0-9a-f]{16,64} begins\]\n([^]*)\n\[untrusted data [0-9a-f]{16,64} ends\]$/;

/**
 * Labels of what a tool returned, by its manifest, as it goes out: a field that was left out labels nothing. Where the
 * fields cannot be read, all of their labels count.
 */
export function resultLabels(text: string, { results: { labels, fieldLabels } }: Manifest): readonly string[] {
  if (text === '') return [];
  const fields = Object.entries(fieldLabels);
  if (fields.length === 0) return labels;
  const value = readResult(marks.exec(text)?.[1] ?? text);
  const found = fields.filter(([path]) => value === undefined || placesOf(value, parsePath(path)).length > 0);
  return [...new Set([...labels, ...found.flatMap(([, each]) => each)])];
}

/** What a session has sent to models: what quotes it may carry all of that. Used longest ago goes first. */
export class SessionLabels {
  readonly #labels = new Map<string, ReadonlySet<string>>();
  readonly #capacity: number;

  constructor(capacity = 10_000) {
    this.#capacity = capacity;
  }

  add(sessionId: string, labels: Iterable<string>): void {
    const all = new Set([...this.of(sessionId), ...labels]);
    this.#labels.delete(sessionId);
    this.#labels.set(sessionId, all);
    if (this.#labels.size <= this.#capacity) return;
    for (const oldest of this.#labels.keys()) {
      this.#labels.delete(oldest);
      return;
    }
  }

  of(sessionId: string): ReadonlySet<string> {
    return this.#labels.get(sessionId) ?? new Set();
  }
}
