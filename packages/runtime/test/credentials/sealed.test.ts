import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { LocalKeys } from '../../src/flow/index.ts';
import { SealedSecrets } from '../../src/credentials/sealed.ts';
import { memoryStore } from './fixtures.ts';

const newKeys = () => new LocalKeys(createSecretKey(randomBytes(32)));
const damaged = { code: 'store_unavailable', detail: expect.stringContaining('damaged or changed') };

async function opened() {
  const store = memoryStore();
  const keys = newKeys();
  const sealed = new SealedSecrets(store, keys);
  await sealed.write('a', 'value', 1, 'secret-of-a');
  await sealed.write('b', 'value', 1, 'secret-of-b');
  const row = async (name: string, slot = 'value') => {
    const record = await store.sealed(name, slot);
    if (!record) throw new Error('unreachable');
    return record;
  };
  return { store, sealed, row };
}

describe('what is sealed', () => {
  test('is read as what it was, and lies nowhere in clear', async () => {
    const { sealed, row } = await opened();
    expect(await sealed.read('a', 'value')).toEqual({ version: 1, text: 'secret-of-a' });
    expect(await sealed.read('c', 'value')).toBeUndefined();
    expect(Buffer.from((await row('a')).sealed).includes('secret')).toBe(false);
  });

  test('does not open under the name of another credential, in another slot, or as another version', async () => {
    const { store, sealed, row } = await opened();
    await store.seal('b', 'value', await row('a'));
    await expect(sealed.read('b', 'value')).rejects.toMatchObject(damaged);
    await store.seal('a', 'refresh_token', await row('a'));
    await expect(sealed.read('a', 'refresh_token')).rejects.toMatchObject(damaged);
    await store.seal('a', 'value', { ...(await row('a')), version: 2 });
    await expect(sealed.read('a', 'value')).rejects.toMatchObject(damaged);
  });

  test('does not open once a bit of it was changed, or it was cut', async () => {
    const { store, sealed, row } = await opened();
    const { sealed: good } = await row('a');
    for (let at = 0; at < good.length; at += 1) {
      const changed = Buffer.from(good);
      changed[at] = (changed[at] ?? 0) ^ 0x80;
      await store.seal('a', 'value', { version: 1, sealed: changed });
      await expect(sealed.read('a', 'value')).rejects.toMatchObject({ code: 'store_unavailable' });
      await store.seal('a', 'value', { version: 1, sealed: good.subarray(0, at) });
      await expect(sealed.read('a', 'value')).rejects.toMatchObject({ code: 'store_unavailable' });
    }
  });

  test('under another master key is a clear fault', async () => {
    const { store } = await opened();
    const other = new SealedSecrets(store, newKeys());
    await expect(other.read('a', 'value')).rejects.toMatchObject({
      detail: expect.stringContaining('under the master key'),
    });
  });
});
