import { DatabaseSync } from 'node:sqlite';
import { chmodSync } from 'node:fs';
import { pid } from 'node:process';
import { RuntimeFault } from '@sallyport/core';
import { storeFault } from './faults.ts';

/**
 * Keeps every other runtime off the data file until `release`, or until this process ends, however it ends: the lock
 * is the kernel's (SQLite's RESERVED lock on a file beside the data file), so a stale one cannot stay behind and two
 * containers on one volume, both with pid 1, are told apart. Throws `store_unavailable` with the holder's pid.
 */
export function lockDataFile(file: string, now: number): { release(): void } {
  const path = `${file}.lock`;
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: 0 });
    chmodSync(path, 0o600);
    db.exec(
      'CREATE TABLE IF NOT EXISTS holder (id INTEGER PRIMARY KEY CHECK (id = 1), pid INTEGER, at INTEGER) STRICT',
    );
    db.prepare('REPLACE INTO holder VALUES (1, ?, ?)').run(pid, now);
    db.exec('BEGIN IMMEDIATE');
  } catch (error) {
    const fault = lockFault(error, db, file);
    db?.close();
    throw fault;
  }
  return { release: () => db.close() };
}

function lockFault(error: unknown, db: DatabaseSync | undefined, file: string): RuntimeFault {
  const { message, errcode } = error as Error & { errcode?: number };
  if (errcode === undefined || (errcode & 0xff) !== busy) return storeFault({ message, code: errcode }, `${file}.lock`);
  const detail = `${file} is in use by process ${holderOf(db)}. Two runtimes cannot share one store: stop that one first.`;
  return new RuntimeFault('store_unavailable', { detail, cause: error });
}

/** RESERVED lets others read; in the instant in which the holder writes its name they cannot. */
function holderOf(db: DatabaseSync | undefined): string {
  try {
    const holder = db?.prepare('SELECT pid, at FROM holder').get();
    return holder === undefined
      ? '?'
      : `${String(holder['pid'])} (since ${new Date(Number(holder['at'])).toISOString()})`;
  } catch {
    return '?';
  }
}

const busy = 5;
