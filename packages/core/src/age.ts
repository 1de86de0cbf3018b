/**
 * How long ago something was, in milliseconds. Of what lies ahead nobody knows, since the clock was set back: it counts as
 * longest ago, so that nothing stays fresh, or failed, for as long as the clock was wrong.
 */
export const ageOf = (at: number, now: number): number => (now < at ? Infinity : now - at);
