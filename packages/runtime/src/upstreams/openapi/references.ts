import type { Json, JsonObject } from '@sallyport/core';
import { showText } from '@sallyport/core';
import { isObject } from '../endpoints/values.ts';

/** Why something of a document is not offered. */
export class NotOffered extends Error {
  override readonly name = 'NotOffered';
}

const longestChain = 16;

/** References inside one document. What lies elsewhere is neither read nor fetched. */
export class References {
  readonly #root: JsonObject;

  constructor(root: JsonObject) {
    this.#root = root;
  }

  /**
   * What a JSON pointer (RFC 6901) in a fragment names; own members only, so that `#/constructor` names nothing.
   *
   * @throws NotOffered
   */
  at(reference: string): Json {
    if (!reference.startsWith('#')) {
      throw new NotOffered(`it refers to ${showText(reference)}, outside of the document; bundle it into one file`);
    }
    if (reference !== '#' && !reference.startsWith('#/')) {
      throw new NotOffered(`it refers to ${showText(reference)}; only references by path (#/…) are followed`);
    }
    let found: Json | undefined = this.#root;
    for (const step of stepsOf(reference)) {
      if (Array.isArray(found)) found = /^\d{1,6}$/.test(step) ? (found as readonly Json[])[Number(step)] : undefined;
      else found = isObject(found) && Object.hasOwn(found, step) ? found[step] : undefined;
    }
    if (found === undefined) throw new NotOffered(`it refers to ${showText(reference)}, which does not exist`);
    return found;
  }

  /**
   * The object itself, or the one that it refers to.
   *
   * @throws NotOffered
   */
  follow(value: Json | undefined): JsonObject {
    let found = value;
    for (let steps = 0; steps < longestChain; steps++) {
      if (!isObject(found)) throw new NotOffered('something in it is not what it should be');
      const reference = found['$ref'];
      if (typeof reference !== 'string') return found;
      found = this.at(reference);
    }
    throw new NotOffered('its references lead in a circle');
  }
}

/** @throws NotOffered */
export function stepsOf(reference: string): string[] {
  if (reference === '#') return [];
  try {
    return decodeURIComponent(reference.slice(2))
      .split('/')
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  } catch {
    throw new NotOffered(`it refers to ${showText(reference)}, which is not encoded as it should be`);
  }
}

/** Own members, in order; of anything but an object none. A member called `__proto__` counts as absent. */
export const membersOf = (value: Json | undefined): [string, Json][] =>
  isObject(value) ? Object.entries(value).filter(([name]) => name !== '__proto__') : [];

export const listOf = (value: Json | undefined): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : [];

/** An own member that is a text. */
export function textOf(value: JsonObject, name: string): string | undefined {
  const found = Object.hasOwn(value, name) ? value[name] : undefined;
  return typeof found === 'string' ? found : undefined;
}
