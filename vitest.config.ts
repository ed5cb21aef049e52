import { defineConfig } from 'vitest/config';

/** Suites from the fastest to the slowest; `budgetMs` is what the reporter holds each suite's wall time against. */
export default defineConfig({
  test: {
    reporters: ['default', './test/reporter.ts'],
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts', 'test/architecture/**/*.test.ts'], testTimeout: 30_000 } },
      { test: { name: 'simulation', include: ['test/simulation/**/*.test.ts', 'test/leaks/**/*.test.ts'], testTimeout: 240_000 } },
      { test: { name: 'model', include: ['test/model/**/*.test.ts'], testTimeout: 600_000 } },
      { test: { name: 'constructs', include: ['test/constructs/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 } },
      {
        test: {
          name: 'local-cloud', // one file after the other: each of them starts a cloud of its own, and the machine may have two cores
          include: ['test/contract/**/*.test.ts', 'test/integration/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
