import { createSecretKey, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FlowStore } from '@sallyport/core';
import { SealedBox, openMasterKey } from '../../src/flow/index.ts';
import { temporaryFolder } from '../store/fixtures.ts';

/** Salts as an open session has them. */
const salts = (): Pick<FlowStore, 'salt'> & { readonly kept: Map<string, Uint8Array> } => {
  const kept = new Map<string, Uint8Array>();
  return {
    kept,
    async salt(id, fresh) {
      if (fresh && !kept.has(id)) kept.set(id, fresh);
      return kept.get(id);
    },
  };
};
const secret = Buffer.from('wire 40,000 to DE89 3704 0044 0532 0130 00');
const newKey = () => createSecretKey(randomBytes(32));

describe('what is sealed', () => {
  test('opens as what it was, in the session it was sealed for, and shows nothing of itself', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.string(), fc.string(), async (bytes, id, place) => {
        const box = new SealedBox(newKey(), salts());
        const sealed = Buffer.from(await box.seal(id, place, bytes));
        expect(Buffer.from(await box.open(id, place, sealed))).toEqual(Buffer.from(bytes));
        if (bytes.length > 8) expect(sealed.includes(Buffer.from(bytes))).toBe(false);
      }),
    );
  });

  test('never looks the same twice', async () => {
    const box = new SealedBox(newKey(), salts());
    const all = await Promise.all(Array.from({ length: 100 }, () => box.seal('a', 'p', secret)));
    expect(new Set(all.map((sealed) => Buffer.from(sealed).toString('hex'))).size).toBe(100);
  });

  test('does not open when any bit of it changed, or any of its bytes are missing', async () => {
    const box = new SealedBox(newKey(), salts());
    const sealed = await box.seal('a', 'piece 1', secret);
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Uint8Array.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      await expect(box.open('a', 'piece 1', changed)).rejects.toMatchObject({ code: 'internal' });
    }
    for (let length = 0; length < sealed.length; length += 1) {
      await expect(box.open('a', 'piece 1', sealed.subarray(0, length))).rejects.toMatchObject({ code: 'internal' });
    }
  });

  test.each([
    ['another place', 'a', 'piece 2'],
    ['another session', 'b', 'piece 1'],
    ['a session and place that read the same in a row', 'a","piece', '1'],
  ])('does not open as %s, even under the same salt', async (_, id, place) => {
    const store = salts();
    const box = new SealedBox(newKey(), store);
    const sealed = await box.seal('a', 'piece 1', secret);
    store.kept.set(id, store.kept.get('a') as Uint8Array);
    await expect(box.open(id, place, sealed)).rejects.toMatchObject({ code: 'internal' });
  });

  test('under another master key says that the key is another, and is not taken for damaged', async () => {
    const store = salts();
    const sealed = await new SealedBox(newKey(), store).seal('a', 'piece 1', secret);
    await expect(new SealedBox(newKey(), store).open('a', 'piece 1', sealed)).rejects.toMatchObject({
      detail: expect.stringMatching(/another key.*flow\.key/),
    });
  });

  test('is gone with its salt, for whoever holds the master key and the bytes', async () => {
    const [store, key] = [salts(), newKey()];
    const sealed = await new SealedBox(key, store).seal('a', 'approval 1', secret);
    store.kept.delete('a');
    const box = new SealedBox(key, store);
    await expect(box.open('a', 'approval 1', sealed)).rejects.toMatchObject({ code: 'not_found' });
    await box.seal('a', 'approval 2', secret);
    await expect(box.open('a', 'approval 1', sealed)).rejects.toMatchObject({ code: 'internal' });
  });

  test('is refused for a session that is not open', async () => {
    const box = new SealedBox(newKey(), { salt: async () => undefined });
    await expect(box.seal('a', 'piece 1', secret)).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('the master key', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder[Symbol.dispose]());
  const file = () => join(folder.path, 'keys', 'flow.key');
  const mode = (path: string) => statSync(path).mode & 0o777;

  test('is 32 bytes that only their owner can read, made once', () => {
    const first = openMasterKey(folder.path);
    expect(first.export()).toEqual(readFileSync(file()));
    expect(readFileSync(file())).toHaveLength(32);
    expect([mode(file()), mode(join(folder.path, 'keys'))]).toEqual([0o600, 0o700]);
    expect(openMasterKey(folder.path).equals(first)).toBe(true);
    expect(readdirSync(join(folder.path, 'keys'))).toEqual(['flow.key']);
  });

  test('is another one in another folder', () => {
    using other = temporaryFolder();
    expect(openMasterKey(folder.path).equals(openMasterKey(other.path))).toBe(false);
  });

  test.each([0, 16, 31, 33, 64])('of %d bytes is refused and left as it is', (length) => {
    openMasterKey(folder.path);
    writeFileSync(file(), Buffer.alloc(length, 1));
    expect(() => openMasterKey(folder.path)).toThrow(`holds ${length} bytes instead of 32`);
    expect(readFileSync(file())).toHaveLength(length);
  });

  test.each([0o640, 0o604, 0o660, 0o601])('that others may use (mode %o) is refused, with the fix', (loose) => {
    openMasterKey(folder.path);
    chmodSync(file(), loose);
    expect(() => openMasterKey(folder.path)).toThrow(/flow\.key may be used by others.*chmod 600/);
    chmodSync(file(), 0o600);
    chmodSync(join(folder.path, 'keys'), 0o700 | (loose & 0o077));
    expect(() => openMasterKey(folder.path)).toThrow(/keys may be used by others.*chmod 700/);
  });

  test('that is a folder, or lies where no folder can be, is refused in words', () => {
    mkdirSync(file(), { recursive: true, mode: 0o700 });
    expect(() => openMasterKey(folder.path)).toThrow(expect.objectContaining({ code: 'store_unavailable' }));
    rmSync(join(folder.path, 'keys'), { recursive: true });
    writeFileSync(join(folder.path, 'keys'), '');
    expect(() => openMasterKey(folder.path)).toThrow(expect.objectContaining({ code: 'store_unavailable' }));
  });

  test('half written by a start that crashed is made anew', () => {
    mkdirSync(join(folder.path, 'keys'), { mode: 0o700 });
    writeFileSync(`${file()}.${process.pid}`, 'half');
    openMasterKey(folder.path);
    expect(readFileSync(file())).toHaveLength(32);
    expect(readdirSync(join(folder.path, 'keys'))).toEqual(['flow.key']);
  });
});
