import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { RuntimeFault } from '@sallyport/core';
import type { CredentialStore, KeyManagement } from '@sallyport/core';

const format = 1;
const nonceLength = 12;
const tagLength = 16;

/**
 * Texts at rest, each under a key of its own that is wrapped by `KeyManagement`: AES-256-GCM (NIST SP 800-38D), with name,
 * slot and version as additional data, so that a row put in the place of another one does not open.
 */
export class SealedSecrets {
  readonly #store: Pick<CredentialStore, 'sealed' | 'seal'>;
  readonly #keys: KeyManagement;

  constructor(store: Pick<CredentialStore, 'sealed' | 'seal'>, keys: KeyManagement) {
    this.#store = store;
    this.#keys = keys;
  }

  /** @throws RuntimeFault `store_unavailable` when it is not what was sealed, or another key sealed it */
  async read(name: string, slot: string): Promise<{ readonly version: number; readonly text: string } | undefined> {
    const record = await this.#store.sealed(name, slot);
    if (!record) return undefined;
    const { version, sealed } = record;
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    const bodyAt = bytes.length < 3 ? bytes.length : 3 + bytes.readUInt16BE(1);
    if (bytes[0] !== format || bytes.length < bodyAt + nonceLength + tagLength) throw altered(name, slot);
    const key = await this.#keys.unwrap(bytes.subarray(3, bodyAt));
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(bodyAt, bodyAt + nonceLength), {
        authTagLength: tagLength,
      });
      decipher.setAAD(context(name, slot, version)).setAuthTag(bytes.subarray(-tagLength));
      const body = decipher.update(bytes.subarray(bodyAt + nonceLength, -tagLength));
      return { version, text: Buffer.concat([body, decipher.final()]).toString('utf8') };
    } catch {
      throw altered(name, slot);
    } finally {
      key.fill(0);
    }
  }

  /** Durable once it resolves. @param version one more than that of what it follows; 1 for the first. @throws RuntimeFault `conflict` */
  async write(name: string, slot: string, version: number, text: string): Promise<void> {
    const key = randomBytes(32);
    const nonce = randomBytes(nonceLength);
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength });
    cipher.setAAD(context(name, slot, version));
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    const wrapped = await this.#keys.wrap(key);
    key.fill(0);
    const head = Buffer.alloc(3);
    head.writeUInt8(format, 0);
    head.writeUInt16BE(wrapped.length, 1);
    await this.#store.seal(name, slot, { version, sealed: Buffer.concat([head, wrapped, nonce, body]) });
  }

  /** In place of whatever is there. */
  async replace(name: string, slot: string, text: string): Promise<void> {
    const found = await this.#store.sealed(name, slot);
    await this.write(name, slot, (found?.version ?? 0) + 1, text);
  }
}

const context = (name: string, slot: string, version: number): Buffer =>
  Buffer.from(JSON.stringify([name, slot, version]));

const altered = (name: string, slot: string): RuntimeFault =>
  new RuntimeFault('store_unavailable', {
    detail: `The sealed ${slot} of the credential ${name} is not what was sealed: the data was damaged or changed. Set it again, or restore a backup.`,
  });
