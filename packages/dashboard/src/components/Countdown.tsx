import { useEffect, useState } from 'react';
import { absolute, countdown } from '../text/format.ts';

/** Time that is left, to the second. Silent for screen readers, who would hear nothing else. */
export function Countdown({ until }: { until: number }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const tick = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(tick);
  }, []);
  return (
    <time dateTime={new Date(until).toISOString()} title={absolute(until)}>
      {until <= now ? 'expired' : `${countdown(until - now)} left`}
    </time>
  );
}
