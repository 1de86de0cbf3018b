import { hash } from 'node:crypto';
import { watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeFault, asFault, editCell, loadPolicySet, runPolicyCases } from '@sallyport/core';
import type { FSWatcher } from 'node:fs';
import type { CellEdit, CheckMode, Clock, Disagreement, PolicyCaseResult, PolicySet } from '@sallyport/core';
import type { PolicyFiles } from './read.ts';
import { permissionsFile, readPolicyFolder } from './read.ts';
import { replaceFile } from './write.ts';

export interface PolicyFolderOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** Default `fast`. */
  readonly check?: CheckMode;
  readonly onDisagreement?: (disagreement: Disagreement) => void;
  /** Called after each reload that changed something: the policies in force, or what is wrong with the new ones. */
  readonly onReload?: (status: PolicyStatus) => void;
}

export interface PolicyStatus {
  /** Of the policies in force. */
  readonly hash: string;
  /** When they were read; milliseconds since the epoch. */
  readonly loadedAt: number;
  /** Why the folder as it is now is not in force; empty when it is. */
  readonly problems: readonly string[];
}

interface InForce {
  readonly files: PolicyFiles;
  readonly policies: PolicySet;
  readonly loadedAt: number;
}

/** Editors write a file in several steps; a reload waits until this long after the last of them, in milliseconds. */
const settle = 50;
/** How often the folder is looked for at its path, in milliseconds. */
const lookAgain = 2000;

const sha256 = (text: string): string => hash('sha256', text, 'hex');

/**
 * The policies of a folder: `permissions.yaml`, `*.cedar`, and their tests `*.test.yaml`. What is in force is always a
 * whole folder that was valid: a change that is not leaves the old policies where they are, and `status` says why.
 */
export class PolicyFolder {
  readonly #options: PolicyFolderOptions;
  #inForce: InForce;
  #problems: readonly string[] = [];
  #watcher: FSWatcher | undefined;
  /** Device and inode of the folder that is watched. */
  #watched: string | undefined;
  #closed = false;
  #cancelReload: (() => void) | undefined;
  #cancelLook: (() => void) | undefined;
  /** Reads and writes of the folder, one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(options: PolicyFolderOptions, inForce: InForce) {
    this.#options = options;
    this.#inForce = inForce;
  }

  /** Reads the folder, and again whenever it changes. Rejects with RuntimeFault `invalid_policy`, each problem with its place. */
  static async open(options: PolicyFolderOptions): Promise<PolicyFolder> {
    const opened = new PolicyFolder(options, await load(options));
    await opened.#watch();
    return opened;
  }

  current(): PolicySet {
    return this.#inForce.policies;
  }

  /** The files that are in force. */
  files(): PolicyFiles {
    return this.#inForce.files;
  }

  status(): PolicyStatus {
    const { policies, loadedAt } = this.#inForce;
    return { hash: policies.hash, loadedAt, problems: this.#problems };
  }

  /** `permissions.yaml` as it is now, valid or not, with the hash that a change to it must name. */
  permissions(): Promise<{ text: string; hash: string }> {
    return this.#alone(() => this.#readPermissions());
  }

  /** Reads the folder now. Resolves to the status, whether or not the change was valid. */
  reload(): Promise<PolicyStatus> {
    return this.#alone(() => this.#reload());
  }

  /** Runs the tests beside the policies on the policies in force. */
  test(): PolicyCaseResult[] {
    const { files, policies } = this.#inForce;
    return files.tests.flatMap((source) => runPolicyCases(policies, source, this.#options.clock.now()));
  }

  /**
   * Validates, writes atomically, and puts into force. Resolves to the new hash of `permissions.yaml`.
   *
   * Rejects with RuntimeFault `invalid_policy`, or `conflict` when the file is not the one that `expectedHash` names.
   */
  writePermissions(text: string, expectedHash: string): Promise<string> {
    return this.#alone(() => this.#write(expectedHash, () => text));
  }

  /** Sets or removes one cell and keeps the file's comments. Resolves and rejects as `writePermissions`. */
  setCell(edit: CellEdit, expectedHash: string): Promise<string> {
    return this.#alone(() => this.#write(expectedHash, (text) => editCell(text, edit)));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelReload?.();
    this.#cancelLook?.();
    await this.#queue;
    this.#watcher?.close();
  }

  async #readPermissions(): Promise<{ text: string; hash: string }> {
    const { permissions } = await readPolicyFolder(this.#options.folder);
    const text = permissions?.text ?? '';
    return { text, hash: sha256(text) };
  }

  async #write(expectedHash: string, change: (text: string) => string): Promise<string> {
    const { folder } = this.#options;
    const files = await readPolicyFolder(folder);
    const old = files.permissions?.text ?? '';
    if (sha256(old) !== expectedHash) {
      throw new RuntimeFault('conflict', { detail: `${permissionsFile} has been changed; read it again.` });
    }
    const text = change(old);
    makeSet({ ...files, permissions: { name: permissionsFile, text } }, this.#options);
    await replaceFile(join(folder, permissionsFile), text);
    const { problems } = await this.#reload();
    if (problems.length > 0) throw new RuntimeFault('invalid_policy', { detail: problems.join('\n') });
    return sha256(text);
  }

  async #reload(): Promise<PolicyStatus> {
    const before = { hash: this.#inForce.policies.hash, problems: this.#problems.join('\n') };
    try {
      const loaded = await load(this.#options);
      this.#problems = [];
      this.#inForce = loaded;
    } catch (error) {
      const { detail, message } = asFault(error);
      const why = detail ?? (error instanceof Error ? error.message : message);
      this.#problems = why.split('\n');
    }
    const status = this.status();
    const changed = status.hash !== before.hash || status.problems.join('\n') !== before.problems;
    if (changed) this.#options.onReload?.(status);
    return status;
  }

  /** Watches the folder that now stands at the path, and looks from time to time whether it still does. */
  async #watch(): Promise<void> {
    const { folder, clock } = this.#options;
    const { ino, dev } = await stat(folder);
    this.#watched = `${dev}:${ino}`;
    this.#watcher?.close();
    this.#watcher = watch(folder, { persistent: false }, () => this.#soon());
    this.#watcher.on('error', () => (this.#watched = undefined));
    this.#cancelLook?.();
    this.#cancelLook = clock.after(lookAgain, () => this.#look());
  }

  /** A deployment that swaps the folder, or a link to it, sends no event to whoever watches the old one. */
  #look(): void {
    const { folder, clock } = this.#options;
    if (this.#closed) return;
    this.#cancelLook = clock.after(lookAgain, () => this.#look());
    const looked = this.#alone(async () => {
      const found = await stat(folder).catch(() => undefined);
      if (found !== undefined && `${found.dev}:${found.ino}` === this.#watched) return;
      if (found !== undefined && !this.#closed) await this.#watch();
      await this.#reload();
    });
    // It went again while it was looked at: the next look will see.
    looked.catch(() => (this.#watched = undefined));
  }

  #soon(): void {
    if (this.#closed) return;
    this.#cancelReload?.();
    this.#cancelReload = this.#options.clock.after(settle, () => void this.reload());
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    // What fails is its caller's to know; the next in the queue goes on.
    this.#queue = done.catch(() => undefined);
    return done;
  }
}

async function load(options: PolicyFolderOptions): Promise<InForce> {
  const files = await readPolicyFolder(options.folder).catch((cause: unknown) => {
    if (cause instanceof RuntimeFault) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RuntimeFault('invalid_policy', { detail: `${options.folder} cannot be read: ${why}`, cause });
  });
  return { files, policies: makeSet(files, options), loadedAt: options.clock.now() };
}

/** @throws RuntimeFault `invalid_policy` */
function makeSet({ permissions, cedar }: PolicyFiles, { check, onDisagreement }: PolicyFolderOptions): PolicySet {
  return loadPolicySet(
    { permissions, cedar },
    { sha256, ...(check === undefined ? {} : { check }), ...(onDisagreement === undefined ? {} : { onDisagreement }) },
  );
}
