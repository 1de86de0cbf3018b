import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { RuntimeFault } from '@sallyport/core';
import type { FlowStore } from '@sallyport/core';

const version = 1;
const keyIdLength = 8;
const nonceLength = 12;
const tagLength = 16;
const headLength = 1 + keyIdLength + nonceLength;
const saltLength = 32;

/**
 * Seals what must be unreadable once its session has ended: AES-256-GCM (NIST SP 800-38D) under a key of the session's
 * own, HKDF-SHA-256 (RFC 5869) of the master key and a random salt that the store destroys at the session's end.
 */
export class SealedBox {
  readonly #master: KeyObject;
  readonly #keyId: Buffer;
  readonly #salts: Pick<FlowStore, 'salt'>;

  /** @param master 32 bytes, see `openMasterKey` */
  constructor(master: KeyObject, salts: Pick<FlowStore, 'salt'>) {
    this.#master = master;
    this.#keyId = derive(master, new Uint8Array(), 'sallyport key id').subarray(0, keyIdLength);
    this.#salts = salts;
  }

  /** The box of one session. @throws RuntimeFault `conflict` when the session is not open */
  async of(sessionId: string): Promise<SessionBox> {
    const salt = await this.#salts.salt(sessionId, randomBytes(saltLength));
    if (!salt)
      throw new RuntimeFault('conflict', { detail: `Session ${sessionId} has ended: nothing is kept for it.` });
    return this.#box(sessionId, salt);
  }

  /**
   * @param place what it is, such as `approval <id>`: opened as anything else, or of another session, it is refused
   * @throws RuntimeFault `conflict` when the session is not open
   */
  async seal(sessionId: string, place: string, bytes: Uint8Array): Promise<Uint8Array> {
    return (await this.of(sessionId)).seal(place, bytes);
  }

  /** @throws RuntimeFault `not_found` once the session has ended, `internal` when it is not what was sealed */
  async open(sessionId: string, place: string, sealed: Uint8Array): Promise<Uint8Array> {
    const salt = await this.#salts.salt(sessionId);
    if (!salt) throw new RuntimeFault('not_found', { detail: `The ${place} was destroyed with session ${sessionId}.` });
    return this.#box(sessionId, salt).open(place, sealed);
  }

  #box(sessionId: string, salt: Uint8Array): SessionBox {
    return new SessionBox(sessionId, createSecretKey(derive(this.#master, salt, 'sallyport session')), this.#keyId);
  }
}

/** Seals and opens for one session. */
export class SessionBox {
  readonly #sessionId: string;
  readonly #key: KeyObject;
  readonly #keyId: Buffer;

  constructor(sessionId: string, key: KeyObject, keyId: Buffer) {
    this.#sessionId = sessionId;
    this.#key = key;
    this.#keyId = keyId;
  }

  /** Version, key id, nonce, what was sealed, tag. */
  seal(place: string, bytes: Uint8Array): Uint8Array {
    const nonce = randomBytes(nonceLength);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: tagLength });
    cipher.setAAD(this.#context(place));
    const sealed = [cipher.update(bytes), cipher.final()];
    return Buffer.concat([Buffer.of(version), this.#keyId, nonce, ...sealed, cipher.getAuthTag()]);
  }

  open(place: string, sealed: Uint8Array): Uint8Array {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    if (bytes.length < headLength + tagLength || bytes[0] !== version) throw this.#altered(place);
    if (!bytes.subarray(1, 1 + keyIdLength).equals(this.#keyId)) {
      const detail = `The ${place} of session ${this.#sessionId} was sealed under another key than this runtime's. Put the old flow.key back, or end the session.`;
      throw new RuntimeFault('internal', { detail });
    }
    const nonce = bytes.subarray(1 + keyIdLength, headLength);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: tagLength });
    decipher.setAAD(this.#context(place));
    decipher.setAuthTag(bytes.subarray(-tagLength));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(headLength, -tagLength)), decipher.final()]);
    } catch (error) {
      throw this.#altered(place, error);
    }
  }

  #context(place: string): Buffer {
    return Buffer.from(JSON.stringify([this.#sessionId, place]));
  }

  #altered(place: string, cause?: unknown): RuntimeFault {
    const detail = `The ${place} of session ${this.#sessionId} is not what was sealed: the data was damaged or changed. Restore a backup, or end the session.`;
    return new RuntimeFault('internal', { detail, cause });
  }
}

const derive = (key: KeyObject, salt: Uint8Array, info: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, info, 32));
