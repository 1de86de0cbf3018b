import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes, randomFillSync } from 'node:crypto';
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
  readonly #nonces = new Nonces();

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
    const key = createSecretKey(derive(this.#master, salt, 'sallyport session'));
    return new SessionBox(sessionId, key, this.#keyId, this.#nonces);
  }
}

/** Random bytes, drawn for many nonces at once; none is given out twice. */
class Nonces {
  readonly #drawn = new Uint8Array(nonceLength * 256);
  #next = this.#drawn.length;

  take(): Uint8Array {
    if (this.#next === this.#drawn.length) {
      randomFillSync(this.#drawn);
      this.#next = 0;
    }
    this.#next += nonceLength;
    return this.#drawn.slice(this.#next - nonceLength, this.#next);
  }
}

/** Seals and opens for one session. */
export class SessionBox {
  readonly #sessionId: string;
  readonly #key: KeyObject;
  readonly #keyId: Buffer;
  readonly #nonces: Nonces;

  constructor(sessionId: string, key: KeyObject, keyId: Buffer, nonces: Nonces) {
    this.#sessionId = sessionId;
    this.#key = key;
    this.#keyId = keyId;
    this.#nonces = nonces;
  }

  /** Version, key id, nonce, what was sealed, tag. */
  seal(place: string, content: Uint8Array | string): Uint8Array {
    const nonce = this.#nonces.take();
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: tagLength });
    cipher.setAAD(this.#context(place));
    // GCM is a stream: `final` has nothing to add.
    const text = typeof content === 'string' ? cipher.update(content, 'utf8') : cipher.update(content);
    cipher.final();
    // In memory of its own: of what shares a larger buffer, all of the buffer would be copied to the store's thread.
    const sealed = new Uint8Array(headLength + text.length + tagLength);
    sealed[0] = version;
    sealed.set(this.#keyId, 1);
    sealed.set(nonce, 1 + keyIdLength);
    sealed.set(text, headLength);
    sealed.set(cipher.getAuthTag(), headLength + text.length);
    return sealed;
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
