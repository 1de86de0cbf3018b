import { describe, expect, it } from 'vitest';
import { foundIn, placeName, summaryOf } from '../src/found.ts';

const replaced = (detail: string) => ({ code: 'sensitive_replaced', rule: 'guards.redact', detail });

describe('what content guards did is told in plain words', () => {
  it('names types by their titles, says in which direction, and adds up', () => {
    const reasons = [replaced('2 × EMAIL, 1 × US_SSN'), replaced('1 × US_SSN')];
    expect(summaryOf(reasons, 'model_request')).toBe(
      'Kept from the model: 2 × e-mail address, 2 × US social security number',
    );
    expect(summaryOf([replaced('restored 1 × US_SSN')], 'tool_call')).toBe(
      'Put back for the tool: 1 × US social security number',
    );
    const answer = [replaced('restored 1 × IBAN'), replaced('1 × EMPLOYEE_ID')];
    expect(summaryOf(answer, 'model_response')).toBe(
      'Put back for the user: 1 × IBAN; Replaced in the answer: 1 × EMPLOYEE_ID',
    );
    expect(foundIn({ code: 'other_owner', detail: '2 × EMAIL' }, 'model_response')?.summary).toBe(
      'Of another owner: 2 × e-mail address',
    );
  });

  it('of an injection says what was done, by which signs under which ids, and where', () => {
    const detail =
      'distrust: override-instructions (AML.T0051.000), leak-secrets (AML.T0057); score 0.95; at 73–189, 73–189; hidden by base64 then rot13; too large to be read whole';
    expect(foundIn({ code: 'injection_suspected', detail }, 'tool_result')).toEqual({
      summary: 'Looks like an injection, hidden by base64 then rot13: its values vouch for nothing',
      says: 'Its values vouch for nothing',
      facts: [
        ['Signs', 'override-instructions (AML.T0051.000, LLM01:2025)\nleak-secrets (AML.T0057, LLM02:2025)'],
        ['Score', '0.95 of 1; from 0.50 on suspicious'],
        ['Characters', '73–189'],
        ['Hidden by', 'base64 then rot13'],
        ['Note', 'too large to be read whole'],
      ],
    });
  });

  it('of a link says what was taken out and whom it would have asked', () => {
    const detail = '2 × image, element; asked of attacker.com';
    expect(foundIn({ code: 'exfiltration_link', detail }, 'model_response')?.summary).toBe(
      'Taken out of the answer: 2 × image, element, which would have asked attacker.com',
    );
  });

  it.each([
    ['sensitive_replaced', 'something new'],
    ['sensitive_replaced', '1 × '],
    ['injection_suspected', 'constructor: x'],
    ['injection_suspected', ''],
    ['exfiltration_link', 'an image by reference was parted from its sign'],
    ['forbidden', '2 × EMAIL'],
  ])('a detail of %s that it does not know (%s) is left to stand as it is', (code, detail) => {
    expect(foundIn({ code, detail }, 'tool_result')).toBeUndefined();
    expect(summaryOf([{ code, detail }], 'tool_result')).toBe('');
  });

  it('a value that was put back is not said to be replaced, and places are counted as people count', () => {
    expect(foundIn(replaced('restored 1 × IBAN'), 'model_response')?.title).toBe('Values were put back');
    expect(foundIn(replaced('1 × IBAN'), 'model_response')?.title).toBeUndefined();
    expect(['messages[0]', 'messages[3].calls[0]', 'text', 'arguments.to', 'messages[x]'].map(placeName)).toEqual([
      'message 1',
      'message 4, call 1',
      'its text',
      'arguments.to',
      'messages[x]',
    ]);
  });
});
