/** One pass over a text for many words at once, ASCII case ignored. Source: Aho and Corasick, CACM 18(6), 1975. */
export interface Automaton {
  /** Calls `found` with the word's index and where it begins, in order of where the words end. */
  scan(text: string, found: (word: number, start: number) => void): void;
}

/** States × classes as one table, so that a step is one look-up. Words must be ASCII and not empty. */
export function automatonOf(words: readonly string[]): Automaton {
  const { classes, width } = characterClasses(words);
  const children: Map<number, number>[] = [new Map()];
  const ends: number[][] = [[]];
  for (const [index, word] of words.entries()) {
    let state = 0;
    for (let i = 0; i < word.length; i++) {
      const symbol = classes[word.toLowerCase().charCodeAt(i)]!;
      let next = children[state]!.get(symbol);
      if (next === undefined) {
        next = children.push(new Map()) - 1;
        ends.push([]);
        children[state]!.set(symbol, next);
      }
      state = next;
    }
    ends[state]!.push(index);
  }
  const table = transitions(children, ends, width);
  const hot = Uint8Array.from(ends, (list) => (list.length > 0 ? 1 : 0));
  const lengths = words.map((word) => word.length);
  return {
    scan(text, found) {
      let state = 0;
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        state = code < 128 ? table[state * width + classes[code]!]! : 0;
        if (hot[state] === 1) for (const word of ends[state]!) found(word, i + 1 - lengths[word]!);
      }
    },
  };
}

function characterClasses(words: readonly string[]): { classes: Uint8Array; width: number } {
  const classes = new Uint8Array(128);
  let width = 1;
  for (const character of words.join('').toLowerCase()) {
    const code = character.charCodeAt(0);
    if (classes[code] === 0) classes[code] = width++;
  }
  for (let code = 65; code <= 90; code++) classes[code] = classes[code + 32]!;
  return { classes, width };
}

/** Breadth first: where a state has no child, it goes where its longest proper suffix goes. */
function transitions(children: readonly Map<number, number>[], ends: number[][], width: number): Uint16Array {
  const table = new Uint16Array(children.length * width);
  const suffix = new Uint16Array(children.length);
  const queue = [0];
  for (let head = 0; head < queue.length; head++) {
    const state = queue[head]!;
    for (let symbol = 0; symbol < width; symbol++) {
      const through = state === 0 ? 0 : table[suffix[state]! * width + symbol]!;
      const child = children[state]!.get(symbol);
      table[state * width + symbol] = child ?? through;
      if (child === undefined) continue;
      suffix[child] = through;
      ends[child]!.push(...ends[through]!);
      queue.push(child);
    }
  }
  return table;
}
