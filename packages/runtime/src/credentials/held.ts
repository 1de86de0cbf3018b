import type {
  CredentialConfig,
  CredentialRefusal,
  CredentialStatus,
  CredentialUse,
  AttachedCredential,
  Clock,
} from '@sallyport/core';
import type { RuntimeFault } from '@sallyport/core';
import { kindOfSource } from './sources/index.ts';
import { unavailable } from './unavailable.ts';
import { unshown } from './shown.ts';
import type { Attachment } from './attach/attachment.ts';
import type { Binding } from './binding.ts';
import type { SecretReader } from './reader.ts';

export interface HeldParts {
  readonly name: string;
  readonly config: CredentialConfig;
  readonly binding: Binding;
  readonly reader: SecretReader;
  readonly attachment: Attachment;
}

/** One credential in force: where it may go, how it is put there, and how it fares. */
export class HeldCredential {
  readonly config: CredentialConfig;
  readonly #parts: HeldParts;
  readonly #progress: Progress;
  #revoked: boolean;
  #revocations = 0;
  #last: { readonly attached: AttachedCredential; readonly shown: AttachedCredential } | undefined;

  constructor(parts: HeldParts, progress: Progress, revoked: boolean) {
    this.config = parts.config;
    this.#parts = parts;
    this.#progress = progress;
    this.#revoked = revoked;
  }

  async attach(use: CredentialUse): Promise<AttachedCredential> {
    const { binding, attachment } = this.#parts;
    this.#refuseRevoked();
    const url = binding.check(use);
    const attached = await attachment.attach(use, url);
    // It may have been revoked while a secret store was asked.
    this.#refuseRevoked();
    if (this.#last?.attached !== attached) this.#last = { attached, shown: unshown(attached) };
    return this.#last.shown;
  }

  async rejected(use: CredentialUse, refusal: CredentialRefusal): Promise<boolean> {
    const { binding, attachment } = this.#parts;
    if (this.#revoked) return false;
    return await attachment.rejected(use, binding.check(use), refusal);
  }

  /** For a program's environment. */
  async read(upstream: string): Promise<string> {
    const { binding, reader } = this.#parts;
    this.#refuseRevoked();
    binding.checkUpstream(upstream);
    const value = await reader.read();
    this.#refuseRevoked();
    return value;
  }

  /** Reads the secret, whoever it is for. */
  async probe(): Promise<void> {
    this.#refuseRevoked();
    await this.#parts.reader.read();
  }

  /** How often it was revoked: what was begun before the last time restores nothing. */
  get revocations(): number {
    return this.#revocations;
  }

  revoke(): void {
    this.#revoked = true;
    this.#revocations += 1;
    this.forget();
  }

  restore(): void {
    this.#revoked = false;
    this.forget();
  }

  forget(): void {
    this.#last = undefined;
    // What was wrong was wrong with what is forgotten.
    this.#progress.failing = false;
    this.#parts.attachment.forget();
    this.#parts.reader.forget();
  }

  status(): CredentialStatus {
    const { name, config, binding } = this.#parts;
    const { lastReadAt, lastFailure, failing } = this.#progress;
    const inForce = failing ? 'failing' : lastReadAt === null ? 'unused' : 'ok';
    return {
      name,
      source: kindOfSource(config.source),
      attach: config.attach.kind,
      upstreams: config.upstreams,
      hosts: binding.hosts,
      tools: config.tools,
      state: this.#revoked ? 'revoked' : inForce,
      lastReadAt,
      lastFailure,
    };
  }

  #refuseRevoked(): void {
    if (!this.#revoked) return;
    const { name } = this.#parts;
    throw unavailable(name, `was revoked. Set it anew, or restore it by \`sallyport credentials restore ${name}\`.`);
  }
}

/** How the reading of a secret goes, and of the tokens that are had for it. */
export class Progress {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #mask: (text: string) => string;
  lastReadAt: number | null = null;
  lastFailure: string | null = null;
  failing = false;

  constructor(clock: Pick<Clock, 'now'>, mask: (text: string) => string) {
    this.#clock = clock;
    this.#mask = mask;
  }

  had(): void {
    this.lastReadAt = Math.floor(this.#clock.now());
    this.failing = false;
  }

  failed(fault: RuntimeFault): void {
    this.failing = true;
    this.lastFailure = this.#mask(fault.detail ?? fault.message);
  }
}
