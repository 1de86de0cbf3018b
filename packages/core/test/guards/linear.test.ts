import { describe, expect, it } from 'vitest';
import type { Json, JsonObject, Message, Verdict } from '../../src/index.ts';
import { parseConfig, parseJson } from '../../src/index.ts';
import { locate } from '../../src/flow/locate.ts';
import { settingsGuard } from '../../src/guards/settings.ts';
import { session } from '../fixtures.ts';

const { guards } = parseConfig('', { env: {}, readFile: () => '' });

/*
 * Each input is so long that anything but linear time would take minutes: the runner's own limit is the check, because a
 * measured time proves nothing on a shared machine.
 */

const lenient = (text: string): Json | undefined => {
  try {
    return parseJson(text, { maxDepth: 64 });
  } catch {
    return undefined;
  }
};

describe('reading JSON of megabytes comes to an end', () => {
  it.each<[string, (size: number) => string]>([
    ['backslashes', (size) => `"${'\\\\'.repeat(size)}"`],
    ['escaped quotation marks', (size) => `"${'\\"'.repeat(size)}"`],
    ['an unclosed string of backslashes', (size) => `"${'\\'.repeat(size)}`],
    ['empty strings', (size) => `[${'"",'.repeat(size)}""]`],
    ['many members', (size) => `{${Array.from({ length: size }, (_, i) => `"${i}x":0`).join()}}`],
    ['members that are numbers', (size) => `{${Array.from({ length: size }, (_, i) => `"${i * 7}":0`).join()}}`],
    ['brackets that close nothing', (size) => ']'.repeat(size)],
  ])('%s', (_, text) => {
    const read = lenient(text(1_000_000));
    expect(read === undefined || JSON.stringify(read).length > 1_000_000).toBe(true);
  });
});

describe('finding where a value was read comes to an end', () => {
  const message = (text: string): Message[] => [{ role: 'user', text }];
  it.each<[string, string, (size: number) => string]>([
    ['one letter over and over', 'a'.repeat(1000), (size) => 'a'.repeat(size)],
    ['a period that ends within a word', `${'ab.'.repeat(300)}a`, (size) => 'ab.'.repeat(size / 3)],
    ['near-hits', `b${'a'.repeat(999)}`, (size) => `${'a'.repeat(999)}c`.repeat(size / 1000)],
  ])('%s', (_, sought, text) => {
    expect(locate(sought, message(text(3_000_000)))).toBeUndefined();
  });

  it('and what stands there plainly is still found', () => {
    expect(locate('ann@x.example', message(`${'ann@x.examplea '.repeat(50)} ann@x.example`))).toMatchObject({
      message: 0,
    });
  });
});

const check = (settings: JsonObject) =>
  settingsGuard(guards.settings).check(
    {
      kind: 'model_request',
      id: 'm-1',
      at: 0,
      model: { provider: 'a', name: 'm' },
      messages: [],
      tools: [],
      settings,
      stream: false,
      wire: { format: 'openai.chat', bytes: new Uint8Array() },
    },
    { session: session(), now: 0 },
  ) as Verdict;

describe('a request with a million unknown parameters', () => {
  it('is denied with a few reasons, not with a million', () => {
    const verdict = check(Object.fromEntries(Array.from({ length: 1_000_000 }, (_, i) => [`p${i}`, 1])));
    expect(verdict).toMatchObject({ outcome: 'deny' });
    expect(verdict.outcome === 'deny' && verdict.reasons.length).toBe(20);
  });

  it('or one with a name of ten megabytes is judged all the same', () => {
    const verdict = check({ ['x'.repeat(10_000_000)]: 1 });
    expect(JSON.stringify(verdict).length).toBeLessThan(1000);
  });
});

describe('parameters of the current API', () => {
  it.each([{ prompt_cache_retention: '24h' }, { service_tier: 'fast' }])('%j is known', (settings) => {
    expect(check(settings)).toMatchObject({ outcome: 'allow' });
  });
});
