import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OpenedStore } from './log.conformance.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

/** What every store promises of credentials. */
export function credentialConformance(open: () => Promise<OpenedStore>): void {
  describe('credentials', () => {
    let opened: OpenedStore;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close());

    test('what was sealed is read back under its name and slot, and nowhere else', async () => {
      const { credentials } = opened.store;
      await credentials.seal('crm', 'value', { version: 1, sealed: bytes('a') });
      await credentials.seal('crm', 'refresh_token', { version: 1, sealed: bytes('b') });
      await credentials.seal('__proto__', 'value', { version: 1, sealed: bytes('c') });
      opened = await opened.reopen();
      const kept = opened.store.credentials;
      expect(await kept.sealed('crm', 'value')).toEqual({ version: 1, sealed: bytes('a') });
      expect(await kept.sealed('crm', 'refresh_token')).toEqual({ version: 1, sealed: bytes('b') });
      expect(await kept.sealed('__proto__', 'value')).toEqual({ version: 1, sealed: bytes('c') });
      expect(await kept.sealed('crm', 'other')).toBeUndefined();
      expect(await kept.sealed('other', 'value')).toBeUndefined();
    });

    test('only the version after the one that is kept takes its place', async () => {
      const { credentials } = opened.store;
      const seal = (version: number, text: string) =>
        credentials.seal('crm', 'value', { version, sealed: bytes(text) });
      await expect(seal(2, 'too early')).rejects.toMatchObject({ code: 'conflict' });
      await seal(1, 'first');
      await expect(seal(1, 'again')).rejects.toMatchObject({ code: 'conflict' });
      await seal(2, 'second');
      await expect(seal(2, 'late')).rejects.toMatchObject({ code: 'conflict' });
      await expect(seal(4, 'gap')).rejects.toMatchObject({ code: 'conflict' });
      expect(await credentials.sealed('crm', 'value')).toEqual({ version: 2, sealed: bytes('second') });
    });

    test('of two writers of one version, one wins', async () => {
      const { credentials } = opened.store;
      const writes = ['a', 'b', 'c'].map((text) =>
        credentials.seal('crm', 'value', { version: 1, sealed: bytes(text) }),
      );
      const settled = await Promise.allSettled(writes);
      expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    test('what was revoked stays revoked until it is restored', async () => {
      await opened.store.credentials.setRevoked('crm', 5);
      await opened.store.credentials.setRevoked('crm', 6);
      await opened.store.credentials.setRevoked('erp', 7);
      opened = await opened.reopen();
      const { credentials } = opened.store;
      expect(await credentials.revoked()).toEqual(['crm', 'erp']);
      await credentials.setRevoked('crm', null);
      await credentials.setRevoked('crm', null);
      expect(await credentials.revoked()).toEqual(['erp']);
    });
  });
}
