import type { Reporter, TestModule } from 'vitest/node';

/** Minutes a suite may take on two cores that do nothing else, added over its files; told when passed, never a failure: a timed test lies. */
const BUDGET_MINUTES: Readonly<Record<string, number>> = { unit: 1, simulation: 4, model: 3, constructs: 2, 'local-cloud': 10 };

/** Of the whole, by the clock: two files run at a time. */
const WHOLE_MINUTES = 15;

/** Ends the run with the plain line that CI reads, after the time each suite took. */
export default class PlainLine implements Reporter {
  #startedAtMs = Date.now();

  onTestRunStart(): void {
    this.#startedAtMs = Date.now();
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    const tookMs = new Map<string, number>();
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => test.result().state);
      for (const state of states) if (state !== 'pending') count[state] += 1;
      if (module.state() === 'failed' && !states.includes('failed')) count.failed += 1; // a file that does not load is a failure too
      tookMs.set(module.project.name, (tookMs.get(module.project.name) ?? 0) + module.diagnostic().duration);
    }
    for (const [suite, ms] of tookMs) console.log(against(suite, ms, BUDGET_MINUTES[suite] ?? 1));
    if (tookMs.size > 1) console.log(against('all', Date.now() - this.#startedAtMs, WHOLE_MINUTES));
    const skipped = count.skipped ? `, ${count.skipped} skipped` : '';
    console.log(`${count.passed} passed, ${count.failed + unhandled.length} failed${skipped}`);
  }
}

const against = (what: string, ms: number, minutes: number): string =>
  `${what}: ${(ms / 1_000).toFixed(1)} s of ${minutes} min${ms > minutes * 60_000 ? '  OVER BUDGET' : ''}`;
