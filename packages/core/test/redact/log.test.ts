import { describe, expect, test } from 'vitest';
import type { Decision, Reason } from '../../src/decision.ts';
import type { IntentEntry } from '../../src/entries.ts';
import { LogMask } from '../../src/redact/log.ts';
import { RedactPolicy } from '../../src/redact/policy.ts';
import { Redactor } from '../../src/redact/redactor.ts';
import { TokenVault } from '../../src/redact/token-vault.ts';
import { redactSchema } from '../../src/config/content/redact.ts';
import { hmac } from '../guards/requests.ts';

const ssn = ['536', '22', '8726'].join('-');
const head = {
  id: 'evt_1',
  at: 1,
  tenant: 'default',
  sessionId: 'ses_1',
  agentId: 'agt_1',
  userId: 'user',
  eventId: 'evt_1',
  kind: 'tool_call',
  subject: 'crm_read',
} as const;
const intent = (decision: Decision): IntentEntry => ({ ...head, phase: 'intent', decision, owesResult: true });
const decisionOf = (...reasons: Reason[]): Decision => ({
  outcome: 'deny',
  reasons,
  verdicts: [{ guard: 'arguments', mode: 'enforce', outcome: 'deny', reasons, micros: 4 }],
  policy: 'hash',
});

function maskOf() {
  const policy = new RedactPolicy(redactSchema.parse({}));
  const vaults = new Map([
    ['ses_1', new TokenVault()],
    ['ses_2', new TokenVault()],
  ]);
  const redactor = new Redactor({ policy, hash: (type, value) => hmac(`${type} ${value}`) });
  return { redactor, vaults, mask: new LogMask(redactor, (id) => vaults.get(id)) };
}

describe('a decision', () => {
  test('comes back itself where nothing was masked, and so does its entry', () => {
    const { mask } = maskOf();
    const decision = decisionOf({ code: 'invalid_arguments', path: 'arguments.to', detail: 'is no number' });
    expect(mask.decision(decision, 'ses_1', 'crm_read')).toBe(decision);
    const entry = intent(decision);
    expect(mask.entry(entry)).toBe(entry);
  });
  test('is masked in its entry by what came to be known since it was masked itself', () => {
    const { mask, vaults } = maskOf();
    const decision = decisionOf({ code: 'invalid_arguments', value: 'Reference 88231-QX77.' });
    expect(mask.decision(decision, 'ses_1', 'crm_read')).toBe(decision);
    vaults.get('ses_1')?.tokenOf('NATIONAL_ID', '88231-QX77');
    expect(JSON.stringify(mask.entry(intent(decision)))).not.toContain('88231');
  });
  test('that is clean in one session is masked in another that knows the value', () => {
    const { mask, vaults } = maskOf();
    vaults.get('ses_2')?.tokenOf('NATIONAL_ID', '88231-QX77');
    const decision = decisionOf({ code: 'invalid_arguments', value: 'Reference 88231-QX77.' });
    expect(mask.decision(decision, 'ses_1', 'crm_read')).toBe(decision);
    expect(JSON.stringify(mask.entry({ ...intent(decision), sessionId: 'ses_2' }))).not.toContain('88231');
  });
  test('that was never masked is masked in its entry, at any depth', () => {
    const { mask } = maskOf();
    mask.decision(decisionOf(), 'ses_1', 'crm_read');
    const decision = decisionOf({ code: 'invalid_arguments', value: `SSN ${ssn}`, detail: `SSN ${ssn} is no number` });
    const masked = mask.entry({ ...intent(decision), content: `{"ssn":"${ssn}"}` });
    expect(JSON.stringify(masked)).not.toContain(ssn);
    expect(JSON.stringify(decision)).toContain(ssn);
  });
});

test('a text without a value in it is changed by tokens, however they are escaped, each time and in every session', () => {
  const { redactor, vaults } = maskOf();
  const where = { direction: 'result', tool: 'crm_read' } as const;
  const texts = ['Say <EMAIL_1>.', '{"a":"x\\u003cEMAIL_1\\u003e\\n"}', '{"a":"\\u003cE\\u004dAIL_1>"}'];
  for (const text of texts) {
    for (const vault of [...vaults.values(), ...vaults.values()]) {
      const { text: made } = redactor.redact(text, where, vault);
      expect(made).toContain('LITERAL');
      expect(redactor.redact(text, where, undefined).text).toBe(text);
    }
  }
});
