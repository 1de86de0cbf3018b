import { createSecretKey, randomBytes } from 'node:crypto';
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
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { RuntimeFault } from '@sallyport/core';

const keyLength = 32;

/**
 * The key of everything sealed, made at the first start: `<dataDir>/keys/flow.key`, 32 random bytes. Without it nothing
 * sealed can be read again, which is why it lies apart from the database. @throws RuntimeFault `store_unavailable` when
 * the file has another size, or when others than its owner may read it.
 */
export function openMasterKey(dataDir: string): KeyObject {
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
