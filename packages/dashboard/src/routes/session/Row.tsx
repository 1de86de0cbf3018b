import type { EventKind } from '@sallyport/core/admin';
import {
  IconArrowBarToRight,
  IconArrowBarRight,
  IconCode,
  IconCornerDownLeft,
  IconMessage2,
  IconTool,
  IconWorld,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import type { TimelineEvent } from '../../timeline.ts';
import { HostileText } from '../../components/HostileText.tsx';
import { Mark, OutcomeMark } from '../../components/Mark.tsx';
import { ReasonLine, reasonTitle } from '../../components/ReasonLine.tsx';
import { capital, clock, duration, plural } from '../../text/format.ts';
import { kindNames, outcomeOf } from '../../timeline.ts';
import { summaryOf } from '../../found.ts';
import styles from './Row.module.css';

const icons: Readonly<Record<EventKind, typeof IconTool>> = {
  user_message: IconMessage2,
  model_request: IconArrowBarToRight,
  model_response: IconArrowBarRight,
  tool_call: IconTool,
  tool_result: IconCornerDownLeft,
  egress_request: IconWorld,
  code_execution: IconCode,
};

interface RowProps {
  readonly event: TimelineEvent;
}

/** One event in the timeline; its link knows by itself whether it is the one in the URL. Drawn again only when its own halves change, however many arrive after it. */
export const Row = memo(
  ({ event }: RowProps) => {
    const { id, kind, subject, at, intent } = event;
    const Icon = icons[kind];
    const outcome = outcomeOf(event);
    const stopped = outcome === 'deny' || outcome === 'require_approval';
    const reasons = intent?.decision.reasons ?? [];
    const [reason] = reasons;
    const found = summaryOf(reasons, kind);
    const content = excerpt(event);
    return (
      <li>
        <Link
          to="."
          search={(old) => ({ ...old, event: id })}
          resetScroll={false}
          className={styles.row}
          data-outcome={outcome}
          data-list-item="select"
          data-event={id}
        >
          <time className={styles.time} dateTime={new Date(at).toISOString()}>
            {clock(at)}
          </time>
          <Icon size={16} stroke={1.6} aria-hidden className={styles.icon} />
          <span className={styles.what}>
            <span className={styles.title}>
              <span className={styles.kind}>{kindNames[kind]}</span>
              {subject === '' ? null : (
                <code className={styles.subject}>
                  <HostileText text={subject} max={70} />
                </code>
              )}
            </span>
            {content === '' ? null : (
              <span className={styles.content}>
                <HostileText text={content} max={140} />
              </span>
            )}
            {stopped && reason !== undefined ? (
              <span className={styles.why}>
                {reasonTitle(reason.code)} <ReasonLine reason={reason} />
              </span>
            ) : null}
          </span>
          <span className={styles.end}>
            {outcome === undefined ? null : <OutcomeMark outcome={outcome} kind={kind} />}
            <After event={event} />
          </span>
          {found === '' ? null : (
            <span className={styles.found}>
              <HostileText text={found} max={200} />
            </span>
          )}
        </Link>
      </li>
    );
  },
  (a, b) => a.event.intent === b.event.intent && a.event.result === b.event.result,
);

/** The beginning of what it carried, on one line. Of a model request the log keeps figures, so those are said. */
function excerpt({ kind, intent, result }: TimelineEvent): string {
  const content = intent?.content ?? result?.content ?? '';
  if (kind === 'model_request') {
    const messages = /"messages":(\d+)\}$/.exec(content)?.[1];
    if (messages !== undefined) return plural(Number(messages), 'message');
  }
  return content.slice(0, 200).replaceAll(/\s+/g, ' ');
}

/** What became of it: how long it took, or that it failed. */
function After({ event: { result, intent } }: { event: TimelineEvent }) {
  if (result === undefined) {
    return intent?.owesResult ? <span className={styles.figures}>no result yet</span> : null;
  }
  const { outcome, latencyMs, tokensIn = 0, tokensOut = 0 } = result.result;
  if (outcome !== 'ok') return <Mark tone="hold">{outcome === 'error' ? 'Failed' : capital(outcome)}</Mark>;
  const tokens = tokensIn + tokensOut;
  return (
    <span className={styles.figures}>
      {tokens > 0 ? `${plural(tokens, 'token')} · ` : ''}
      {duration(latencyMs * 1_000)}
    </span>
  );
}
