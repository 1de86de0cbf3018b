const maxNames = 1000;
const maxLength = 64;

/**
 * Works out once what a name says: those of tools and arguments come again with every call. Whoever invents names without
 * end drives out others' and takes no more room.
 */
export function remembered<T extends object | boolean>(read: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>();
  return (name) => {
    if (name.length > maxLength) return read(name);
    let said = known.get(name);
    if (said === undefined) {
      said = read(name);
      if (known.size >= maxNames) known.clear();
      known.set(name, said);
    }
    return said;
  };
}
