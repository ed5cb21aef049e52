import { expect, it } from 'vitest';
import { run } from './run.ts';
import { unreached } from './sites.ts';

const SEEDS = 2_000;
const STEPS = 300;

it(`${SEEDS} seeded runs of ${STEPS} worker steps: owners come and go, calls fail, messages repeat, and every rule holds`, async () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { violation, reached } = await run(seed, STEPS);
    expect(violation, `npm run simulate -- --seed ${seed} --steps ${STEPS}`).toBeUndefined();
    for (const site of reached.keys()) seen.add(site);
  }
  expect(unreached(seen), 'calls whose faults were never seen').toEqual([]);
});

it('the same seed gives the same run', async () => {
  expect((await run(7, 100)).trace()).toEqual((await run(7, 100)).trace());
});
