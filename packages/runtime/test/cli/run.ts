import { runCli } from '../../src/cli/index.ts';
import { Captured } from './capture.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly interrupted?: AbortSignal;
  readonly stdout?: Captured;
  readonly stdin?: AsyncIterable<Uint8Array>;
}

/** Runs one command line as `main.ts` does, nobody sitting there. */
export async function run(line: readonly string[], options: RunOptions): Promise<Ran> {
  const { stdout = new Captured() } = options;
  const stderr = new Captured();
  const code = await runCli({
    argv: line,
    env: options.env ?? {},
    cwd: options.cwd,
    ...(options.stdin && { stdin: options.stdin }),
    stdout,
    stderr,
    interactive: false,
    interrupted: options.interrupted ?? new AbortController().signal,
  });
  return { code, stdout: stdout.text, stderr: stderr.text };
}
