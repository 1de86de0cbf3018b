/**
 * Server-sent events (WHATWG HTML section 9.2) whose data is JSON, so that every reader finds the same lines in them. Many a
 * client cuts lines at these as well, and after one in somebody's text would read an event of theirs. In JSON they can only
 * stand inside a string, where the escape is the same character.
 */
export const singleLined = (events: string): string =>
  events.replace(/[\u0085\u2028\u2029]/g, (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`);
