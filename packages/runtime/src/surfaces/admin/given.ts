type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without the members that are undefined: a schema's optional member may be there and hold nothing. */
export function given<T extends object>(members: T): Given<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Given<T>;
}
