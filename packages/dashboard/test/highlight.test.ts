import { describe, expect, it } from 'vitest';
import { stretchesOf } from '../src/text/highlight.ts';

const hits = (text: string, ...values: string[]) =>
  stretchesOf(text, values)
    .filter(({ isHit }) => isHit)
    .map(({ text: hit }) => hit);
const whole = (text: string, ...values: string[]) =>
  stretchesOf(text, values)
    .map(({ text: part }) => part)
    .join('');

describe('a value is found in the text it came from', () => {
  it('whatever case it has', () => {
    expect(hits('Pay to Eve@Evil.Example now', 'eve@evil.example')).toEqual(['Eve@Evil.Example']);
  });

  it('though invisible characters were put into it, which stay with the hit', () => {
    expect(hits('to GB29\u200B\u200BNW\u202EBK60.', 'GB29NWBK60')).toEqual(['GB29\u200B\u200BNW\u202EBK60']);
    expect(hits('GB29\u{E0041}\u{E0042}NWBK60', 'gb29nwbk60')).toEqual(['GB29\u{E0041}\u{E0042}NWBK60']);
  });

  it('each time it stands there, and nothing of the text is lost or moved', () => {
    const text = 'a 🙂 eve\u200B@x.example and Eve@x.example, İ eve@x.example\u202E';
    expect(hits(text, 'eve@x.example')).toHaveLength(3);
    expect(whole(text, 'eve@x.example')).toBe(text);
  });

  it('beside others, also where one stands inside or across another', () => {
    const text = 'send eve@x.example to x.example.org';
    expect(hits(text, 'x.example', 'eve@x.example', 'SEND')).toEqual(['send', 'eve@x.example', 'x.example']);
    expect(whole(text, 'eve@x', '@x.example', 'send')).toBe(text);
  });

  it('a value of one character is found nowhere, since it stands everywhere', () => {
    expect(hits('1 2 1 2', '1')).toEqual([]);
    expect(hits('text', '')).toEqual([]);
    expect(hits('text', '\u200B\u200B\u200B')).toEqual([]);
  });

  it('a hundred kilobytes that hold it thousands of times are marked a bounded number of times', () => {
    const text = 'ab\u200Bc '.repeat(20_000);
    expect(hits(text, 'abc')).toHaveLength(50);
    expect(whole(text, 'abc')).toBe(text);
  });
});
