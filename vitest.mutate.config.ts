import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** A mutant is off with the first test that fails: those of the rules come first, those that play through every fault last. */
class RulesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((a, b) => b.moduleId.localeCompare(a.moduleId));
  }
}

/** Needs modules of its own: it stands in for `node:crypto`. */
const ALONE = 'test/unit/token/verify.test.ts';
/** Waits, as a connector has to, until a provider knows what it was told. */
const WAITS = 'test/unit/connectors/conformance.test.ts';
const common = { testTimeout: 60_000, setupFiles: ['test/mutation/off.ts'] };

export default defineConfig({
  test: {
    sequence: { sequencer: RulesFirst },
    projects: [
      {
        test: {
          ...common,
          name: 'shared',
          isolate: false, // a third of the time
          include: ['test/unit/{domain,feed,token,application,connectors}/**/*.test.ts'],
          // By chance, and a second a mutant: what is killed there alone is no figure to hold to.
          exclude: ['test/unit/domain/histories.test.ts', WAITS, ALONE],
        },
      },
      { test: { ...common, name: 'alone', include: [ALONE] } },
    ],
  },
});
