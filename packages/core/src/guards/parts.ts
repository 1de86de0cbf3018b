import type { ResultPart, ToolResult } from '../events.ts';
import type { Reason, Verdict } from '../decision.ts';
import { allow } from '../decision.ts';

/** The part of a result that is JSON by contract: what rewrites it keeps it JSON, or withholds all of it. */
export const structuredPath = 'structuredContent';

/** What a guard makes of one part of a result; nothing where it stays as it is. */
export type RewritePart = (
  part: ResultPart,
) => { readonly text: string; readonly reasons: readonly Reason[] } | undefined;

/**
 * A result that the runtime hands out, with its texts rewritten. `text` stays: information flow has read it, and nobody else
 * is given it.
 */
export function rewriteParts(event: ToolResult, rewrite: RewritePart): Verdict {
  const reasons: Reason[] = [];
  let changed = false;
  const parts = (event.parts ?? []).map((part) => {
    const made = rewrite(part);
    if (!made) return part;
    changed ||= made.text !== part.text;
    reasons.push(...made.reasons);
    return { ...part, text: made.text };
  });
  if (!changed && reasons.length === 0) return allow;
  return { outcome: 'transform', event: changed ? { ...event, parts } : event, reasons };
}
