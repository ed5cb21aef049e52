import { describe, expect, it } from 'vitest';
import type { Bug } from './planted/bug.ts';
import { BUGS } from './planted/index.ts';
import { run } from './run.ts';
import { STORIES } from './stories/index.ts';
import { singles, tell } from './tell.ts';

/** Far less than the seeded runs of `npm test`. */
const MOST_SEEDS = 600;
const STEPS = 300;

async function search({ planted, story: name }: Bug): Promise<string | undefined> {
  const story = STORIES.find((one) => one.name === name);
  if (story) {
    for (const faults of [[], ...(await singles(story))]) {
      const { violation } = await tell(story, faults, planted);
      if (violation) return violation.message;
    }
    return undefined;
  }
  for (let seed = 1; seed <= MOST_SEEDS; seed += 1) {
    const { violation } = await run(seed, STEPS, planted);
    if (violation) return violation.message;
  }
  return undefined;
}

describe('what the simulation is worth: a planted bug is found', () => {
  it('there are enough of them', () => expect(new Set(BUGS.map(({ name }) => name)).size).toBeGreaterThanOrEqual(20));

  it.each(BUGS)('$name', async (bug) => {
    expect(await search(bug)).toMatch(bug.caughtBy);
  });
});
