import { baseDecoders } from './bases.ts';
import { cipherDecoders } from './ciphers.ts';
import { concatenation, escapes } from './escapes.ts';
import { letterDecoders } from './letters.ts';
import { markup } from './markup.ts';
import { numbers } from './numbers.ts';
import { wordDecoders } from './words.ts';
import type { Decoder } from './decoder.ts';

/** Every way a text is read otherwise; one file and one line to add another. */
export const decoders: readonly Decoder[] = [
  ...escapes,
  ...baseDecoders,
  numbers,
  ...[concatenation, ...letterDecoders, ...wordDecoders, markup, ...cipherDecoders].map((each) => ({
    ...each,
    guess: true as const,
  })),
];
