import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { collect } from '../identity/harness.ts';
import { host, openAdmin } from './harness.ts';

test('no secret is in the store, an entry, an error or a log line', async () => {
  const h = await openAdmin();
  try {
    const recorded = collect(h.audit);
    const owner = await h.operator('owner');
    const command = h.operators.issueToken();
    const errors: string[] = [];
    const refused = async (...args: Parameters<typeof h.ask>) => errors.push((await h.ask(...args)).text);

    const { body: agent } = await h.ask('POST', '/agents', owner, {
      payload: { name: 'a', roles: [], namesUsers: true },
    });
    const keys = `/agents/${String(agent['id'])}/keys`;
    const { body: key } = await h.ask('POST', keys, owner, { payload: { name: 'k' } });
    const agentKey = String(key['key']);
    const { body: link } = await h.ask('POST', `/operators/${owner.operator.id}/sign-in-link`, owner);
    const linkSecret = new URL(String(link['url'])).hash.slice(1);
    const signedIn = await h.ask('POST', '/sign-in', undefined, { payload: { token: linkSecret } });
    const cookie = String(signedIn.headers['set-cookie']).split(/[=;]/)[1] ?? '';
    const bearer = (secret: string) => ({ host, authorization: `Bearer ${secret}` });
    const opened = await h.app.inject({
      method: 'POST',
      url: '/v1/sessions',
      headers: bearer(agentKey),
      payload: { user: 'ann', purpose: 'a test' },
    });
    const token = (JSON.parse(opened.body) as { token: string }).token;
    await h.signIn(token);

    // Each where it does not belong, and each where it is no longer good.
    const secrets = [agentKey, linkSecret, cookie, command, token, owner.cookie.replace('sallyport_session=', '')];
    for (const secret of secrets) {
      await refused('POST', '/sign-in', undefined, { payload: { token: secret } });
      await refused('GET', '/entries', undefined, { headers: { authorization: `Bearer ${secret}x` } });
      await refused('GET', `/sessions?userId=${secret}&limit=x`, owner);
      errors.push((await h.app.inject({ method: 'POST', url: '/v1/sessions', headers: bearer(`${secret}x`) })).body);
      errors.push(String(await h.signIn(`${secret}x`).catch((error: unknown) => error)));
    }
    await h.ask('DELETE', `${keys}/${String(key['id'])}`, owner);
    errors.push(String(await h.signIn(agentKey).catch((error: unknown) => error)));

    const folder = dirname(h.file);
    const files = readdirSync(folder, { withFileTypes: true })
      .filter((file) => file.isFile())
      .map(({ name }) => readFileSync(join(folder, name)));
    expect(files.some((bytes) => bytes.includes('operators.signIn'))).toBe(true);
    expect(recorded.entries.length).toBeGreaterThan(5);
    expect(h.logged.length).toBeGreaterThan(20);
    expect(
      errors.filter((text) => text.includes('unauthenticated') || text.includes('revoked')).length,
    ).toBeGreaterThan(10);
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(40);
      const body = secret.slice(-30);
      for (const bytes of files) expect(bytes.includes(body)).toBe(false);
      for (const text of [JSON.stringify(recorded.entries), errors.join(), withoutAddresses(h.logged)]) {
        expect(text.includes(body)).toBe(false);
      }
    }
  } finally {
    await h.close();
  }
});

/** Fastify logs the address asked for; this test put secrets there itself. */
const withoutAddresses = (lines: readonly string[]): string =>
  lines.map((line) => line.replace(/"url":"[^"]*"/, '')).join('');
