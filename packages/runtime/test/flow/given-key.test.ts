import { createSecretKey, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LocalKeys, openMasterKey, pinMasterKey } from '../../src/flow/index.ts';
import { temporaryFolder } from '../store/fixtures.ts';

const bytes = randomBytes(32);
const text = bytes.toString('base64');
let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder[Symbol.dispose]());

describe('a master key that the operator gives', () => {
  const write = (content: string | Buffer, mode = 0o600) => {
    const file = join(folder.path, 'master');
    writeFileSync(file, content, { mode });
    chmodSync(file, mode);
    return file;
  };

  test.each<[string, () => Parameters<typeof openMasterKey>[1]]>([
    ['the environment', () => ({ env: 'KEY', value: text })],
    [
      'the environment, without padding and with a line break',
      () => ({ env: 'KEY', value: `${text.replace('=', '')}\n` }),
    ],
    ['a file, raw', () => ({ file: write(bytes) })],
    ['a file, in base64', () => ({ file: write(`${text}\n`) })],
    ['a file that a group may read, as secrets are mounted', () => ({ file: write(text, 0o440) })],
  ])('is taken from %s, and none is made', (_, given) => {
    expect(openMasterKey(folder.path, given()).equals(createSecretKey(bytes))).toBe(true);
    expect(existsSync(join(folder.path, 'keys'))).toBe(false);
  });

  test.each<[string, () => Parameters<typeof openMasterKey>[1], RegExp]>([
    ['is not set', () => ({ env: 'KEY', value: undefined }), /variable KEY holds no key of 32 bytes/],
    ['is too short', () => ({ env: 'KEY', value: randomBytes(31).toString('base64') }), /no key of 32 bytes/],
    ['is hex', () => ({ env: 'KEY', value: bytes.toString('hex') }), /no key of 32 bytes/],
    [
      'has rubbish in it',
      () => ({ env: 'KEY', value: `${text.slice(0, 20)}!${text.slice(20)}` }),
      /no key of 32 bytes/,
    ],
    ['is a file that is not there', () => ({ file: '/nowhere/key' }), /cannot be read \(ENOENT\)/],
    ['is a file that everybody may read', () => ({ file: write(text, 0o644) }), /may be used by others.*chmod 600/],
    ['is a file of another size', () => ({ file: write(randomBytes(33)) }), /no key of 32 bytes/],
  ])('that %s is refused, and not told', (_, given, words) => {
    const options = given();
    const fault = (() => {
      try {
        return openMasterKey(folder.path, options);
      } catch (error) {
        return error;
      }
    })();
    expect(fault).toMatchObject({ code: 'store_unavailable', detail: expect.stringMatching(words) });
    expect(inspect(fault, { depth: 9 })).not.toContain(text.slice(0, 20));
    expect(existsSync(join(folder.path, 'keys'))).toBe(false);
  });
});

describe('the keys of this machine', () => {
  const master = createSecretKey(bytes);

  test('open what they wrapped, after a restart too, and show nothing of it', async () => {
    const key = randomBytes(32);
    const wrapped = Buffer.from(await new LocalKeys(master).wrap(key));
    expect(wrapped.includes(key)).toBe(false);
    expect(Buffer.from(await new LocalKeys(createSecretKey(bytes)).unwrap(wrapped))).toEqual(key);
    expect(inspect(new LocalKeys(master), { depth: 9, showHidden: true })).not.toMatch(/Buffer|[0-9a-f]{16}/);
  });

  test('say of what another key wrapped that it was another key', async () => {
    const [mine, other] = [new LocalKeys(master), new LocalKeys(createSecretKey(randomBytes(32)))];
    await expect(mine.unwrap(await other.wrap(randomBytes(32)))).rejects.toMatchObject({
      code: 'store_unavailable',
      detail: expect.stringMatching(
        new RegExp(`under the master key ${other.keyId}, and this is the master key ${mine.keyId}`),
      ),
    });
  });

  test('refuse what was changed, bit by bit, and what was cut', async () => {
    const keys = new LocalKeys(master);
    const wrapped = Buffer.from(await keys.wrap(randomBytes(32)));
    for (let at = 0; at < wrapped.length; at += 1) {
      const changed = Buffer.from(wrapped);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(keys.unwrap(changed)).rejects.toMatchObject({ code: 'store_unavailable' });
      await expect(keys.unwrap(wrapped.subarray(0, at))).rejects.toMatchObject({ code: 'store_unavailable' });
    }
  });

  test('are the ones that the store began with, or it is not opened', async () => {
    const kept = new Map<string, string>();
    const settings = {
      setOnce: async (name: string, value: string) => {
        if (!kept.has(name)) kept.set(name, value);
        return kept.get(name) ?? value;
      },
    };
    await pinMasterKey(settings, master);
    await pinMasterKey(settings, createSecretKey(bytes));
    await expect(pinMasterKey(settings, createSecretKey(randomBytes(32)))).rejects.toMatchObject({
      code: 'store_unavailable',
      path: 'encryption.masterKey',
    });
    expect([...kept.values()].join()).not.toContain(bytes.toString('hex').slice(0, 16));
  });
});
