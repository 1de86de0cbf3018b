import type { Clock, CredentialConfig, SubjectTokens, UpstreamConfig } from '@sallyport/core';
import { Binding } from './binding.ts';
import { HeldCredential, Progress } from './held.ts';
import { openAttachment } from './attach/index.ts';
import { openSource, type Source, type SourceContext } from './sources/index.ts';
import { SecretReader } from './reader.ts';
import { unfit } from './fit.ts';
import type { Mask } from './mask.ts';
import type { SealedSecrets } from './sealed.ts';

/** What all credentials share. */
export interface Surroundings {
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  readonly sealed: SealedSecrets;
  readonly clock: Clock;
  readonly mask: Mask;
  readonly subjectTokens: SubjectTokens | undefined;
  readonly timeoutMs: number;
}

/** What an attachment is made of. */
export interface OpenParts extends Surroundings, SourceContext {
  readonly config: CredentialConfig;
  readonly progress: Progress;
  /** A reader of something else that the credential needs, such as the client's own secret. */
  reader(source: Source, as: { readonly secret: boolean }): SecretReader;
}

export function openCredential(
  name: string,
  config: CredentialConfig,
  surroundings: Surroundings,
  revoked: boolean,
): HeldCredential {
  const { clock, mask, timeoutMs, upstreams } = surroundings;
  const progress = new Progress(clock, (text) => mask.mask(text));
  const readerOf = (source: Source, known: Pick<SecretReaderOptionsPart, 'check' | 'onRead'>) =>
    new SecretReader({
      name,
      source,
      refreshMs: config.refreshSeconds * 1_000,
      timeoutMs,
      clock,
      onFailure: (fault) => progress.failed(fault),
      ...known,
    });
  const secretly = (kind: CredentialConfig['attach']['kind']) => ({
    check: (value: string) => unfit(kind, value),
    onRead: (value: string) => mask.add(value),
  });
  const { attach } = config;
  const context = { ...surroundings, name, remember: (value: string) => mask.add(value) };
  const remembered = secretly(attach.kind);
  const reader = readerOf(openSource(config.source, context), {
    check: (value) => {
      const problem = remembered.check(value);
      if (problem === undefined) progress.had();
      return problem;
    },
    onRead: (value) => {
      remembered.onRead(value);
      if (attach.kind === 'basic') mask.add(`${attach.username}:${value}`);
    },
  });
  const parts: OpenParts = {
    ...context,
    config,
    progress,
    reader: (source, { secret }) =>
      readerOf(source, secret ? secretly(attach.kind) : { check: () => undefined, onRead: () => undefined }),
  };
  const binding = new Binding(name, config, upstreams);
  return new HeldCredential(
    { name, config, binding, reader, attachment: openAttachment(parts, reader) },
    progress,
    revoked,
  );
}

type SecretReaderOptionsPart = ConstructorParameters<typeof SecretReader>[0];
