import { inspect } from 'node:util';
import type { AttachedCredential } from '@sallyport/core';

const shown = '[credential]';

/** Of requests without a credential. */
export const nothing = unshown({ headers: {}, query: {} });

/** The same, but printed, inspected or made into JSON it shows no value: it lies on the way of whatever logs a request. */
export function unshown({ headers, query, tls }: AttachedCredential): AttachedCredential {
  return hidden({
    headers: hidden({ ...headers }),
    query: hidden({ ...query }),
    ...(tls && { tls: hidden({ ...tls }) }),
  });
}

/** Not enumerable, so that what copies the members copies only them. */
function hidden<T extends object>(object: T): T {
  const show = { value: () => shown, enumerable: false };
  return Object.freeze(Object.defineProperties(object, { toJSON: show, toString: show, [inspect.custom]: show }));
}
