import { describe, expect, it } from 'vitest';
import { sitesThereAre, unreached } from './sites.ts';
import { STORIES } from './stories/index.ts';
import { singles, tell } from './tell.ts';

const reached = new Set<string>();
/** Nobody is held up there by the guard; seeded runs have that. */
const NOT_IN_STORIES = ['ledger.openBatch', 'ledger.heldIn', 'ledger.release', 'ledger.closeBatch'];

describe('the life of a credential', () => {
  it.each(STORIES)('$name: every kind of fault at every call', async (story) => {
    const failures: string[] = [];
    const whole = await tell(story, []);
    expect(whole.violation).toBeUndefined();
    for (const faults of await singles(story)) {
      const { violation, sites } = await tell(story, faults);
      for (const site of sites) reached.add(site);
      for (const { kind, at, delayMs } of violation ? faults : [])
        failures.push(`${kind} at ${sites[at]} (${at}, ${delayMs} ms): ${violation?.message}`);
    }
    expect(failures.slice(0, 3)).toEqual([]);
  });

  it('every call there is was reached by one of them, and so had its faults', () => {
    expect(sitesThereAre().length).toBeGreaterThan(60);
    expect(unreached(reached)).toEqual(NOT_IN_STORIES);
  });
});
