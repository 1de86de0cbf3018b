import type { EventKind } from '@sallyport/core/admin';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { IntentView, ResultView, TimelineEvent } from '../../timeline.ts';
import { CameFrom } from './CameFrom.tsx';
import { Copy } from '../../components/Code.tsx';
import { Facts } from '../../components/Page.tsx';
import { HostileBlock, HostileText } from '../../components/HostileText.tsx';
import { Mark, OutcomeMark, isFlag } from '../../components/Mark.tsx';
import { Reasons } from './Reason.tsx';
import { Verdicts } from './Verdicts.tsx';
import { absolute, count, duration, money } from '../../text/format.ts';
import { kindNames } from '../../timeline.ts';
import styles from './EventDetail.module.css';

/** One event, whole: what it carried, what was decided and why, what became of it. */
export function EventDetail({ event, roles }: { event: TimelineEvent; roles: readonly string[] }) {
  const { kind, subject, intent, result } = event;
  return (
    <article className={styles.pane} aria-label={`${kindNames[kind]}, details`}>
      <header className={styles.header}>
        <div>
          <h2 className={styles.title}>{kindNames[kind]}</h2>
          {subject === '' ? null : (
            <code className={styles.subject}>
              <HostileText text={subject} max={200} />
            </code>
          )}
        </div>
        <Link
          to="."
          search={(old) => ({ ...old, event: undefined })}
          resetScroll={false}
          activeOptions={{ exact: true, explicitUndefined: true }}
          className={styles.close}
        >
          Close
        </Link>
      </header>
      {intent ? <Decided intent={intent} roles={roles} /> : null}
      {intent?.decision.provenance === undefined ? null : <CameFrom provenance={intent.decision.provenance} />}
      <Carried intent={intent} result={result} />
      {result ? <Became result={result} /> : null}
      {intent ? (
        <section className={styles.part}>
          <h3 className={styles.name}>Guards</h3>
          <Verdicts verdicts={intent.decision.verdicts} kind={kind} isStopped={intent.decision.outcome === 'deny'} />
        </section>
      ) : null}
      <Record event={event} />
    </article>
  );
}

function passedText(verdicts: IntentView['decision']['verdicts']): string {
  const rewrote = verdicts.filter(({ outcome, mode }) => outcome === 'transform' && mode === 'enforce');
  if (rewrote.length > 0)
    return `Nothing was found in it; rewritten by ${rewrote.map(({ guard }) => guard).join(', ')}.`;
  if (verdicts.length === 0) return 'No guard had anything to judge in it.';
  return `${verdicts.length === 1 ? 'The one guard' : `All ${verdicts.length} guards`} let it pass.`;
}

function Decided({ intent, roles }: { intent: IntentView; roles: readonly string[] }) {
  const { outcome, reasons, verdicts } = intent.decision;
  return (
    <section
      className={styles.decision}
      data-outcome={isFlag(outcome, intent.kind) ? 'flag' : outcome}
      aria-label="Decision"
    >
      <p className={styles.outcome}>
        <OutcomeMark outcome={outcome} kind={intent.kind} />
        <span className={styles.when}>{absolute(intent.at)}</span>
      </p>
      {reasons.length === 0 ? <p>{passedText(verdicts)}</p> : <Reasons reasons={reasons} kind={intent.kind} />}
      {intent.decision.approval === undefined ? null : (
        <Link to="/approvals/$id" params={{ id: intent.decision.approval }}>
          {outcome === 'require_approval' ? 'The approval it waits for' : 'The approval that let it pass'}
        </Link>
      )}
      <AskRules intent={intent} roles={roles} />
    </section>
  );
}

const askable: Partial<Record<EventKind, 'tools' | 'models'>> = { tool_call: 'tools', model_request: 'models' };

/** Leads to the same question, put to the policies in force now, with its values ready to be changed. */
function AskRules({
  intent: { kind, subject, content = '' },
  roles,
}: {
  intent: IntentView;
  roles: readonly string[];
}) {
  const of = askable[kind];
  if (of === undefined) return null;
  const isWhole = content.startsWith('{') && content.endsWith('}') && content.length < 8_000;
  const given = of === 'tools' && isWhole ? { arguments: content } : {};
  return (
    <Link to="/permissions" search={{ view: 'explain', kind: of, role: roles.join(','), name: subject, ...given }}>
      Which rules speak of this?
    </Link>
  );
}

function Carried({ intent, result }: { intent: IntentView | undefined; result: ResultView | undefined }) {
  const parts = [
    { name: 'Content', text: intent?.content },
    { name: 'Content of the result', text: result?.content },
  ];
  const kept = parts.filter((part) => part.text !== undefined && part.text !== '');
  return (
    <section className={styles.part}>
      {kept.length === 0 ? (
        <>
          <h3 className={styles.name}>Content</h3>
          <p className={styles.quiet}>
            Not kept. What the log keeps of an event is set by <code>audit.content</code> in sallyport.yaml.
          </p>
        </>
      ) : (
        kept.map(({ name, text = '' }) => (
          <div key={name} className={styles.content}>
            <h3 className={styles.name}>{name}</h3>
            <HostileBlock text={pretty(text)} label={name} />
          </div>
        ))
      )}
    </section>
  );
}

function Became({ result: { result } }: { result: ResultView }) {
  const { outcome, latencyMs, tokensIn, tokensOut, costMicros, error } = result;
  return (
    <section className={styles.part}>
      <h3 className={styles.name}>Result</h3>
      <Facts
        rows={[
          [
            'Outcome',
            <Mark key="outcome" tone={outcome === 'ok' ? 'allow' : 'hold'}>
              {resultWords[outcome]}
            </Mark>,
          ],
          ['Error', error === undefined ? undefined : <HostileText key="error" text={error} max={400} />],
          ['Took', duration(latencyMs * 1_000)],
          ['Tokens', tokensIn === undefined ? undefined : `${count(tokensIn)} in, ${count(tokensOut ?? 0)} out`],
          ['Cost', costMicros === undefined ? undefined : money(costMicros)],
        ]}
      />
    </section>
  );
}

const resultWords = {
  ok: 'Done',
  error: 'Failed',
  aborted: 'Aborted',
  unknown: 'Unknown: the runtime stopped before it learned',
} as const;

function Record({ event: { id, intent, result } }: { event: TimelineEvent }) {
  const [open, setOpen] = useState(false);
  const json = JSON.stringify([intent, result].filter(Boolean), null, 2);
  return (
    <section className={styles.part}>
      <details className={styles.raw} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Raw JSON</summary>
        {open ? (
          <>
            <HostileBlock text={json} label="Raw JSON" />
            <div>
              <Copy text={json} what="the event’s entries as JSON" />
            </div>
          </>
        ) : null}
      </details>
      <Facts
        rows={[
          ['Event', <code key="id">{id}</code>],
          ['Entries', [intent?.seq, result?.seq].filter((seq) => seq !== undefined).join(', ')],
          ['Policies', intent ? <code key="policy">{intent.decision.policy.slice(0, 16)}</code> : undefined],
        ]}
      />
    </section>
  );
}

/** JSON is laid out for reading; anything else stays as it came. */
function pretty(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
