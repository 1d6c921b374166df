import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    alias: { openbell: fileURLToPath(new URL('./src/strategies/author.ts', import.meta.url)) },
  },
  test: {
    include: ['tests/**/*.test.ts'],
    setupFiles: ['tests/support/loopbackOnly.ts'],
    pool: 'forks',
    // Of two cores: tests of the daemon mostly wait for it.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
