import { findSensitive, type FindOptions } from '../../src/sensitive/engine.ts';

/** What was found, as `TYPE value`, in order. */
export const found = (text: string, options?: FindOptions): string[] =>
  findSensitive(text, options).map(({ type, start, end }) => `${type} ${text.slice(start, end)}`);

export const foundOf = (type: string, text: string, options?: FindOptions): string[] =>
  findSensitive(text, options)
    .filter((match) => match.type === type)
    .map(({ start, end }) => text.slice(start, end));

/** A text with its values marked `⟦…⟧`: the plain text and the values. */
export function marked(text: string): { text: string; values: string[] } {
  const values = [...text.matchAll(/⟦([^⟧]*)⟧/g)].map(([, value]) => value as string);
  return { text: text.replace(/[⟦⟧]/g, ''), values };
}
