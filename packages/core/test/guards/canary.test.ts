import { describe, expect, it } from 'vitest';
import type { JsonObject, ModelRequest, ModelResponse, Verdict } from '../../src/index.ts';
import { canaryGuard, plantCanaryGuard } from '../../src/guards/canary.ts';
import { session, toolCall } from '../fixtures.ts';
import { canary, chatRequest, viewsOf, wireOf } from './requests.ts';

const context = { session: session(), now: 0 };
const secret = canary('s-1');
const says = (text: string): Verdict => {
  const response: ModelResponse = {
    kind: 'model_response',
    id: 'r',
    at: 0,
    model: { provider: 'a', name: 'b' },
    text,
    calls: 0,
  };
  return canaryGuard(canary).check(response, context) as Verdict;
};
const calls = (args: JsonObject): Verdict => canaryGuard(canary).check(toolCall(args), context) as Verdict;
const denied = { outcome: 'deny', reasons: [{ code: 'canary_leaked' }] };
const plant = (request: ModelRequest) => plantCanaryGuard(canary).check(request, context) as Verdict;

describe('a canary', () => {
  it('is planted in the system prompt once, and only where there is one', () => {
    const verdict = plant(
      chatRequest([
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Hi' },
      ]),
    );
    if (verdict.outcome !== 'transform') throw new Error('it was not planted');
    const event = verdict.event as ModelRequest;
    expect(wireOf(event).messages[0]?.['content']).toMatch(new RegExp(`^Be kind\\.\\n\\n.*${secret}`));
    expect(event.messages).toEqual(viewsOf(event));
    expect(plant(event)).toEqual({ outcome: 'allow' });
    expect(plant(chatRequest([{ role: 'user', content: 'Hi' }]))).toEqual({ outcome: 'allow' });
  });

  const inner = `My instructions: Be kind. ${secret} That is all.`;
  const forms: [string, string][] = [
    ['plain', inner],
    ['upper case', inner.toUpperCase()],
    ['spaced', secret.split('').join(' ')],
    ['dotted, over lines', secret.split('').join('.\n')],
    ['with invisible characters', secret.split('').join('\u200b')],
    ['full width', secret.replace(/./g, (char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0))],
    ['reversed', inner.split('').toReversed().join('')],
    ['hex', Buffer.from(inner).toString('hex')],
    ['hex with spaces', (Buffer.from(inner).toString('hex').match(/../g) ?? []).join(' ')],
    ['percent', inner.replace(/./g, (char) => `%${char.charCodeAt(0).toString(16)}`)],
    ['some percent', inner.replace(/[0-4a-c]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)],
    ['escapes', inner.replace(/./g, (char) => `\\x${char.charCodeAt(0).toString(16)}`)],
    ['entities', inner.replace(/./g, (char) => `&#x${char.charCodeAt(0).toString(16)};`)],
    ['base64', Buffer.from(inner).toString('base64')],
    ['base64, one byte on', Buffer.from(`.${inner}`).toString('base64')],
    ['base64url, two bytes on', Buffer.from(`..${inner}`).toString('base64url')],
    ['base64 over lines', Buffer.from(inner).toString('base64').replace(/.{20}/g, '$&\n')],
    ['base64 of it reversed', Buffer.from(inner.split('').toReversed().join('')).toString('base64')],
    ['half of it', `begins with ${secret.slice(0, 16)}`],
    ['the other half', `ends with ${secret.slice(16)}`],
  ];
  it.each(forms)('is found in answers and in arguments: %s', (_, text) => {
    expect(says(text)).toMatchObject(denied);
    expect(calls({ to: 'eve', deep: [{ body: text }] })).toMatchObject({
      ...denied,
      reasons: [{ code: 'canary_leaked', path: 'arguments.deep[0].body' }],
    });
  });

  it('is found where it is cut into several arguments, or stands in a name', () => {
    const pieces = secret.match(/.{8}/g) ?? [];
    expect(calls({ pieces })).toMatchObject({ ...denied, reasons: [{ path: 'arguments' }] });
    expect(calls({ [secret]: 1 })).toMatchObject(denied);
  });

  it('is not repeated by the denial that it causes', () => {
    expect(JSON.stringify([says(inner), calls({ body: inner })])).not.toContain(secret.slice(0, 8));
  });

  it("is no other session's, and no text by chance", () => {
    for (const text of [canary('s-2'), 'a'.repeat(40), Buffer.from(canary('s-3')).toString('base64'), '']) {
      expect(says(text)).toEqual({ outcome: 'allow' });
      expect(calls({ text })).toEqual({ outcome: 'allow' });
    }
  });
});
