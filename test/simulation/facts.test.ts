import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nothingSaid, say } from './actions.ts';
import { MEMBERS, WITHOUT_GUARD } from './company.ts';
import { joinAll } from './run.ts';
import { world } from './world.ts';

const TYPES = ['Left', 'Returned', 'Moved'] as const;

/** What of the owner follows from the facts alone, with what they hold, once their worker has nothing more to do. */
async function after(told: readonly (typeof TYPES)[number][], order: readonly number[]) {
  const here = world({ plan: () => undefined, propagationMs: 0, readLagMs: 0, policy: WITHOUT_GUARD });
  const said = nothingSaid();
  await joinAll(here, said);
  await here.request('hr:1', { profile: 'revoked', idempotencyKey: 'k' });
  const facts = told.map((type, index) => say(here, said, MEMBERS[0], type, index % 2 ? 'X' : 'R'));
  for (const index of order) {
    const fact = facts[index % facts.length];
    if (fact) await here.hear(fact);
    const message = here.messages.shift();
    if (message && index % 3 === 0) await here.deliver(message);
  }
  for (const fact of facts) await here.hear(fact); // each at least once
  for (let minute = 0; minute < 10; minute += 1) {
    for (const message of here.messages.splice(0)) await here.deliver(message);
    await here.pass(60_000);
    await here.sweepDue();
  }
  const owner = [...here.ledger.owners.values()].find(({ state }) => state.source === 'hr' && state.subject === '1')?.state;
  const held = [...here.ledger.credentials.values()].map(({ state }) => state.status);
  return [owner?.status, owner?.epoch, owner?.sequence, owner?.statusSequence, owner?.attributes.roles, told.includes('Left') ? held : []];
}

it('property: any order, repetition and interleaving of the same facts ends in the same state (1,000 runs)', async () => {
  const facts = fc.array(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(facts, fc.array(fc.nat(1_000), { maxLength: 12 }), async (told, order) => {
      expect(await after(told, order)).toEqual(await after(told, []));
    }),
    { numRuns: 1_000 },
  );
}, 120_000);
