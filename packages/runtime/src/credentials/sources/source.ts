import type { SealedSecrets } from '../sealed.ts';

/** Where one secret is kept. Every failure is a `SourceProblem` that continues the sentence "The credential x …". */
export interface Source {
  read(signal: AbortSignal): Promise<string>;
  /** Whether it is another one by now; asked before each use, so it must be cheap. */
  changed?(): Promise<boolean>;
}

export interface SourceContext {
  /** Of the credential. */
  readonly name: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute: relative files are read from here. */
  readonly folder: string;
  readonly sealed: SealedSecrets;
  /** Of what else is read on the way, such as a store's own token: taken out of texts from now on. */
  remember(value: string): void;
}
