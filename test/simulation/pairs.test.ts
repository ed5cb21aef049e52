import { describe, expect, it } from 'vitest';
import { STORIES } from './stories/index.ts';
import { pairs, tell } from './tell.ts';

/** Calls after the first fault that get a second one: through the recovery and the look after it. */
const REACH = 12;
/** Of the pairs of a story, evenly spread; `npm run simulate -- --stories` tells all of them. */
const OF_EACH = 500;

describe('a second fault in what follows the first', () => {
  it.each(STORIES)('$name', async (story) => {
    const all = await pairs(story, REACH);
    const every = Math.max(1, all.length / OF_EACH);
    const failures: string[] = [];
    for (let index = 0; index < all.length; index += every) {
      const faults = all[Math.floor(index)] ?? [];
      const { violation } = await tell(story, faults);
      if (violation) failures.push(`${JSON.stringify(faults)}: ${violation.message}`);
    }
    expect(failures.slice(0, 3)).toEqual([]);
  });
});
