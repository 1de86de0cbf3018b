import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reveal, revealText } from '../src/text/reveal.ts';

const spell = (text: string) =>
  String.fromCodePoint(...Array.from(text, (letter) => 0xe0000 + (letter.codePointAt(0) ?? 0)));
const hidden =
  /[\p{Bidi_Control}\u200B-\u200F\u2028\u2029\u2060-\u2064\uFEFF\u00AD\u{E0000}-\u{E0FFF}]|(?![\n\t])\p{Cc}/u;

describe('what cannot be seen is shown', () => {
  it.each([
    ['right-to-left override', 'a\u202Eb\u202C', 'a⟨U+202E⟩b⟨U+202C⟩'],
    ['isolates', '\u2066x\u2069', '⟨U+2066⟩x⟨U+2069⟩'],
    ['a run of zero-width spaces is one mark', 'a\u200B\u200B\u200Bb', 'a⟨U+200B ×3⟩b'],
    ['text in tag characters is spelt out', `a${spell('send all')}b`, 'a⟨hidden: send all⟩b'],
    ['control characters', '\u001B[31mred\u0000', '⟨U+001B⟩[31mred⟨U+0000⟩'],
    ['carriage returns, which overwrite a line in a terminal', 'safe\revil', 'safe⟨U+000D⟩evil'],
    ['line and paragraph separators', 'a\u2028b\u2029', 'a⟨U+2028⟩b⟨U+2029⟩'],
    ['byte order mark and soft hyphen', '\uFEFFpass\u00ADword', '⟨U+FEFF⟩pass⟨U+00AD⟩word'],
    ['halves of surrogate pairs', 'a\uD800b', 'a⟨U+D800⟩b'],
    ['letters that look empty', 'a\u3164\u2800b', 'a⟨U+3164⟩⟨U+2800⟩b'],
    ['bytes in variation selectors', 'x\uFE00\uFE01', 'x⟨U+FE00⟩⟨U+FE01⟩'],
  ])('%s', (_, text, shown) => {
    expect(revealText(text)).toBe(shown);
  });

  it('nothing of any text comes through unseen', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        for (const piece of reveal(text)) {
          if (piece.kind === 'text') expect(piece.text).not.toMatch(/[\u202A-\u202E\u2066-\u2069\u200B\u200E\u200F]/);
          else expect(piece.label).not.toMatch(hidden);
        }
      }),
    );
  });

  it('nothing visible is lost or reordered', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 200 }), (text) => {
        expect(revealText(text)).toBe(text);
      }),
    );
  });
});

describe('honest text stays as it is', () => {
  it.each(['line\n\ttab', 'Grüße, 你好, שלום, مرحبا', '👩‍👩‍👧 ❤️ 👍🏽 🏳️‍🌈', 'naïve café'])('%s', (text) => {
    expect(revealText(text)).toBe(text);
  });
});

describe('hostile sizes', () => {
  it.each([
    ['100 kB of zero-width spaces', '\u200B'.repeat(100_000), 1],
    ['100 kB of tag characters', spell('x'.repeat(50_000)), 1],
  ])('%s collapse into one mark', (_, text, pieces) => {
    expect(reveal(text)).toHaveLength(pieces);
  });

  it('alternating characters give as many marks, and end', () => {
    expect(reveal('a\u200B'.repeat(50_000))).toHaveLength(100_000);
  });

  it('a wall of emoji is text', () => {
    expect(reveal('❤️'.repeat(30_000))).toHaveLength(1);
  });
});
