import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    testTimeout: 60_000,
    include: ['test/unit/{domain,feed,token,application}/**/*.test.ts'],
    // By chance, and a second a mutant: what is killed there alone is no figure to hold to.
    exclude: ['test/unit/domain/histories.test.ts'],
  },
});
