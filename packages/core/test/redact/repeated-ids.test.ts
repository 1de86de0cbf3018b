import { expect, test } from 'vitest';
import type { EventOf } from '../../src/index.ts';
import { RedactPolicy } from '../../src/redact/policy.ts';
import { Redactor } from '../../src/redact/redactor.ts';
import { TokenVault } from '../../src/redact/token-vault.ts';
import { redactGuard } from '../../src/guards/redact.ts';
import { redactSchema } from '../../src/config/content/redact.ts';
import { aSession } from './session.ts';
import { called, chatRequest, hmac, wireOf } from '../guards/requests.ts';

const ssn = ['536', '22', '8726'].join('-');

test('what one tool may show is not shown of another whose call has the same id', async () => {
  const rules = [{ tools: ['hr_read'], action: 'allow' }];
  const redactor = new Redactor({
    policy: new RedactPolicy(redactSchema.parse({ rules })),
    hash: (...of) => hmac(of.join(' ')),
  });
  const guard = redactGuard({ redactor, vaults: { of: () => new TokenVault() } });
  const messages = [...called('hr_read', `SSN ${ssn}`, 'call_0'), ...called('crm_read', `SSN ${ssn}`, 'call_0')];
  const verdict = await guard.check(chatRequest(messages), { session: aSession(), now: 0 });
  if (verdict.outcome !== 'transform') throw new Error(verdict.outcome);
  const results = wireOf(verdict.event as EventOf<'model_request'>).messages.filter(({ role }) => role === 'tool');
  expect(results).toMatchObject([{ content: `SSN ${ssn}` }, { content: 'SSN <US_SSN_1>' }]);
});
