import { useEffect } from 'react';
import { absolute, relative } from '../text/format.ts';
import { useValue, value } from '../live/value.ts';

const now = value(Date.now());
let watchers = 0;
let ticking: ReturnType<typeof setInterval> | undefined;

/** The present, for texts such as "4 min ago": one timer for the whole page. */
export function useNow(): number {
  useEffect(() => {
    watchers += 1;
    now.set(Date.now());
    ticking ??= setInterval(() => now.set(Date.now()), 10_000);
    return () => {
      watchers -= 1;
      if (watchers > 0) return;
      clearInterval(ticking);
      ticking = undefined;
    };
  }, []);
  return useValue(now);
}

export function Ago({ at }: { at: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={absolute(at)}>
      {relative(at, useNow())}
    </time>
  );
}
