import type { Reporter, TestModule } from 'vitest/node';

/** Minutes a suite may take on two cores that do nothing else, from its first file's start to its last one's end; told when passed, never a failure: a timed test lies. */
const BUDGET_MINUTES: Readonly<Record<string, number>> = { unit: 1, simulation: 4, model: 3, constructs: 2, 'local-cloud': 7 };

/** Of the whole; a little is left for types, style, walls and unused code. */
const WHOLE_MINUTES = 14;

/** Ends the run with the plain line that CI reads, after the time each suite took. */
export default class PlainLine implements Reporter {
  #startedAtMs = Date.now();
  readonly #suites = new Map<string, { readonly startedAtMs: number; readonly endedAtMs: number }>();

  onTestRunStart(): void {
    this.#startedAtMs = Date.now();
    this.#suites.clear();
  }

  onTestModuleStart({ project }: TestModule): void {
    const startedAtMs = this.#suites.get(project.name)?.startedAtMs ?? Date.now();
    this.#suites.set(project.name, { startedAtMs, endedAtMs: Date.now() });
  }

  onTestModuleEnd({ project }: TestModule): void {
    const startedAtMs = this.#suites.get(project.name)?.startedAtMs ?? this.#startedAtMs;
    this.#suites.set(project.name, { startedAtMs, endedAtMs: Date.now() });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => test.result().state);
      for (const state of states) if (state !== 'pending') count[state] += 1;
      if (module.state() === 'failed' && !states.includes('failed')) count.failed += 1; // a file that does not load is a failure too
    }
    for (const [suite, { startedAtMs, endedAtMs }] of this.#suites)
      console.log(against(suite, endedAtMs - startedAtMs, BUDGET_MINUTES[suite] ?? 1));
    if (this.#suites.size > 1) console.log(against('all', Date.now() - this.#startedAtMs, WHOLE_MINUTES));
    const skipped = count.skipped ? `, ${count.skipped} skipped` : '';
    console.log(`${count.passed} passed, ${count.failed + unhandled.length} failed${skipped}`);
  }
}

const against = (what: string, ms: number, minutes: number): string =>
  `${what}: ${(ms / 1_000).toFixed(1)} s of ${minutes} min${ms > minutes * 60_000 ? '  OVER BUDGET' : ''}`;
