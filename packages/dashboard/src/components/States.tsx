import type { AdminPermission } from '@sallyport/core/admin';
import type { ReactNode } from 'react';
import type { UseQueryResult } from '@tanstack/react-query';
import { Button, Skeleton } from '@mantine/core';
import { adminPermissions } from '@sallyport/core/admin';
import { HostileText } from './HostileText.tsx';
import { Refused } from '../api.ts';
import { capital } from '../text/format.ts';
import { useMe } from './me.ts';
import styles from './States.module.css';

/** What a list or panel shows when it has nothing: the next step, never just "no data". */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles.empty}>
      <p className={styles.emptyTitle}>{title}</p>
      {children === undefined ? null : <div className={styles.emptyText}>{children}</div>}
    </div>
  );
}

export function Loading({ rows = 5, label }: { rows?: number; label: string }) {
  return (
    <output className={styles.loading} aria-label={`Loading ${label}`}>
      {Array.from({ length: rows }, (_, at) => (
        // oxlint-disable-next-line react/no-array-index-key -- placeholders are all alike
        <Skeleton key={at} height={14} width={`${92 - ((at * 17) % 40)}%`} />
      ))}
    </output>
  );
}

/** Says what failed and what to do about it. */
export function Failed({ error, retry }: { error: unknown; retry?: (() => void) | undefined }) {
  const { title, text, request } = explain(error);
  return (
    <div className={styles.failed} role="alert">
      <p className={styles.failedTitle}>{title}</p>
      <p className={styles.failedText}>
        <HostileText text={text} />
      </p>
      {request === undefined ? null : <p className={styles.request}>Request {request}: the runtime’s log has more.</p>}
      {retry ? (
        <Button size="compact-sm" variant="default" onClick={retry}>
          Try again
        </Button>
      ) : null}
    </div>
  );
}

export function explain(error: unknown): { title: string; text: string; request?: string } {
  if (error instanceof Refused) {
    const { title, detail, requestId } = error.problem;
    return { title, text: detail ?? 'The runtime gave no detail.', request: requestId };
  }
  const text = error instanceof Error ? error.message : 'Something unexpected happened. Reload the page.';
  return { title: 'No answer from the runtime', text };
}

/** Tells a role why a place is empty for it, and who can help. */
export function Forbidden({ permission, what }: { permission: AdminPermission; what: string }) {
  const me = useMe();
  const roles = adminPermissions[permission];
  return (
    <div className={styles.empty}>
      <p className={styles.emptyTitle}>Your role does not show {what}</p>
      <p className={styles.emptyText}>
        You are signed in as {me.role}. {capital(roles.join(', '))} may see {what}; an owner can change your role under
        Settings, Operators.
      </p>
    </div>
  );
}

/** Skeleton, error or content, so that no screen forgets one of them. */
export function Answer<T>({
  of,
  label,
  rows = 5,
  children,
}: {
  of: UseQueryResult<T>;
  label: string;
  rows?: number;
  children: (data: T) => ReactNode;
}) {
  if (of.data !== undefined) return children(of.data);
  if (of.isError) return <Failed error={of.error} retry={() => void of.refetch()} />;
  return <Loading label={label} rows={rows} />;
}
