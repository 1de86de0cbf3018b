const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat('en');

export const count = (n: number): string => whole.format(n);
export const short = (n: number): string => (n < 10_000 ? whole.format(n) : compact.format(n));

/** From millionths of a US dollar; small sums keep two significant digits, so that a call is never "$0.00". */
export function money(micros: number): string {
  const dollars = micros / 1e6;
  if (dollars === 0) return '$0';
  if (dollars < 0.0001) return '<$0.0001';
  return `$${dollars < 0.1 ? dollars.toFixed(4) : dollars.toFixed(2)}`;
}

/** From microseconds. */
export function duration(micros: number): string {
  if (micros < 1_000) return `${Math.round(micros)} µs`;
  if (micros < 1_000_000) return `${(micros / 1_000).toFixed(micros < 10_000 ? 1 : 0)} ms`;
  return `${(micros / 1_000_000).toFixed(1)} s`;
}

export function bytes(n: number): string {
  if (n < 1_000) return `${n} B`;
  return n < 1_000_000 ? `${Math.round(n / 1_000)} kB` : `${(n / 1_000_000).toFixed(1)} MB`;
}

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

const two = (n: number): string => String(n).padStart(2, '0');

export function clock(at: number, withSeconds = true): string {
  const date = new Date(at);
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return withSeconds ? `${minutes}:${two(date.getSeconds())}` : minutes;
}

const fullTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
export const absolute = (at: number): string => fullTime.format(at);

/** The stretch that figures cover, as one says it: "last hour", "last 24 hours". */
export function span(ms: number): string {
  const hours = Math.round(ms / 3_600_000);
  return hours <= 1 ? 'last hour' : `last ${hours} hours`;
}

const steps = [
  ['day', 86_400_000, 'd'],
  ['hour', 3_600_000, 'h'],
  ['minute', 60_000, 'min'],
] as const;

/** `4 min ago`, `in 3 d`; below a minute it does not tick. */
export function relative(at: number, now: number): string {
  const distance = Math.abs(now - at);
  const step = steps.find(([, ms]) => distance >= ms);
  if (!step) return at > now + 5_000 ? 'in under a minute' : 'just now';
  const amount = `${Math.floor(distance / step[1])} ${step[2]}`;
  return at > now ? `in ${amount}` : `${amount} ago`;
}

/** `59 min 12 s`, `2 h 5 min`, `3 d 4 h`: the two largest units of a stretch that is left. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}
