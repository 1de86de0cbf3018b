import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RuntimeFault } from '@sallyport/core';
import { EventReader } from '../../src/upstreams/http/events.ts';
import { Lines } from '../../src/upstreams/protocol/lines.ts';
import { readMessages } from '../../src/upstreams/protocol/messages.ts';

/** Bytes, cut at the given places. */
function pieces(text: string, cuts: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text, 'utf8');
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...places].map((from, i) => bytes.subarray(from, places[i] ?? bytes.length));
}

const cuts = fc.array(fc.nat(), { maxLength: 20 });
const text = fc.string({ unit: 'binary' }).map((each) => each.replaceAll(/[\r\n]/g, '').toWellFormed());

describe('however the bytes are cut', () => {
  test('the same lines come out', () => {
    fc.assert(
      fc.property(fc.array(text), cuts, fc.constantFrom('\n', '\r\n'), (lines, places, end) => {
        const read: string[] = [];
        const reader = new Lines({ maxBytes: 10_000, breaksAtCr: end !== '\n', onLine: (line) => read.push(line) });
        for (const piece of pieces(lines.map((line) => line + end).join(''), places)) reader.push(piece);
        expect(read).toEqual(lines);
      }),
    );
  });

  test('the same events come out, whatever ends their lines', () => {
    const event = fc.record({
      name: fc.constantFrom('', 'message', 'endpoint'),
      data: fc.array(text, { minLength: 1 }),
    });
    fc.assert(
      fc.property(fc.array(event), cuts, fc.constantFrom('\n', '\r\n', '\r'), (events, places, end) => {
        const written = events.map(({ name, data }, i) =>
          [
            ...(name === '' ? [] : [`event: ${name}`]),
            `id: ${i}`,
            ': a comment',
            ...data.map((each) => `data: ${each}`),
            '',
            '',
          ]
            .join(end)
            .replace(new RegExp(`${end}$`), ''),
        );
        const read: { event: string; data: string }[] = [];
        const reader = new EventReader(100_000, (each) => read.push(each));
        for (const piece of pieces(written.map((each) => each + end).join(''), places)) reader.push(piece);
        const expected = events
          .map(({ name, data }) => ({ event: name || 'message', data: data.join('\n') }))
          .filter(({ data }) => data !== '');
        expect(read).toEqual(expected);
        if (events.length > 0) expect(reader.lastId).toBe(String(events.length - 1));
      }),
    );
  });
});

test('a message of single bytes costs little more than what it holds', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const lines = new Lines({ maxBytes: 1_000_000, breaksAtCr: false, onLine: () => undefined });
  const bytes = Buffer.alloc(300_000, 'x');
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < bytes.length; i++) lines.push(bytes.subarray(i, i + 1));
  collect();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(8_000_000);
});

test('an id that no header can carry is none', () => {
  for (const id of ['é', 'a\u0000', 'x'.repeat(2_000)]) {
    const reader = new EventReader(10_000, () => undefined);
    reader.push(Buffer.from('id: 1\n'));
    expect(reader.lastId).toBe('1');
    reader.push(Buffer.from(`id: ${id}\n`));
    expect(reader.lastId).toBe('');
  }
});

describe('a message', () => {
  test.each<[string, string]>([
    ['no JSON', '{'],
    ['a text', '"x"'],
    ['no version', '{"id":1,"result":{}}'],
    ['another version', '{"jsonrpc":"1.0","id":1,"result":{}}'],
    ['a member twice', '{"jsonrpc":"2.0","id":1,"id":2,"result":{}}'],
    ['both result and error', '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}'],
    ['neither', '{"jsonrpc":"2.0","id":1}'],
    ['a result that is a list', '{"jsonrpc":"2.0","id":1,"result":[]}'],
    ['a result without id', '{"jsonrpc":"2.0","result":{}}'],
    ['a result with id null', '{"jsonrpc":"2.0","id":null,"result":{}}'],
    ['an id of fractions', '{"jsonrpc":"2.0","id":1.5,"result":{}}'],
    ['an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"ping"}'],
    ['an error without code', '{"jsonrpc":"2.0","id":1,"error":{"message":"x"}}'],
    ['params that are a list', '{"jsonrpc":"2.0","method":"x","params":[1]}'],
    ['a method that is too long', `{"jsonrpc":"2.0","method":"${'x'.repeat(200)}"}`],
    ['depth', `{"jsonrpc":"2.0","id":1,"result":{"a":${'['.repeat(64)}${']'.repeat(64)}}}`],
  ])('with %s is refused, and not repeated in the fault', (_, line) => {
    let fault: unknown;
    try {
      readMessages(line);
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(RuntimeFault);
    expect(fault).toMatchObject({ code: 'upstream_malformed' });
    expect((fault as RuntimeFault).message).not.toContain(line);
  });

  test('may be one of a batch, as in 2025-03-26', () => {
    const batch = '[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","method":"notifications/progress"}]';
    expect(readMessages(batch)).toEqual([
      { kind: 'result', id: 1, result: {} },
      { kind: 'notification', method: 'notifications/progress', params: {} },
    ]);
  });
});
