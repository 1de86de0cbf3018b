import { fold } from '../normalize/fold.ts';
import { joined, linesOf } from '../normalize/decode/decoder.ts';
import { linearScore, suspiciousScore } from './model.ts';
import { viewsOf } from '../normalize/views.ts';
import { injectionFamilies } from './report.ts';
import { match } from './match.ts';
import { linkFindings } from './links.ts';
import type { Folded } from '../normalize/fold.ts';
import type { HiddenText } from '../normalize/invisible.ts';
import type { Piece } from '../normalize/decode/decoder.ts';
import type { InjectionFinding, InjectionReport, InjectionSeverity } from './report.ts';
import type { Match } from './match.ts';
import type { View, ViewBudget } from '../normalize/views.ts';

export interface ScanOptions {
  /** What one scan may spend; beyond it the report says `complete: false`. */
  readonly budget?: Partial<ViewBudget>;
  /** Whether the linear score is reckoned too (default: yes). */
  readonly model?: boolean;
}

type Scored = ReturnType<typeof linearScore>;
const nothing: Scored = { score: 0, start: 0, end: 0 };
/** From here on the words are tried in the other order too. */
const doubtfulScore = 0.2;
/** Words in the other order score by chance now and then, so they must score higher. */
const turnedScore = 0.65;
/** Signs that are none alone: so much weight together is suspicious. */
const enoughSigns = 1.5;

/**
 * Looks for prompt injection in one text: a user's message, a tool's result, a document. Pure and linear in the text's
 * length. The report holds rules and offsets, never words of the text.
 */
export function scanInjection(text: string, { budget = {}, model = true }: ScanOptions = {}): InjectionReport {
  const { views, hidden, complete } = viewsOf(text, budget);
  const findings: InjectionFinding[] = hidden.map(hiddenFinding);
  let linear = 0;
  for (const view of views) {
    const folded = fold(view.text);
    const { found, strong } = match(folded.text);
    findings.push(...weighed(found).map((each) => located(view, folded, each)), ...linkFindings(view));
    const best = model ? linearScore(folded.text) : nothing;
    const doubtful = best.score > doubtfulScore ? [...strong, best.start].toSorted((a, b) => a - b) : strong;
    const lines = linesAt(folded.text, doubtful)
      .filter(({ text: line }) => !looksLikeCode(line))
      .map((line) => ({ ...line, text: line.text.split(' ').toReversed().join(' ') }));
    for (const line of lines) {
      const span = { start: line.start, end: line.end };
      for (const each of weighed(match(line.text).found)) {
        findings.push(located({ ...view, via: [...view.via, 'reversed-words'] }, folded, { ...each, ...span }));
      }
    }
    if (!model) continue;
    linear = Math.max(linear, scored(view, folded, best, findings, lines));
  }
  return report(findings, complete, linear);
}

/** Hidden text was read like any other. What could not be read, or turns the order of what is shown, is suspicious by itself. */
function hiddenFinding({ kind, start, end, text }: HiddenText): InjectionFinding {
  const severity = kind === 'zero-width' || text ? 'notice' : 'suspicious';
  return { rule: `invisible-${kind}`, family: 'invisible', severity, start, end, via: [], ...catalogued('invisible') };
}

/** The linear score of a view and of its lines with the words turned round. */
function scored(
  view: View,
  folded: Folded,
  best: Scored,
  findings: InjectionFinding[],
  lines: readonly Piece[],
): number {
  if (best.score >= suspiciousScore) findings.push(classified(view, folded, best));
  let highest = best.score;
  for (const { text, start, end } of lines) {
    const turned = linearScore(text);
    if (turned.score >= turnedScore) highest = Math.max(highest, turned.score);
    if (turned.score < turnedScore || best.score >= suspiciousScore) continue;
    findings.push(classified({ ...view, via: [...view.via, 'reversed-words'] }, folded, { start, end }));
  }
  return highest;
}

const classified = (view: View, folded: Folded, { start, end }: { start: number; end: number }): InjectionFinding =>
  located(view, folded, { rule: 'linear-score', family: 'classifier', severity: 'suspicious', start, end });

/** Names and brackets of a program stand in no order of words. */
const looksLikeCode = (line: string): boolean => (line.match(/[_(){}=;<>|\\]/g)?.length ?? 0) > 2;

/** The lines that hold one of the offsets. */
function linesAt(text: string, offsets: readonly number[]): Piece[] {
  if (offsets.length === 0) return [];
  const lines: Piece[] = [];
  let next = 0;
  for (const line of linesOf(text, 600)) {
    while (next < offsets.length && (offsets[next] ?? 0) < line.start) next++;
    if (next < offsets.length && (offsets[next] ?? 0) < line.end) lines.push(line);
  }
  return joined(lines, ' ');
}

const catalogued = (family: keyof typeof injectionFamilies) => {
  const { atlas, owasp } = injectionFamilies[family];
  return { atlas, owasp };
};

/** Matches that count: signs only where there are enough of them. */
function weighed(matches: readonly Match[]): readonly Match[] {
  const signs = new Map<string, number>();
  for (const { rule, severity } of matches) if (typeof severity === 'number') signs.set(rule, severity);
  const weight = [...signs.values()].reduce((sum, each) => sum + each, 0);
  return weight >= enoughSigns ? matches : matches.filter(({ severity }) => typeof severity === 'string');
}

function located(view: View, { offsets }: Folded, { rule, family, severity, start, end }: Match): InjectionFinding {
  const from = offsets ? (offsets[start] ?? 0) : start;
  const to = offsets ? (offsets[end] ?? view.text.length) : end;
  return {
    rule,
    family,
    severity: typeof severity === 'string' ? severity : 'suspicious',
    start: view.toOriginal(from),
    end: view.toOriginal(to, 'end'),
    via: view.via,
    ...catalogued(family),
  };
}

function report(found: readonly InjectionFinding[], complete: boolean, linear: number): InjectionReport {
  const findings = withoutRepeats(found);
  const count = (weight: InjectionSeverity) => findings.filter(({ severity }) => severity === weight).length;
  const suspicious = count('suspicious');
  const verdict = count('block') > 0 ? 'block' : suspicious > 0 ? 'suspicious' : 'none';
  const patterns = verdict === 'block' ? 0.95 : suspicious > 0 ? Math.min(0.9, 0.5 + 0.1 * suspicious) : 0;
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
