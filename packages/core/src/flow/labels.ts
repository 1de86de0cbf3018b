/**
 * Integrity of a value, low to high (DESIGN: information flow).
 *
 * - untrusted: text that third parties can write.
 * - derived: found nowhere; the model made it up, or made it of others. Counts as the lowest integrity in its context.
 * - named: content of a source which the user named, read by a call whose target the user gave.
 * - trusted: a tool that the operator vouches for, or a field of its result; and what a rule vouches for.
 * - user, operator: the session's user; the system prompt and the configuration.
 */
export const integrities = ['untrusted', 'derived', 'named', 'trusted', 'user', 'operator'] as const;
export type Integrity = (typeof integrities)[number];

export const atLeast = (integrity: Integrity, demanded: Integrity): boolean =>
  integrities.indexOf(integrity) >= integrities.indexOf(demanded);

/** The higher of two: of several sources of one value, one that may be believed is enough. */
export const higher = (a: Integrity, b: Integrity): Integrity => (atLeast(a, b) ? a : b);
export const lower = (a: Integrity, b: Integrity): Integrity => (atLeast(a, b) ? b : a);

/** What is known of a value's confidentiality. Joined upwards; only an approval on record lowers it. */
export type Label = string;
export const builtInLabels = ['private', 'pii', 'phi', 'secret'] as const;
