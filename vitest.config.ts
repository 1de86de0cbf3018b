import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Every test file, and every runtime, store and program that one starts, loads the same modules: compiled once, they load
// in half the time.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/compiled');

const tests = (...rooms: string[]) => rooms.map((room) => `${room}/**/*.test.ts`);

export default defineConfig({
  test: {
    // Most of them wait for servers, disks and other processes: one at a time leaves a machine idle.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is polled is an event in another process; by itself vitest gives it one second, which a busy machine does not have.
    expect: { poll: { timeout: 30_000 } },
    typecheck: { enabled: false },
    projects: [
      {
        extends: true,
        // What is pure leaves nothing behind for the next file.
        test: { name: 'pure', include: tests('packages/{core,dashboard}/{src,test}'), isolate: false },
      },
      {
        extends: true,
        test: { name: 'whole', include: tests('packages/runtime/test', 'scripts', 'examples/*/test', 'evals/test') },
      },
    ],
  },
});
