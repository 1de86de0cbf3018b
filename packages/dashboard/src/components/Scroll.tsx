import type { ReactNode } from 'react';

/** A part that scrolls by itself. Without a place in the tab order, people who use the keyboard could not scroll it. */
export function Scroll({
  label,
  className,
  children,
}: {
  label: string;
  className?: string | undefined;
  children: ReactNode;
}) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- axe: scrollable-region-focusable
    <section tabIndex={0} aria-label={label} className={className}>
      {children}
    </section>
  );
}
