/** Text that no reader sees, and what it says. Offsets of the original text, in UTF-16 code units, end exclusive. */
export interface HiddenText {
  readonly kind: 'tag-characters' | 'variation-selectors' | 'zero-width' | 'bidi-override';
  readonly start: number;
  readonly end: number;
  /** The payload, where it is a known writing; empty otherwise. */
  readonly text: string;
}

const utf8 = new TextDecoder('utf-8');
const anything =
  // oxlint-disable-next-line no-misleading-character-class -- single code points are what is sought
  /[\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]|\udb40[\udc00-\uddef]/;
// oxlint-disable-next-line no-misleading-character-class -- single code points are what is sought
const zeroWidth = /[\u00ad\u200b-\u200f\u2060-\u2064\u206a-\u206f\ufeff\u180e\u034f]/;

/**
 * Invisible payloads: tag characters outside of flags, runs of variation selectors, dense zero-width characters between
 * Latin letters or as bits, bidirectional overrides. Emoji joined by U+200D and the joiners of Persian and Indic scripts are
 * none. Linear in time.
 */
export function hiddenTexts(text: string): HiddenText[] {
  if (!anything.test(text)) return [];
  return [...tagRuns(text), ...selectorRuns(text), ...zeroWidthRuns(text), ...overrides(text)];
}

function tagRuns(text: string): HiddenText[] {
  const found: HiddenText[] = [];
  if (!text.includes('\udb40')) return found;
  for (const { 0: run, index } of text.matchAll(/(?:\udb40[\udc00-\udc7f]){1,4096}/g)) {
    // Flags of regions: a black flag, up to six tags, the cancel tag (UTS #51, ED-14a).
    const isFlag = text.slice(index - 2, index) === '\u{1f3f4}' && run.length <= 16 && run.endsWith('\u{e007f}');
    if (isFlag) continue;
    const said = Array.from(run)
      .map((char) => (char.codePointAt(0) ?? 0) & 0x7f)
      .filter((code) => code >= 0x20 && code < 0x7f);
    found.push({ kind: 'tag-characters', start: index, end: index + run.length, text: String.fromCharCode(...said) });
  }
  return found;
}

function selectorRuns(text: string): HiddenText[] {
  const found: HiddenText[] = [];
  for (const { 0: run, index } of text.matchAll(/(?:[\ufe00-\ufe0f]|\udb40[\udd00-\uddef]){3,4096}/g)) {
    const bytes = Array.from(run).map((char) => {
      const code = char.codePointAt(0) ?? 0;
      return code < 0x10000 ? code - 0xfe00 : code - 0xe0100 + 16;
    });
    const said =
      bytes.length >= 8 && bytes.every((byte) => byte < 2) ? bits(bytes) : utf8.decode(Uint8Array.from(bytes));
    found.push({ kind: 'variation-selectors', start: index, end: index + run.length, text: printable(said) });
  }
  return found;
}

// oxlint-disable-next-line no-control-regex -- control characters mean that the bytes are no text
const printable = (text: string): string => (/^[^\0-\x08\x0e-\x1f\ufffd]*$/.test(text) ? text : '');

/** Two kinds of characters as bits, the longest eight of them a byte; either may be the one. */
function bits(values: readonly number[]): string {
  const bytes = (flip: number) =>
    Uint8Array.from({ length: values.length >> 3 }, (_, i) =>
      values.slice(i * 8, i * 8 + 8).reduce((byte, bit) => (byte << 1) | (bit ^ flip), 0),
    );
  return printable(utf8.decode(bytes(0))) || printable(utf8.decode(bytes(1)));
}

function zeroWidthRuns(text: string): HiddenText[] {
  const found: HiddenText[] = [];
  if (!zeroWidth.test(text)) return found;
  for (const { 0: run, index } of text.matchAll(
    // oxlint-disable-next-line no-misleading-character-class -- single code points are what is sought
    /[\u00ad\u200b-\u200f\u2060-\u2064\u206a-\u206f\ufeff\u180e\u034f]{8,8192}/g,
  )) {
    const kinds = [...new Set(run)].toSorted();
    // A third kind often parts the bytes.
    const [zero = '', one = ''] = kinds.toSorted((a, b) => run.split(b).length - run.split(a).length);
    const said =
      kinds.length < 2 || kinds.length > 4
        ? ''
        : bits(
            Array.from(run)
              .filter((char) => char === zero || char === one)
              .map((char) => [zero, one].toSorted().indexOf(char)),
          );
    found.push({ kind: 'zero-width', start: index, end: index + run.length, text: said });
  }
  const inside = [...text.matchAll(/[a-z][\u00ad\u200b-\u200d\u2060-\u2064\ufeff\u180e]{1,8}(?=[a-z])/gi)];
  const first = inside[0];
  const last = inside.at(-1);
  // Soft hyphens stand in long words, a few; between letters all over a text they hide it.
  if (first && last && inside.length >= 4 && inside.length * 24 > last.index - first.index) {
    const onlySoft = inside.every(([all]) => /^.\u00ad+$/i.test(all)) && inside.length * 6 < last.index - first.index;
    if (!onlySoft) found.push({ kind: 'zero-width', start: first.index, end: last.index + last[0].length, text: '' });
  }
  return found;
}

function overrides(text: string): HiddenText[] {
  if (!/[\u202d\u202e]/.test(text)) return [];
  return [...text.matchAll(/[\u202d\u202e]([^\u202c\n]{0,4000})\u202c?/g)].map(({ 0: run, 1: said = '', index }) => ({
    kind: 'bidi-override' as const,
    start: index,
    end: index + run.length,
    text: run.startsWith('\u202e') ? Array.from(said).toReversed().join('') : '',
  }));
}
