/** A text with some of its escapes undone. Of each unit it is known which units of the first text it stands for. */
export interface View {
  readonly text: string;
  /** Absent where each unit stands for itself. */
  readonly starts?: Int32Array;
  readonly ends?: Int32Array;
}

type Decode = (match: RegExpExecArray) => string;

const unit = (hex: string | undefined, base = 16): string => String.fromCharCode(Number.parseInt(hex ?? '0', base));

const escapes = {
  percent: { sought: /%([0-9a-f]{2})/gi, decode: ([, hex]) => unit(hex) },
  form: { sought: /%([0-9a-f]{2})|\+/gi, decode: ([, hex]) => (hex === undefined ? ' ' : unit(hex)) },
  json: {
    sought: /\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|(["'\\/bfnrtv0]))/gi,
    decode: ([, wide, narrow, letter]) => (letter === undefined ? unit(wide ?? narrow) : (letters[letter] ?? letter)),
  },
  html: {
    sought: /&(?:#(\d{1,5})|#x([0-9a-f]{1,4})|(amp|lt|gt|quot|apos));/gi,
    decode: ([, decimal, hex, name]) =>
      name === undefined
        ? unit(decimal ?? hex, decimal === undefined ? 16 : 10)
        : (entities[name.toLowerCase()] ?? '&'),
  },
  quotedPrintable: { sought: /=(?:\r?\n|([0-9a-f]{2}))/gi, decode: ([, hex]) => (hex === undefined ? '' : unit(hex)) },
  wrapped: { sought: /\s+/g, decode: () => '' },
} as const satisfies Record<string, { readonly sought: RegExp; readonly decode: Decode }>;

const letters: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', 0: '\0' };
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** In which order escapes are undone: JSON in JSON, an address in JSON, and what else an error is made of. */
const paths: readonly (readonly (keyof typeof escapes)[])[] = [
  ['percent'],
  ['form'],
  ['percent', 'percent'],
  ['percent', 'json'],
  ['json'],
  ['json', 'json'],
  ['json', 'percent'],
  ['json', 'wrapped'],
  ['json', 'html'],
  ['html'],
  ['quotedPrintable'],
  ['wrapped'],
];

/** Those in which a secret is whole that was broken into lines. */
const unbroken: typeof paths = [['json'], ['json', 'wrapped'], ['quotedPrintable'], ['wrapped']];

/** The text as it is, and as whoever undoes its escapes would read it. Each view is made in linear time. */
export function* viewsOf(text: string, suspected: 'anything' | 'broken lines'): Generator<View> {
  const made = new Map<string, View | undefined>([['', { text }]]);
  yield { text };
  for (const path of suspected === 'anything' ? paths : unbroken) {
    const before = made.get(path.slice(0, -1).join());
    const last = path.at(-1);
    if (!before || last === undefined) continue;
    const view = decoded(before, escapes[last]);
    made.set(path.join(), view);
    if (view) yield view;
  }
}

/** Undefined where there is nothing to undo. */
function decoded(
  from: View,
  { sought, decode }: { readonly sought: RegExp; readonly decode: Decode },
): View | undefined {
  const { text } = from;
  sought.lastIndex = 0;
  let match = sought.exec(text);
  if (!match) return undefined;
  // What is undone is never longer than what it was.
  const starts = new Int32Array(text.length);
  const ends = new Int32Array(text.length);
  const parts: string[] = [];
  let length = 0;
  let copied = 0;
  const place = (start: number, end: number) => {
    starts[length] = from.starts?.[start] ?? start;
    ends[length] = from.ends?.[end - 1] ?? end;
    length += 1;
  };
  const copy = (end: number) => {
    for (let at = copied; at < end; at += 1) place(at, at + 1);
    parts.push(text.slice(copied, end));
  };
  for (; match; match = sought.exec(text)) {
    copy(match.index);
    copied = match.index + match[0].length;
    const undone = decode(match);
    for (let each = 0; each < undone.length; each += 1) place(match.index, copied);
    parts.push(undone);
  }
  copy(text.length);
  return { text: parts.join(''), starts, ends };
}
