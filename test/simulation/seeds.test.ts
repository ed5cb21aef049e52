import { expect, it } from 'vitest';
import { run } from './run.ts';

const SEEDS = 1_500;
const STEPS = 150;

it(`${SEEDS} seeded runs of ${STEPS} steps: owners come and go, calls fail, messages repeat, and every rule holds`, async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { violation } = await run(seed, STEPS);
    expect(violation, `npm run simulate -- --from ${seed} --seeds 1 --steps ${STEPS} --trace`).toBeUndefined();
  }
});

/** Seeds that once failed, with what they found. */
it.each([[19, 60, 'a key that no listing shows yet keeps the account from going: asked again without a pause']])(
  'seed %i of %i steps: %s',
  async (seed, steps) => {
    expect((await run(seed, steps)).violation).toBeUndefined();
  },
);

it('the same seed gives the same run', async () => {
  expect((await run(7, 100)).trace).toEqual((await run(7, 100)).trace);
});
