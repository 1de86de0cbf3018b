import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';

/** A command line at a pseudo-terminal, which `script` of util-linux opens. */
export interface Terminal {
  /** Everything that was written to it. */
  raw(): string;
  /** The same without control sequences and line ends of terminals. */
  text(): string;
  shows(pattern: RegExp): Promise<unknown>;
  types(keys: string): void;
  /** The exit code. */
  readonly ended: Promise<number | null>;
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;

export function openTerminal(
  cwd: string,
  line: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Terminal {
  const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...inherited } = process.env;
  // It is as large as one that is looked at.
  const command = `stty cols 120 rows 50; ${[process.execPath, main, ...line].map(quoted).join(' ')}`;
  const child = spawn('/usr/bin/script', ['-q', '-e', '-c', command, '/dev/null'], {
    cwd,
    env: { ...inherited, TERM: 'xterm', SHELL: '/bin/sh', ...env },
  });
  let raw = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (raw += part));
  const text = () => stripVTControlCharacters(raw).replaceAll('\r\n', '\n');
  return {
    raw: () => raw,
    text,
    shows: (pattern) => vi.waitFor(() => expect(text()).toMatch(pattern), { timeout: 30_000 }),
    types: (keys) => void child.stdin.write(keys),
    ended: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code));
    }),
  };
}
