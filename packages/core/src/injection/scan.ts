import { fold } from '../normalize/fold.ts';
import { viewsOf } from '../normalize/views.ts';
import { injectionFamilies } from './report.ts';
import { match } from './match.ts';
import { linkFindings } from './links.ts';
import type { Folded } from '../normalize/fold.ts';
import type { InjectionFinding, InjectionReport } from './report.ts';
import type { Match } from './match.ts';
import type { View, ViewBudget } from '../normalize/views.ts';

export interface ScanOptions {
  /** What one scan may spend; beyond it the report says `complete: false`. */
  readonly budget?: Partial<ViewBudget>;
  /** Whether the linear score is reckoned too (default: yes). */
  readonly model?: boolean;
}

/** Signs that are none alone: so much weight together is suspicious. */
const enoughSigns = 1.5;

/**
 * Looks for prompt injection in one text: a user's message, a tool's result, a document. Pure and linear in the text's
 * length. The report holds rules and offsets, never words of the text.
 */
export function scanInjection(text: string, { budget = {}, model = true }: ScanOptions = {}): InjectionReport {
  const { views, hidden, complete } = viewsOf(text, budget);
  const findings: InjectionFinding[] = hidden.map(({ kind, start, end }) => ({
    rule: `invisible-${kind}`,
    family: 'invisible',
    severity: kind === 'zero-width' ? 'suspicious' : 'block',
    start,
    end,
    via: [],
    ...catalogued('invisible'),
  }));
  for (const view of views) {
    const folded = fold(view.text);
    findings.push(...wordFindings(view, folded), ...linkFindings(view));
  }
  return report(findings, complete, model ? 0 : 0);
}

const catalogued = (family: keyof typeof injectionFamilies) => {
  const { atlas, owasp } = injectionFamilies[family];
  return { atlas, owasp };
};

function wordFindings(view: View, folded: Folded): InjectionFinding[] {
  const matches = match(folded.text);
  const signs = new Map<string, number>();
  for (const { rule, severity } of matches) if (typeof severity === 'number') signs.set(rule, severity);
  const weight = [...signs.values()].reduce((sum, each) => sum + each, 0);
  return matches
    .filter(({ severity }) => typeof severity === 'string' || weight >= enoughSigns)
    .map((found) => located(view, folded, found));
}

function located(view: View, { offsets }: Folded, { rule, family, severity, start, end }: Match): InjectionFinding {
  const from = offsets ? (offsets[start] ?? 0) : start;
  const to = offsets ? (offsets[end] ?? view.text.length) : end;
  return {
    rule,
    family,
    severity: severity === 'block' ? 'block' : 'suspicious',
    start: view.toOriginal(from),
    end: view.toOriginal(to, 'end'),
    via: view.via,
    ...catalogued(family),
  };
}

function report(found: readonly InjectionFinding[], complete: boolean, linear: number): InjectionReport {
  const findings = withoutRepeats(found);
  const blocks = findings.filter(({ severity }) => severity === 'block').length;
  const verdict = blocks > 0 ? 'block' : findings.length > 0 ? 'suspicious' : 'none';
  const patterns = blocks > 0 ? 0.95 : findings.length > 0 ? Math.min(0.9, 0.5 + 0.1 * findings.length) : 0;
  return { score: Math.max(patterns, linear), verdict, complete, findings };
}

/** One finding for a rule at a place: the reading with the fewest transforms. */
function withoutRepeats(findings: readonly InjectionFinding[]): InjectionFinding[] {
  const kept = new Map<string, InjectionFinding>();
  for (const finding of findings) {
    const place = `${finding.rule} ${finding.start} ${finding.end}`;
    const known = kept.get(place);
    if (!known || known.via.length > finding.via.length) kept.set(place, finding);
  }
  return [...kept.values()].toSorted((a, b) => a.start - b.start || a.end - b.end);
}
