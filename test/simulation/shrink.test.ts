import { expect, it } from 'vitest';
import { BUGS } from './planted/index.ts';
import { run } from './run.ts';
import { shrink } from './shrink.ts';

it('a run that breaks a rule comes down to what it takes, and breaks the same', async () => {
  const planted = BUGS.find(({ name }) => name === 'passed on without a look at the heir')?.planted ?? {};
  for (let seed = 1; seed < 100; seed += 1) {
    const broken = await run(seed, 300, planted);
    if (!broken.violation) continue;
    const least = await shrink(broken, planted);
    expect(least.violation?.rule).toBe(broken.violation.rule);
    expect(least.script.actions.length).toBeLessThan(broken.script.actions.length / 3);
    expect((await run(seed, 300, planted)).violation?.message).toBe(broken.violation.message);
    return;
  }
  throw new Error('not found');
});
