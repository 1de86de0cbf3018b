import { visible } from '../normalize/visible.ts';
import { injectionFamilies } from './report.ts';
import type { InjectionFinding, InjectionReport } from './report.ts';

export interface ScanOptions {
  readonly budget?: Partial<ScanBudget>;
}
/** What one scan may spend; beyond it the report says `complete: false`. */
export interface ScanBudget {
  /** UTF-16 code units of the text that are read. */
  readonly maxInput: number;
  /** Transforms upon each other. */
  readonly maxDepth: number;
  readonly maxViews: number;
  /** UTF-16 code units of all decoded texts together. */
  readonly maxDecoded: number;
}
export const scanBudget: ScanBudget = { maxInput: 1_000_000, maxDepth: 4, maxViews: 200, maxDecoded: 400_000 };

const override =
  /\b(?:ignore|disregard|forget)\b.{0,40}\b(?:previous|prior|above|earlier|your)\b.{0,30}\b(?:instructions|rules|prompt)\b/giu;

/**
 * Looks for prompt injection in one text: a user's message, a tool's result, a document. Pure and linear in the text's
 * length. The report holds rules and offsets, never words of the text.
 */
export function scanInjection(text: string, { budget }: ScanOptions = {}): InjectionReport {
  const { maxInput } = { ...scanBudget, ...budget };
  const seen = visible(text.slice(0, maxInput));
  const findings = [...seen.text.matchAll(override)].map(({ 0: { length }, index }): InjectionFinding => ({
    rule: 'override-instructions',
    family: 'override',
    severity: 'block',
    start: seen.toOriginal(index),
    end: seen.toOriginal(index + length, 'end'),
    via: [],
    atlas: injectionFamilies.override.atlas,
    owasp: injectionFamilies.override.owasp,
  }));
  const verdict = findings.length > 0 ? 'block' : 'none';
  return { score: findings.length > 0 ? 1 : 0, verdict, complete: text.length <= maxInput, findings };
}
