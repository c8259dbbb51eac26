import { configDefaults, defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      // Minutes, not seconds.
      'test/long/**',
      // Real clients need programs of the system: `npm run conformance`, which .ci/run calls after installing them.
      'test/conformance/!(client-sequences*).test.ts',
    ],
    globalSetup: ['test/support/postgres-run.ts'],
    setupFiles: ['test/support/seed.ts'],
    // Real servers, real files and real hashes, on a machine that may be busy.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})
