import { useMemo, useState } from 'react';
import { Scroll } from './Scroll.tsx';
import { bytes } from '../text/format.ts';
import { reveal } from '../text/reveal.ts';
import { stretchesOf } from '../text/highlight.ts';
import styles from './HostileText.module.css';

/** How much of a long text is shown before it is asked for, and how much each asking adds (UTF-16 units). */
const page = { first: 4_000, more: 24_000 };
const none: readonly string[] = [];

/**
 * Text that an agent, a model or a stranger wrote. It is shown as text and nothing else; what could not be seen, or would
 * reorder what can, is a small labelled mark; its direction cannot leak into what stands beside it.
 */
export function HostileText({ text, max }: { text: string; max?: number }) {
  const cut = max !== undefined && text.length > max;
  const pieces = useMemo(() => reveal(cut ? text.slice(0, max) : text), [text, max, cut]);
  return (
    <span className={styles.inline}>
      <Pieces pieces={pieces} />
      {cut ? '…' : null}
    </span>
  );
}

/** The same for a block: line breaks stay, long text unfolds page by page, and values that are sought stand out. */
export function HostileBlock({
  text,
  label,
  sought = none,
}: {
  text: string;
  label: string;
  sought?: readonly string[];
}) {
  const [shown, setShown] = useState(page.first);
  const visible = useMemo(() => safeCut(text, shown), [text, shown]);
  const stretches = useMemo(
    () => stretchesOf(visible, sought).map(({ text: part, isHit }) => ({ pieces: reveal(part), isHit })),
    [visible, sought],
  );
  const marks = stretches.flatMap(({ pieces }) => pieces).filter(({ kind }) => kind === 'mark').length;
  const left = text.length - visible.length;
  return (
    <div className={styles.block}>
      {marks > 0 ? (
        <p className={styles.notice}>
          {marks === 1 ? 'One place holds' : `${marks} places hold`} characters that cannot be seen; each is marked.
        </p>
      ) : null}
      <Scroll label={label} className={styles.scroll}>
        <pre className={styles.pre}>
          {stretches.map(({ pieces, isHit }, at) =>
            isHit ? (
              // oxlint-disable-next-line react/no-array-index-key -- stretches have no identity but their place
              <mark key={at} className={styles.hit}>
                <Pieces pieces={pieces} />
              </mark>
            ) : (
              // oxlint-disable-next-line react/no-array-index-key
              <Pieces key={at} pieces={pieces} />
            ),
          )}
        </pre>
      </Scroll>
      {left > 0 ? (
        <button type="button" className={styles.more} onClick={() => setShown(visible.length + page.more)}>
          Show more <span className={styles.left}>{bytes(left)} left</span>
        </button>
      ) : null}
    </div>
  );
}

function Pieces({ pieces }: { pieces: ReturnType<typeof reveal> }) {
  return pieces.map((piece, at) =>
    piece.kind === 'text' ? (
      // oxlint-disable-next-line react/no-array-index-key -- pieces have no identity but their place
      <span key={at}>{piece.text}</span>
    ) : (
      // oxlint-disable-next-line react/no-array-index-key
      <span key={at} className={styles.mark} title={piece.meaning}>
        ⟨{piece.label}⟩
      </span>
    ),
  );
}

/** Never cuts a surrogate pair in two, which would show as a character that is not there. */
function safeCut(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}
