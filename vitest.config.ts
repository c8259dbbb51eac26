import { configDefaults, defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real clients need programs of the system: `npm run conformance`, which .ci/run calls after installing them.
    exclude: [...configDefaults.exclude, 'test/conformance/!(client-sequences*).test.ts'],
  },
})
