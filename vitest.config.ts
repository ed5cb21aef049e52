import { defineConfig } from 'vitest/config';

/** A file on every processor: vitest's own default leaves one of them idle, which is half of two. */
const maxWorkers = '100%';

/** Suites from the fastest to the slowest; `budgetMs` is what the reporter holds each suite's wall time against. */
export default defineConfig({
  test: {
    reporters: ['default', './test/reporter.ts'],
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts', 'test/architecture/**/*.test.ts'], testTimeout: 30_000, maxWorkers } },
      {
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts', 'test/leaks/**/*.test.ts'],
          testTimeout: 480_000,
          maxWorkers,
        },
      },
      { test: { name: 'model', include: ['test/model/**/*.test.ts'], testTimeout: 600_000, maxWorkers } },
      { test: { name: 'constructs', include: ['test/constructs/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000, maxWorkers } },
      {
        test: {
          name: 'local-cloud', // each file starts a cloud of its own, and waits most of the time: more of them than the processors it needs
          include: ['test/contract/**/*.test.ts', 'test/integration/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 3,
          sequence: { groupOrder: 1 }, // after what needs a processor all the time
        },
      },
    ],
  },
});
