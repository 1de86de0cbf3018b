/**
 * Words of one meaning, by language (ISO 639-1). `*` at the end: any ending may follow. Words are separated by blanks and
 * compared folded (`normalize/fold.ts`).
 */
export type Lexicon = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Languages whose verb may stand after its object: their words also form the class `<name>Last`. */
export const verbLast: ReadonlySet<string> = new Set([
  'de',
  'nl',
  'tr',
  'ja',
  'ko',
  'hi',
  'bn',
  'fa',
  'ur',
  'ta',
  'zh',
]);
