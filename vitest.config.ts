import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './tests/support/longestFirst.ts';

export default defineConfig({
  resolve: {
    alias: { openbell: fileURLToPath(new URL('./src/strategies/author.ts', import.meta.url)) },
  },
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/support/folder.ts'],
    setupFiles: ['tests/support/loopbackOnly.ts'],
    sequence: { sequencer: LongestFirst },
    pool: 'forks',
    // A process for each of two hundred files would spend a minute on loading the same modules again.
    isolate: false,
    // As for the processes that tests start: see tests/support/openbell.ts.
    execArgv: ['--liftoff-only'],
    // Of two cores: tests of the daemon mostly wait for it.
    maxWorkers: 3,
    // Tests wait for conditions: a machine that others use needs longer, and no test gets slower by it.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
