import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/**
 * Real clients against a running gateway: needs the Debian packages `.ci/run` installs. One file after the other,
 * steps in order, since each step goes on from what the one before left.
 */
export default defineConfig({
  test: {
    setupFiles: [fileURLToPath(new URL('../support/seed.ts', import.meta.url))],
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/conformance/*.test.ts'],
    exclude: ['test/conformance/client-sequences*'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
