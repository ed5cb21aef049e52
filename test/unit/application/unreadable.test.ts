import { describe, expect, it } from 'vitest';
import { nothingSaid, say } from '../../simulation/actions.ts';
import { ENTITLED, MEMBERS, WITHOUT_GUARD } from '../../simulation/company.ts';
import { type World, world } from '../../simulation/world.ts';

/** Everything visible is worked on, five seconds at a time, with the sweep of each minute. */
async function pass(here: World, minutes: number): Promise<void> {
  for (let step = 0; step < minutes * 12; step += 1) {
    if (step % 12 === 0) await here.sweepDue();
    for (const message of here.messages.filter(({ visibleAtMs }) => visibleAtMs <= here.clock.now())) {
      here.messages.splice(here.messages.indexOf(message), 1);
      await here.deliver(message);
    }
    await here.pass(5_000);
  }
}

/** Two credentials of one owner, the second damaged. */
async function given() {
  const here = world({ plan: () => undefined, propagationMs: 4_000, readLagMs: 0, policy: WITHOUT_GUARD });
  const said = nothingSaid();
  const hear = (type: 'Joined' | 'Left') => here.hear(say(here, said, MEMBERS[0], type, ENTITLED));
  await hear('Joined');
  for (const member of MEMBERS.slice(1)) await here.hear(say(here, said, member, 'Joined', ENTITLED)); // whoever asks is one of them
  for (const idempotencyKey of ['a', 'b']) await here.request('hr:1', { profile: 'revoked', idempotencyKey });
  await pass(here, 2);
  const [good, bad] = [...here.ledger.credentials.keys()];
  const [owner] = [...here.ledger.owners.keys()];
  if (!good || !bad || !owner) throw new Error('nothing there');
  const status = (id: typeof good) => here.ledger.credentials.get(id)?.state.status;
  expect([status(good), status(bad)]).toEqual(['active', 'active']);
  here.ledger.damaged.add(bad);
  return { here, hear, good, bad, owner, status };
}

describe('a record that can’t be read', () => {
  it('is set aside for an hour: the message is done with, and the sweep does not bring it back at once', async () => {
    const { here, bad } = await given();
    const before = here.ledger.credentials.get(bad)?.version;
    await here.deliver({ queue: 'aws-iam-user', id: bad });
    expect(here.ledger.credentials.get(bad)).toMatchObject({ dueAtMs: here.clock.now() + 3_600_000, version: before });
    await here.sweepDue();
    expect(here.messages.filter(({ id }) => id === bad)).toEqual([]);
  });

  it('keeps nobody else’s leave from being carried out, and its owner’s from being closed until it is mended', async () => {
    const { here, hear, good, bad, owner, status } = await given();
    await hear('Left');
    await pass(here, 30);
    expect([status(good), status(bad)]).toEqual(['revoked', 'active']);
    expect(here.ledger.owners.get(owner)?.state).toMatchObject({ status: 'left', converged: undefined, offboarding: { epochBelow: 2 } });
    here.ledger.damaged.delete(bad);
    await pass(here, 60);
    expect([status(good), status(bad)]).toEqual(['revoked', 'revoked']);
    expect(here.ledger.owners.get(owner)?.state).toMatchObject({ offboarding: undefined, converged: { credentials: 2 } });
  });

  it('of an owner is set aside too, and its leave follows once it is mended', async () => {
    const { here, hear, good, owner, status } = await given();
    await hear('Left');
    here.ledger.damaged.add(owner);
    await here.deliver({ queue: 'owner', id: owner });
    expect(here.ledger.owners.get(owner)?.dueAtMs).toBe(here.clock.now() + 3_600_000);
    await pass(here, 5);
    expect(status(good)).toBe('active');
    here.ledger.damaged.clear();
    await pass(here, 120);
    expect(status(good)).toBe('revoked');
  });
});
