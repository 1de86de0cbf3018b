import { describe, expect, it } from 'vitest';
import { Conversation } from './talk.ts';

const hostile: readonly (readonly [string, (size: number) => string])[] = [
  ['addresses that never end', (n) => 'a@'.repeat(n / 2)],
  ['dots and at-signs', (n) => 'a.b@'.repeat(n / 4)],
  ['open brackets', (n) => '('.repeat(n)],
  ['nested JSON', (n) => '['.repeat(n)],
  ['nested dicts', (n) => "{'a':".repeat(n / 5)],
  ['nested YAML', (n) => `a:\n${'- '.repeat(n / 2)}`],
  ['percent signs', (n) => '%'.repeat(n)],
  ['commas and digits', (n) => '1,'.repeat(n / 2)],
  ['spaced digits', (n) => '1 '.repeat(n / 2)],
  ['accounts that do not end', (n) => `de89${' 37'.repeat(n / 3)}`],
  ['long digits', (n) => '7'.repeat(n)],
  ['links', (n) => 'https://e.test/a '.repeat(n / 17)],
  ['slashes', (n) => '/'.repeat(n)],
  ['schemes', (n) => 'aa:'.repeat(n / 3)],
  ['hosts', (n) => 'a.'.repeat(n / 2)],
  ['quotes before an at-sign', (n) => '"'.repeat(n)],
  ['capitals', (n) => 'Aa Bb '.repeat(n / 6)],
  ['fields', (n) => JSON.stringify(Array.from({ length: n / 5 }, () => 1))],
  ['passwords', (n) => 'password'.repeat(n / 8)],
];

/** In microseconds of processor time: how long it took says more about what else the machine does. */
const cost = (text: string): number => {
  const before = process.cpuUsage();
  const talk = new Conversation().user(`Send to ann@corp.example ${text}`).answered('read_mail', text);
  talk.held('send_mail', { to: [text], body: text });
  return process.cpuUsage(before).user;
};

describe('twice as much text costs about twice as much', () => {
  it.each(hostile)('%s', (_, text) => {
    const best = (size: number): number => Math.min(...Array.from({ length: 5 }, () => cost(text(size))));
    cost(text(10_000));
    // Quadratic growth over a factor of eight would be sixty-fourfold.
    expect(best(100_000) / Math.max(best(12_500), 5_000)).toBeLessThan(40);
  });
});
