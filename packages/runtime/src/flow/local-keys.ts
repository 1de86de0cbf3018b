import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { RuntimeFault } from '@sallyport/core';
import type { KeyManagement, SettingStore } from '@sallyport/core';
import { keyIdOf } from './master-key.ts';

const format = 1;
const keyIdLength = 8;
const nonceLength = 12;
const tagLength = 16;
const headLength = 1 + keyIdLength + nonceLength;
const purpose = Buffer.from('sallyport wrapped key');

/** Wraps keys with the master key of this machine: AES-256-GCM under a key that HKDF-SHA-256 (RFC 5869) derives from it. */
export class LocalKeys implements KeyManagement {
  readonly #key: Buffer;
  readonly #id: Buffer;

  /** @param master 32 bytes, see `openMasterKey` */
  constructor(master: KeyObject) {
    this.#key = Buffer.from(hkdfSync('sha256', master, new Uint8Array(), 'sallyport key wrapping', 32));
    this.#id = keyIdOf(master);
  }

  get keyId(): string {
    return this.#id.toString('hex');
  }

  /** Version, key id, nonce, the wrapped key, tag. */
  async wrap(key: Uint8Array): Promise<Uint8Array> {
    const nonce = randomBytes(nonceLength);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: tagLength }).setAAD(purpose);
    const wrapped = [cipher.update(key), cipher.final()];
    return Buffer.concat([Buffer.of(format), this.#id, nonce, ...wrapped, cipher.getAuthTag()]);
  }

  async unwrap(wrapped: Uint8Array): Promise<Uint8Array> {
    const bytes = Buffer.from(wrapped.buffer, wrapped.byteOffset, wrapped.byteLength);
    if (bytes.length < headLength + tagLength || bytes[0] !== format) throw altered();
    const id = bytes.subarray(1, 1 + keyIdLength);
    if (!id.equals(this.#id)) throw wrongKey(id.toString('hex'), this.keyId);
    const nonce = bytes.subarray(1 + keyIdLength, headLength);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: tagLength }).setAAD(purpose);
    decipher.setAuthTag(bytes.subarray(-tagLength));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(headLength, -tagLength)), decipher.final()]);
    } catch {
      throw altered();
    }
  }
}

/**
 * Keeps at the first start which master key this store lies under, and refuses every other one from then on: what is sealed
 * under two keys can be read by neither start.
 *
 * @throws RuntimeFault `store_unavailable`
 */
export async function pinMasterKey(settings: Pick<SettingStore, 'setOnce'>, master: KeyObject): Promise<void> {
  const id = keyIdOf(master).toString('hex');
  const kept = await settings.setOnce('encryption.keyId', id);
  if (kept !== id) throw wrongKey(kept, id);
}

const wrongKey = (wanted: string, given: string): RuntimeFault =>
  new RuntimeFault('store_unavailable', {
    path: 'encryption.masterKey',
    detail: `What lies in the store was sealed under the master key ${wanted}, and this is the master key ${given}. Put the old one back, by encryption.masterKey or as keys/flow.key in the data folder.`,
  });

const altered = (): RuntimeFault =>
  new RuntimeFault('store_unavailable', {
    detail: 'A wrapped key is not what was written: the data was damaged or changed. Restore a backup.',
  });
