import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['e2e/**/*.spec.ts'],
    globalSetup: ['e2e/build.ts'],
    // Each file drives a runtime of its own; two at once only slow each other down. What all need, a browser first, is
    // loaded once.
    fileParallelism: false,
    isolate: false,
    expect: { poll: { timeout: 15_000, interval: 25 } },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
