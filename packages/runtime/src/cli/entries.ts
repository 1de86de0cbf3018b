import type { EntryView } from '@sallyport/core/admin';
import type { Output, Painted } from './output.ts';
import { paint, safe } from './output.ts';

const outcomeLooks = {
  allow: { word: 'allow', style: 'green' },
  transform: { word: 'rewritten', style: 'green' },
  require_approval: { word: 'held', style: 'yellow' },
  deny: { word: 'deny', style: 'red' },
} as const;
const flagged = { word: 'flagged', style: 'yellow' } as const;
const widestWord = 9;

/** What comes in is only looked at: what is done about it is done where it goes out. */
const isFlagged = ({ kind, decision }: Extract<EntryView, { phase: 'intent' }>): boolean =>
  decision.outcome === 'transform' && (kind === 'user_message' || kind === 'tool_result');

/** One entry as one line, and what decided it as another. */
export function printEntry(output: Output, entry: EntryView): void {
  const time = paint('dim', new Date(entry.at).toLocaleTimeString('en-GB'));
  if (entry.phase === 'operator') {
    output.line(
      safe`${time}  ${cell('operator', 'cyan')}  ${entry.action} ${entry.subject} ${paint('dim', `by ${entry.actor}`)}`,
    );
    return;
  }
  if (entry.phase === 'result') {
    const { outcome, latencyMs, error } = entry.result;
    const word = cell(outcome, outcome === 'ok' ? 'dim' : 'red');
    output.line(
      safe`${time}  ${word}  ${entry.kind} ${entry.subject} ${paint('dim', `${Math.round(latencyMs)} ms ${error ?? ''}`)}`,
    );
    return;
  }
  const { word, style } = isFlagged(entry) ? flagged : outcomeLooks[entry.decision.outcome];
  output.line(
    safe`${time}  ${cell(word, style)}  ${entry.kind} ${paint('bold', entry.subject)} ${paint('dim', entry.content ?? '')}`,
  );
  for (const reason of entry.decision.reasons) {
    const value = reason.value === undefined ? '' : ` = ${JSON.stringify(reason.value)}`;
    const { source } = reason;
    const seen = source && `first seen in ${source.tool ? `the result of ${source.tool}` : `a ${source.role} message`}`;
    const parts = [reason.rule, reason.path && `${reason.path}${value}`, seen, reason.detail, reason.fix];
    output.line(
      safe`          ${''.padEnd(widestWord)}  ${paint(style, reason.code)} ${parts.filter(Boolean).join('; ')}`,
    );
  }
}

const cell = (word: string, style: 'green' | 'yellow' | 'red' | 'cyan' | 'dim'): Painted =>
  paint(style, word.padEnd(widestWord));
