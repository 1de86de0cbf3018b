import { z } from 'zod';
import { nearest } from '../normalize/nearest.ts';
import { showText } from '../normalize/show.ts';

/** An object that refuses unknown keys, naming the nearest known one. */
export function strictKeys<S extends z.ZodRawShape>(shape: S) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, known)).join('\n');
      return issue.code === 'invalid_type' ? `must be a map with ${known.join(', ')}` : undefined;
    },
  });
}

/** `unknown key "otherwize": did you mean "otherwise"?` */
function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean "${near}"?`;
  return `unknown key "${showText(key)}": ${hint}`;
}
