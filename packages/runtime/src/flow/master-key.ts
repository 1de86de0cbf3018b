import { createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { RuntimeFault } from '@sallyport/core';

const keyLength = 32;

/** Where the operator keeps the master key, as `encryption.masterKey` says: the variable's value, or an absolute path. */
export type GivenMasterKey = { readonly env: string; readonly value: string | undefined } | { readonly file: string };

/**
 * The key of everything sealed: what the operator gave, else the one made at the first start, `<dataDir>/keys/flow.key`, 32
 * random bytes. Without it nothing sealed can be read again, which is why it lies apart from the database.
 *
 * @throws RuntimeFault `store_unavailable` when it is missing or has another size, or when others than its owner may read it
 */
export function openMasterKey(dataDir: string, given?: GivenMasterKey): KeyObject {
  if (given && 'env' in given) return keyOf(decode(given.value ?? ''), `The environment variable ${given.env}`);
  if (given) return readGiven(given.file);
  const file = join(dataDir, 'keys', 'flow.key');
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    create(file);
    checkMode(dirname(file), '700');
    checkMode(file, '600');
    const bytes = readFileSync(file);
    if (bytes.length !== keyLength)
      throw unfit(file, `holds ${bytes.length} bytes instead of ${keyLength}`, 'Restore it');
    const key = createSecretKey(bytes);
    bytes.fill(0);
    return key;
  } catch (error) {
    if (error instanceof RuntimeFault) throw error;
    throw unfit(file, `cannot be used: ${error instanceof Error ? error.message : String(error)}`, 'Check its folder');
  }
}

/** Tells one master key from another, and tells nothing of it: 8 bytes. */
export const keyIdOf = (master: KeyObject): Buffer =>
  Buffer.from(hkdfSync('sha256', master, new Uint8Array(), 'sallyport key id', 32)).subarray(0, 8);

function readGiven(file: string): KeyObject {
  try {
    // A mounted secret is a link to a file of root's, which the group of this process may read.
    const { mode } = statSync(file);
    if ((mode & 0o027) !== 0)
      throw unfit(file, `may be used by others (mode ${(mode & 0o777).toString(8)})`, 'chmod 600 it');
    const bytes = readFileSync(file);
    return keyOf(bytes.length === keyLength ? bytes : decode(bytes.toString('latin1')), file);
  } catch (error) {
    if (error instanceof RuntimeFault) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw unfit(file, `cannot be read (${code})`, 'Check encryption.masterKey');
  }
}

/** Base64, strictly: what is decoded by guesswork is another key. */
function decode(text: string): Buffer {
  const trimmed = text.trim();
  const bytes = Buffer.from(trimmed, 'base64');
  return bytes.toString('base64').replace(/=+$/, '') === trimmed.replace(/=+$/, '') ? bytes : Buffer.alloc(0);
}

function keyOf(bytes: Buffer, place: string): KeyObject {
  if (bytes.length !== keyLength) {
    throw unfit(place, `holds no key of ${keyLength} bytes in base64`, 'Make one by `openssl rand -base64 32`');
  }
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

/** Written whole beside its place, then linked there: a crash leaves no half a key, and of two makers one wins. */
function create(file: string): void {
  if (lstatSync(file, { throwIfNoEntry: false })) return;
  const draft = `${file}.${process.pid}`;
  rmSync(draft, { force: true });
  const descriptor = openSync(draft, 'wx', 0o600);
  try {
    writeSync(descriptor, randomBytes(keyLength));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const folder = openSync(dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

function checkMode(path: string, wanted: '600' | '700'): void {
  const { mode } = lstatSync(path);
  if ((mode & 0o077) === 0) return;
  throw unfit(path, `may be used by others than its owner (mode ${(mode & 0o777).toString(8)})`, `chmod ${wanted} it`);
}

const unfit = (path: string, what: string, fix: string): RuntimeFault =>
  new RuntimeFault('store_unavailable', { detail: `${path} ${what}. ${fix}.` });
