import type { Scan } from '../scan.ts';
import type { BuiltInType, Certainty } from '../types.ts';
import type { Family } from '../vocabulary.ts';

/** How a number or code of one kind is written and checked. */
export interface CodeRule {
  readonly type: BuiltInType;
  readonly rule: string;
  /** The words that name it. */
  readonly family: Family;
  /** Sticky; every quantifier bounded. Matched where a word begins; what follows may be no letter, digit or joined code. */
  readonly pattern: RegExp;
  /** Check digits, ranges, dates in it: of the letters and digits alone, in capitals. */
  readonly valid?: (code: string, written: string) => boolean;
  /**
   * What makes it sure without a word that names it: its own form (`itself`), standing alone as a whole text (`alone`), or
   * nothing (`label`).
   */
  readonly without: 'itself' | 'alone' | 'label';
  readonly certainty: Certainty;
}

/** A word that has a digit, or begins before one as `AB 12 …` does. */
const beginning = /\b(?:[A-Za-z]{1,7}(?:[ -](?=\d))?)?\d/g;
const joiner = /[-./:,@#+]/;
/** Letters of scripts that part words by spaces; in Chinese, Japanese or Thai a value stands right beside them. */
export const wordChar = /[\p{Ll}\p{Lu}\p{N}_]/u;
const letterOrDigit = /[^A-Za-z0-9]/g;

/** Rules sorted by what must be true for them to be worth a try: only what needs no word is tried everywhere. */
interface CodeTable {
  readonly itself: Readonly<Record<'letter' | 'digit', readonly CodeRule[]>>;
  readonly alone: readonly CodeRule[];
  readonly label: ReadonlyMap<Family, readonly CodeRule[]>;
}

const fromDigit = /^(?:\(\?<![^)]*\))?(?:\\d|\[\d|\d|\(\?:\d)/;
const fromLetter = /^(?:\(\?![^)]*\))?\[[A-Z]/;

export function codeTable(rules: readonly CodeRule[]): CodeTable {
  const label = new Map<Family, CodeRule[]>();
  for (const rule of rules) {
    if (rule.without !== 'itself') label.set(rule.family, [...(label.get(rule.family) ?? []), rule]);
  }
  const itself = rules.filter(({ without }) => without === 'itself');
  return {
    itself: {
      letter: itself.filter(({ pattern }) => !fromDigit.test(pattern.source)),
      digit: itself.filter(({ pattern }) => !fromLetter.test(pattern.source)),
    },
    alone: rules.filter(({ without }) => without === 'alone'),
    label,
  };
}

/** The shortest that any rule takes is four letters and digits, and seven without a word that names it. */
const short = /[A-Za-z]{0,7}(?:[ ./-]{0,3}[A-Za-z\d]){4}/y;
const long = /[A-Za-z\d](?:[ ./-]?[A-Za-z\d]){6}/y;

/** Runs rules over every place where a code may begin. */
export function findCodes(scan: Scan, { itself, alone, label }: CodeTable): void {
  const { text } = scan;
  const whole = scan.alone && scan.field.length === 0;
  const tryFrom = (start: number, rules: readonly CodeRule[]) => {
    long.lastIndex = short.lastIndex = start;
    const free = long.test(text);
    if ((!free && !short.test(text)) || !begins(text, start)) return;
    if (free) tryAll(scan, rules, start);
    if (whole) tryAll(scan, alone, start);
    for (const family of scan.namersAt(start)) tryAll(scan, label.get(family) ?? none, start);
  };
  beginning.lastIndex = 0;
  for (let found = beginning.exec(text); found; found = beginning.exec(text)) {
    const { index } = found;
    const [head] = found;
    tryFrom(index, head.length > 1 ? itself.letter : itself.digit);
    const joint = head.length > 2 ? head[head.length - 2] : undefined;
    if (joint === ' ' || joint === '-') tryFrom(index + head.length - 1, itself.digit);
  }
}

const none: readonly CodeRule[] = [];

function tryAll(scan: Scan, rules: readonly CodeRule[], start: number): void {
  for (const rule of rules) tryAt(scan, rule, start);
}

function tryAt(scan: Scan, rule: CodeRule, start: number): void {
  const { text } = scan;
  rule.pattern.lastIndex = start;
  if (!rule.pattern.test(text)) return;
  const end = rule.pattern.lastIndex;
  if (!ends(text, end)) return;
  const written = text.slice(start, end);
  // Words are looked up before check digits are worked out: the libraries' refusals are the dearer.
  if (!stands(scan, rule, start, end)) return;
  if (rule.valid && !rule.valid(written.replace(letterOrDigit, '').toUpperCase(), written)) return;
  scan.add(rule.type, rule.rule, rule.certainty, [start, end]);
}

function stands(scan: Scan, { family, without, certainty }: CodeRule, start: number, end: number): boolean {
  if (without === 'itself') return !scan.labelledOtherwise(family, start) || scan.labelled(family, start, end);
  if (scan.labelled(family, start, end, certainty === 'context')) return true;
  return without === 'alone' && aloneIn(scan, start, end);
}

/** A value that is all there is to a text, without a name. */
export const aloneIn = (scan: Scan, start: number, end: number): boolean =>
  scan.alone &&
  scan.field.length === 0 &&
  start <= 1 &&
  scan.text.length - end <= 2 &&
  scan.text.trim().length <= end - start + 1;

/** Whether a code can begin here: not inside a decimal, a version, a path, a UUID or an amount of money. */
export function begins(text: string, start: number): boolean {
  if (start === 0) return true;
  const char = text[start - 1] as string;
  if (wordChar.test(char)) return false;
  if ('$€£¥₹'.includes(char)) return false;
  return !(
    '-./,:+'.includes(char) &&
    start > 1 &&
    /[0-9]/.test(text[start - 2] as string) &&
    char !== ':' &&
    char !== ','
  );
}

/** Whether a number stands right beside: in a table or a matrix of numbers. */
export const amongNumbers = (text: string, start: number, end: number): boolean =>
  /\d[ \t]$|(?:^|\n)[1-9][\d ]{3,30}\n$/.test(text.slice(Math.max(0, start - 40), start)) ||
  /^(?:[ \t]\d|\r?\n[1-9])/.test(text.slice(end, end + 3));

/** Whether a code can end here. */
export function ends(text: string, end: number): boolean {
  const char = text[end];
  if (char === undefined) return true;
  if (wordChar.test(char) || char === '%' || char === '@') return false;
  return !(joiner.test(char) && char !== ',' && char !== ':' && wordChar.test(text[end + 1] ?? ' '));
}

const luhnDouble = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
/** Luhn (ISO/IEC 7812-1 annex B). */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    sum += i % 2 === 0 ? digit : (luhnDouble[digit] as number);
  }
  return sum % 10 === 0;
}

/** Sum of digits times weights. */
export function weighed(digits: string, weights: readonly number[]): number {
  let sum = 0;
  for (const [i, weight] of weights.entries()) sum += (digits.charCodeAt(i) - 48) * weight;
  return sum;
}

/** One digit again and again, or a plain sequence: what people write as an example. */
export const dummy = (digits: string): boolean => /^(\d)\1*$/.test(digits);
