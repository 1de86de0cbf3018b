import { joined, linesOf } from './decoder.ts';
import type { Decoder, Piece } from './decoder.ts';

const inWord = /[\p{L}\p{N}](?:<\/?[a-z][^<>]{0,200}>|<!--[^<>]{0,200}-->|\*{1,3}|_{2,3}|~~|`){1,4}[\p{L}\p{N}]/iu;

/** Marks inside of words: tags, comments, emphasis (`ig<b></b>nore`, `ig**no**re`) taken out. */
export const markup: Decoder = {
  name: 'markup',
  decode(text) {
    const pieces: Piece[] = [];
    if (!inWord.test(text)) return pieces;
    for (const { text: line, start, end } of linesOf(text, 6000)) {
      if (!inWord.test(line)) continue;
      const read = line
        .replace(/<\/?[a-z][^<>]{0,200}>|<!--[^<>]{0,200}-->/giu, '')
        .replace(/\*{1,3}|_{2,3}|~~|`/g, '');
      if (read !== line) pieces.push({ text: read, start, end });
    }
    return joined(pieces);
  },
};
