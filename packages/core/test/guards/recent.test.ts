import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject, Message, ModelRequest } from '../../src/index.ts';
import { RecentMessages, writeRequest } from '../../src/index.ts';
import { wireMessages } from '../../src/guards/wire.ts';

const view = ({ role, content }: JsonObject): Message => ({
  role: role as Message['role'],
  text: content as string,
});
const take = (recent: RecentMessages, session: string, wire: readonly JsonObject[]) =>
  recent.take(session, wire.map(view), wire);
const said = (content: string, more: JsonObject = {}): JsonObject => ({ role: 'user', content, ...more });

describe('messages that a session sends again', () => {
  it('are the same objects, as far as they repeat and no further', () => {
    const recent = new RecentMessages();
    const first = take(recent, 's', [said('a'), said('b'), said('c')]);
    const second = take(recent, 's', [said('a'), said('B'), said('c'), said('d')]);
    expect(second[0]).toBe(first[0]);
    expect(second[1]?.view.text).toBe('B');
    // What stands behind a change may mean something else.
    expect(second[2]).not.toBe(first[2]);
    expect(second.map(({ text }) => JSON.parse(text) as Json)).toEqual(['a', 'B', 'c', 'd'].map((text) => said(text)));
  });

  it('that differ in anything a provider reads are others', () => {
    const recent = new RecentMessages();
    const [first] = take(recent, 's', [said('a', { name: 'ann' })]);
    expect(take(recent, 's', [said('a', { name: 'eve' })])[0]).not.toBe(first);
  });

  it('are shared with no other session', () => {
    const recent = new RecentMessages();
    const [first] = take(recent, 's', [said('a')]);
    expect(take(recent, 't', [said('a')])[0]).not.toBe(first);
  });
});

describe('the bytes of a request', () => {
  it('are its JSON, with every message where it is said to be', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 6 }), text, (texts, setting) => {
        const wire = texts.map((content) => said(content));
        const sent = take(new RecentMessages(), 's', wire);
        const bytes = writeRequest({ model: 'm', user: setting }, sent);
        const json = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ model: 'm', user: setting, messages: wire })));
        const event = { messages: wire.map(view), wire: { format: 'openai.chat', bytes } } as unknown as ModelRequest;
        for (const [at, { start, end, content }] of wireMessages(event).entries()) {
          const read = (from: number, to: number): Json =>
            JSON.parse(new TextDecoder().decode(bytes.subarray(from, to))) as Json;
          expect(read(start, end)).toEqual(JSON.parse(JSON.stringify(wire[at])));
          expect(read(content?.start ?? 0, content?.end ?? 0)).toEqual(JSON.parse(JSON.stringify(texts[at])));
        }
      }),
    );
  });
});
