import { RuntimeFault, showText } from '@sallyport/core';

/** What a session may keep of a user: as much as policies need, and no more than a row should hold. */
export const claimBounds = { names: 20, values: 100, characters: 256 } as const;

type Payload = Readonly<Record<string, unknown>>;

/** Which claim says roles, and what its values mean here. */
export interface RoleMap {
  readonly claim: string;
  readonly map: Readonly<Record<string, string>>;
}

/**
 * The configured claims of a verified token, every value as text in a list. A claim that is missing is left out.
 *
 * @throws RuntimeFault `forbidden` when one is no string, number, boolean or list of them, or too large: cut short, it could
 *   lift a rule that forbids
 */
export function claimsOf(payload: Payload, names: readonly string[]): Record<string, readonly string[]> {
  const read = names.flatMap((name) => {
    const values = valuesOf(payload, name);
    return values === undefined ? [] : [[name, values] as const];
  });
  // Of own members only: a claim called `__proto__` is a claim.
  return Object.fromEntries(read);
}

/** Roles by the configured map. What it does not name gives nothing. */
export function rolesOf(payload: Payload, roles: RoleMap | undefined): readonly string[] {
  if (!roles) return [];
  const values = valuesOf(payload, roles.claim) ?? [];
  const mapped = values.flatMap((value) => {
    const role = Object.hasOwn(roles.map, value) ? roles.map[value] : undefined;
    return role === undefined ? [] : [role];
  });
  return [...new Set(mapped)].toSorted();
}

/** A claim's text, where it is one. */
export function textOf(payload: Payload, name: string): string | undefined {
  const value = claimOf(payload, name);
  return typeof value === 'string' ? value : undefined;
}

function valuesOf(payload: Payload, name: string): readonly string[] | undefined {
  const claim = claimOf(payload, name);
  if (claim === undefined || claim === null) return undefined;
  const values = Array.isArray(claim) ? (claim as unknown[]) : [claim];
  const { values: most, characters } = claimBounds;
  if (values.length > most) throw unfit(name, `holds more than ${most} values`);
  return values.map((value) => {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw unfit(name, 'is neither a string, a number, a boolean nor a list of them');
    }
    // Rounded when it was read, it would be another one's.
    if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER) {
      throw unfit(name, 'holds a number beyond 2^53, which readers round; as text it is exact');
    }
    const text = String(value);
    if (text.length > characters) throw unfit(name, `holds a value of more than ${characters} characters`);
    return text;
  });
}

/** The member of this very name, else, as Keycloak nests them, the one at the dotted path: `realm_access.roles`. */
function claimOf(payload: Payload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  let at: unknown = payload;
  for (const part of name.split('.')) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, part)) return undefined;
    at = (at as Payload)[part];
  }
  return at;
}

const unfit = (name: string, what: string): RuntimeFault =>
  new RuntimeFault('forbidden', {
    detail: `The claim ${showText(name)} of the user's token ${what}. Have the identity provider send less, or name another claim.`,
  });
