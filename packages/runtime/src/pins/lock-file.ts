import { randomUUID } from 'node:crypto';
import { watchFile, unwatchFile } from 'node:fs';
import { link, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RuntimeFault } from '@sallyport/core';
import { emptyLock, formatLock, parseLock, type Lock } from './lock-shape.ts';

/** The file of what was reviewed: beside `sallyport.yaml`, so that it is kept with it, else in the data folder. */
export const lockPathOf = ({ configPath, dataDir }: { configPath?: string; dataDir: string }): string =>
  join(configPath === undefined ? dataDir : dirname(configPath), 'sallyport.lock');

const largest = 64 * 1024 * 1024;
const waitsMs = 25;
const tries = 400;

interface Read {
  readonly version: string;
  readonly lock: Lock;
}

/**
 * Reads and writes `sallyport.lock`. What is on disk counts: whoever asks gets it as it is now, whether this process, the
 * command line or a merge wrote it.
 */
export class LockFile {
  readonly path: string;
  #read: Read | undefined;
  /** Changes of this process run one after the other; those of others are kept off by a file beside it. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /** @throws RuntimeFault `invalid_config` where it is malformed or altered, `store_unavailable` where it cannot be read */
  async read(): Promise<Lock> {
    const version = await this.#version();
    if (this.#read?.version === version) return this.#read.lock;
    const lock = version === missing ? emptyLock : parseLock(await this.#text(), this.path);
    this.#read = { version, lock };
    return lock;
  }

  /**
   * Reads, changes and writes as one step. Where it fails, the file is what it was.
   *
   * @param change gets a copy that it may alter, and returns it
   * @throws RuntimeFault `store_unavailable` where it cannot be written, `conflict` where others hold it for long
   */
  change(change: (lock: Lock) => Lock): Promise<Lock> {
    const task = async () => {
      const release = await this.#hold();
      try {
        const text = formatLock(change(await this.read()));
        this.#checkReadable(text);
        await this.#write(text);
        return await this.read();
      } finally {
        await release();
      }
    };
    const result = this.#last.then(task, task);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Calls back a moment after the file has changed, whoever changed it. Returns how to stop. */
  watch(listener: () => void): () => void {
    const changed = () => listener();
    watchFile(this.path, { persistent: false, interval: 500 }, changed);
    return () => unwatchFile(this.path, changed);
  }

  /** What is in it was written by upstreams: none of them may leave a file that is refused for all. */
  #checkReadable(text: string): void {
    try {
      if (text.length > largest)
        throw new RuntimeFault('invalid_config', { detail: 'It would be larger than 64 MiB.' });
      parseLock(text, this.path);
    } catch (cause) {
      const why = cause instanceof RuntimeFault ? cause.detail : undefined;
      const detail = `${this.path} could not be read again with this in it, so nothing was changed. ${why ?? ''}`;
      throw new RuntimeFault('invalid_request', { detail, cause });
    }
  }

  async #version(): Promise<string> {
    try {
      // Nobody can set the time of the last change of a file, as restoring a backup sets that of its contents.
      const { ino, size, ctimeNs } = await stat(this.path, { bigint: true });
      if (size > largest) throw new RuntimeFault('invalid_config', { detail: `${this.path} is larger than 64 MiB.` });
      return `${ino} ${size} ${ctimeNs}`;
    } catch (error) {
      if (isCode(error, 'ENOENT')) return missing;
      throw error instanceof RuntimeFault ? error : this.#fault('read', error);
    }
  }

  async #text(): Promise<string> {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(this.path));
    } catch (error) {
      throw this.#fault('read', error);
    }
  }

  async #write(text: string): Promise<void> {
    const target = await realpath(this.path).catch(() => this.path);
    const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}`);
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(text, 'utf8');
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, target);
      const folder = await open(dirname(target), 'r');
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw this.#fault('written', error);
    }
  }

  /** A file that only one process can make. One that a process left behind when it died is taken away. */
  async #hold(): Promise<() => Promise<void>> {
    const held = join(dirname(this.path), `.${basename(this.path)}.held`);
    const mine = `${process.pid} ${hostname()} ${randomUUID()}`;
    for (let i = 0; i < tries; i++) {
      try {
        const file = await open(held, 'wx', 0o600);
        try {
          await file.writeFile(mine);
        } finally {
          await file.close();
        }
        return () => this.#takeAway(held, mine);
      } catch (error) {
        if (!isCode(error, 'EEXIST')) throw this.#fault('written', error);
      }
      const holder = await readFile(held, 'utf8').catch(() => '');
      if (await isAbandoned(held, holder)) await this.#takeAway(held, holder);
      else await sleep(waitsMs);
    }
    const detail = `Another process has held ${this.path} for ten seconds (${held}). Try again; nothing was changed.`;
    throw new RuntimeFault('conflict', { detail });
  }

  /** Renamed first: of two that find it abandoned, one gets it, and never one that was made meanwhile. */
  async #takeAway(held: string, holder: string): Promise<void> {
    const aside = `${held}.${randomUUID()}`;
    try {
      await rename(held, aside);
      if ((await readFile(aside, 'utf8')) !== holder) await link(aside, held);
    } catch (error) {
      if (!isCode(error, 'ENOENT') && !isCode(error, 'EEXIST')) throw this.#fault('written', error);
    } finally {
      await rm(aside, { force: true });
    }
  }

  #fault(done: 'read' | 'written', cause: unknown): RuntimeFault {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    const detail = `${this.path} cannot be ${done} (${code}). Nothing was changed; check the folder's permissions and its disk.`;
    return new RuntimeFault('store_unavailable', { detail, cause });
  }
}

const missing = 'missing';
const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

async function isAbandoned(held: string, holder: string): Promise<boolean> {
  // Holding takes moments. A process cannot be asked after on another machine, and its number may be another's by now: in
  // containers it is the same at each start.
  const made = await stat(held).catch(() => undefined);
  if (made !== undefined && Date.now() - made.mtimeMs > abandonedMs) return true;
  const [pid = '', host = ''] = holder.split(' ');
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return isCode(error, 'ESRCH');
  }
}
const abandonedMs = 30_000;
