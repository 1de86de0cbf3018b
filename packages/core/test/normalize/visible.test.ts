import fc from 'fast-check';
import { expect, it } from 'vitest';
import { visible } from '../../src/normalize/visible.ts';

/** The stretch of the original which a stretch of the visible text was read from. */
function written(text: string, sought: string): string {
  const seen = visible(text);
  const start = seen.text.indexOf(sought);
  expect(start).toBeGreaterThanOrEqual(0);
  return text.slice(seen.toOriginal(start), seen.toOriginal(start + sought.length, 'end'));
}

it('plain text comes back as it is', () => {
  for (const text of ['', 'a@b.example', 'tab\tand\nline', 'größe und Straße', 'Привет, 世界']) {
    expect(visible(text).text).toBe(text);
    expect(visible(text).toOriginal(text.length)).toBe(text.length);
  }
});

it('characters that show nothing are gone, and the span found covers those inside it only', () => {
  for (const hidden of ['\u200b', '\u200d', '\u00ad', '\u202e', '\ufeff', '\ufe0f', '\u{e0041}', '\u2063']) {
    expect(written(`x ${hidden}4${hidden}2${hidden} y`, '42')).toBe(`4${hidden}2`);
  }
});

it('letters written in another shape read as plain ones', () => {
  expect(written('call \uff14\uff11\uff15 now', '415')).toBe('\uff14\uff11\uff15');
  expect(written('mail 𝐚𝐝𝐚@example.com', 'ada@example.com')).toBe('𝐚𝐝𝐚@example.com');
  expect(written('the ﬁle', 'f')).toBe('ﬁ');
  expect(written('the ﬁle', 'i')).toBe('ﬁ');
});

it('a mark joins the letter before it, whatever hides between', () => {
  expect(visible('Jose\u200b\u0301').text).toBe('José');
  expect(written('Jose\u0301 x', 'é')).toBe('e\u0301');
});

it('offsets grow with the text, stay inside it, and the text is in normal form', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      const seen = visible(text);
      expect(seen.text).toBe(visible(seen.text).text);
      let before = 0;
      for (let offset = 0; offset <= seen.text.length; offset++) {
        const start = seen.toOriginal(offset);
        expect(start).toBeGreaterThanOrEqual(before);
        expect(start).toBeLessThanOrEqual(text.length);
        if (offset > 0) expect(seen.toOriginal(offset, 'end')).toBeGreaterThan(seen.toOriginal(offset - 1));
        before = start;
      }
    }),
    { numRuns: 500 },
  );
});

it('a flood of combining marks is read in pieces', () => {
  const flood = `e${'\u0301\u0316'.repeat(50_000)}`;
  expect(visible(flood).text.length).toBeGreaterThan(50_000);
});
