import type { SensitiveMatch } from '../types.ts';

const token =
  /eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{2,16000}(?:\.[A-Za-z0-9_-]{0,8000})?(?:\.[A-Za-z0-9_-]{1,16000}\.[A-Za-z0-9_-]{1,2000})?/y;

/** The text that base64 (either alphabet) stands for, one character per byte, or undefined. */
export function decoded(base64: string): string | undefined {
  const text = base64
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replace(/={0,3}$/, '');
  if (text.length % 4 === 1) return undefined;
  try {
    return atob(text);
  } catch {
    return undefined;
  }
}

/** The JSON Web Token at `index`: its header is JSON with `alg` (RFC 7519, 7515, 7516), the signature may be missing. */
export function jwtAt(text: string, index: number): SensitiveMatch | undefined {
  token.lastIndex = index;
  if (!token.test(text)) return undefined;
  const end = token.lastIndex;
  const head = decoded(text.slice(index, text.indexOf('.', index)));
  if (head === undefined || !hasAlgorithm(head)) return undefined;
  return { type: 'JWT', start: index, end, rule: 'jwt', certainty: 'secret' };
}

function hasAlgorithm(head: string): boolean {
  try {
    const parsed: unknown = JSON.parse(head);
    return typeof parsed === 'object' && parsed !== null && 'alg' in parsed;
  } catch {
    return false;
  }
}
