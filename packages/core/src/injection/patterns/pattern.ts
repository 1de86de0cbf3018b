import type { InjectionFamily, InjectionSeverity } from '../report.ts';

/**
 * A pattern over words. Each line of `words` is a sequence such as `dismiss 4 prior|all 3 instruction`: classes of the
 * lexicons, or words themselves after an apostrophe (`'developer 'mode`); `|` between alternatives; a number says how many
 * other words may stand between (none: they follow at once). The end of a sentence counts as seven words. So the time is
 * bounded by the text's length times the number of lines.
 */
export interface WordPattern {
  readonly id: string;
  readonly family: InjectionFamily;
  /** A number is the weight of a sign: signs of one text that together reach 1 are suspicious. */
  readonly severity: InjectionSeverity | number;
  readonly words: readonly string[];
  /** No hit right after one of these (up to two words before): `never ignore the previous instructions`. */
  readonly unlessAfter?: string;
}

/** A pattern over the written text, for marks and structure. Bounded quantifiers only, none beside its like. */
export interface TextPattern {
  readonly id: string;
  readonly family: InjectionFamily;
  readonly severity: InjectionSeverity | number;
  readonly text: RegExp;
  /** Tried only where one of these stands in the folded text: most texts hold none. */
  readonly needs: readonly string[];
}
