import type { Config } from '@sallyport/core';

/** What a check may look at. */
export interface CheckContext {
  /** As `process.versions.node`. */
  readonly nodeVersion: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Absolute. */
  readonly policyDir: string | undefined;
  /** Absolute; absent when no file is used. */
  readonly configPath: string | undefined;
  /** Or what is wrong with it. */
  readonly config: Config | { readonly problem: string };
  /** The port that the runtime which asks listens on, so that it is not surprised to find it taken. */
  readonly ownPort: number | undefined;
  /** Absolute: where the dashboard is built to. */
  readonly dashboardDir: string;
  /** Reads each of the tools' credentials once; only a runtime can. */
  readonly credentialProblems?: () => Promise<readonly { readonly name: string; readonly problem: string }[]>;
  /** What a running runtime finds, where another program asks: it alone may read what is sealed. */
  readonly runtimeFinding?: (check: string) => Promise<Finding | undefined>;
  /** For what a check can find out without a runtime. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch; by default the machine's. */
  readonly now?: number;
}

export interface Finding {
  readonly status: 'ok' | 'warn' | 'fail';
  /** What was found, in one sentence. */
  readonly why: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** One question that `sallyport doctor` and the Settings page answer. It does not throw for what it is there to find. */
export interface Check {
  readonly name: string;
  readonly run: (context: CheckContext) => Finding | Promise<Finding>;
}

export const ok = (why: string): Finding => ({ status: 'ok', why });
export const warn = (why: string, fix: string): Finding => ({ status: 'warn', why, fix });
export const fail = (why: string, fix: string): Finding => ({ status: 'fail', why, fix });

export const validConfig = ({ config }: CheckContext): Config | undefined => ('problem' in config ? undefined : config);
/** The answer of every check that needs a configuration and has none. */
export const needsConfig: Finding = warn('Not checked.', 'Correct the configuration first.');
