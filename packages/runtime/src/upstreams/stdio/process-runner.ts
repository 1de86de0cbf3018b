import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { ProcessRunner, Program, RunningProgram } from '@sallyport/core';

/** How long a program has to end by itself, once its input has ended; once it was told to (SIGTERM); and its output after it. */
const patience = { inputEndedMs: 500, toldMs: 2_000, outputMs: 1_000 } as const;
/** What is kept for a program that does not read. */
const maxUnreadBytes = 67_108_864;

type Exit = Parameters<Parameters<RunningProgram['onExit']>[0]>[0];

/** Starts programs as this user, kept in by nothing: no shell, and nothing of this process's environment but what is given. */
export function localProcessRunner(base: { readonly PATH?: string; readonly HOME?: string }): ProcessRunner {
  return {
    isolation: 'none',
    start: (program) => new LocalProgram(program, base),
  };
}

class LocalProgram implements RunningProgram {
  readonly stdin: RunningProgram['stdin'];
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #onExit = new Set<(exit: Exit) => void>();
  #exit: Exit | undefined;

  constructor({ command, args, env, cwd }: Program, base: { readonly PATH?: string; readonly HOME?: string }) {
    const child = spawn(command, [...args], {
      env: { ...base, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ['pipe', 'pipe', 'pipe'],
      shell: false,
      // A group of its own, so that what it starts ends with it.
      detached: true,
      windowsHide: true,
    });
    this.#child = child;
    // A write to a program that is gone is an error; that it is gone is told by its exit.
    child.stdin.on('error', () => undefined);
    child.once('error', () => this.#ended({ code: null, signal: null }));
    child.once('exit', (code, signal) => {
      // What it has started goes with it.
      this.#kill('SIGKILL');
      // `close` comes when its output was read as well, but not while something that got away keeps that open.
      setTimeout(() => this.#ended({ code, signal }), patience.outputMs).unref();
    });
    child.once('close', (code, signal) => this.#ended({ code, signal }));
    this.stdin = {
      write: (bytes) => {
        if (this.#exit || !child.stdin.writable) return false;
        if (child.stdin.writableLength + bytes.length > maxUnreadBytes) {
          void this.stop();
          return false;
        }
        return child.stdin.write(bytes);
      },
      end: () => child.stdin.end(),
    };
  }

  onStdout(listener: (bytes: Uint8Array) => void): void {
    this.#child.stdout.on('data', listener);
  }

  onStderr(listener: (bytes: Uint8Array) => void): void {
    this.#child.stderr.on('data', listener);
  }

  onExit(listener: (exit: Exit) => void): void {
    if (this.#exit) listener(this.#exit);
    else this.#onExit.add(listener);
  }

  async stop(): Promise<void> {
    this.#child.stdin.end();
    if (await this.#gone(patience.inputEndedMs)) return;
    this.#kill('SIGTERM');
    if (await this.#gone(patience.toldMs)) return;
    this.#kill('SIGKILL');
  }

  #gone(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      this.onExit(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  #ended(exit: Exit): void {
    if (this.#exit) return;
    this.#exit = exit;
    for (const listener of this.#onExit) listener(exit);
  }

  /** The whole group, also what is left of it when its leader has ended. */
  #kill(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // There is none any more.
    }
  }
}
