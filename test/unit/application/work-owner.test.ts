import { describe, expect, it } from 'vitest';
import { applyFact } from '../../../lib/application/apply-fact.ts';
import type { Ledger } from '../../../lib/application/ports.ts';
import { workOnOwner } from '../../../lib/application/work-owner.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import type { EpochMs, OwnerId } from '../../../lib/domain/types.ts';
import { givenPolicy, givenProfile } from '../../given-policy.ts';
import { company } from './company.ts';

const DAY_MS = 86_400_000;

/** Ann (`hr:1`) holds a credential. */
async function world() {
  const made = company();
  await made.joins('hr:1');
  const id = await made.issue('hr:1');
  const ann = await made.idOf('hr:1');
  const work = (stopAfterMs = 1_000_000, ledger: Ledger = made.ledger, of: OwnerId = ann) =>
    workOnOwner({ ...made.ports, ledger })(of, (made.now() + stopAfterMs) as EpochMs);
  const messages = () => made.wake.messages.map(({ queue, id: of, visibleAtMs }) => [queue, of, visibleAtMs - made.now()]);
  return { ...made, id, ann, work, messages };
}

describe('work on an owner', () => {
  it('whom nobody knows is none', async () => expect(await (await world()).work(0, undefined, 'own_9' as OwnerId)).toBe('unknown'));

  it('who has nothing to do rests, whatever the time', async () => expect(await (await world()).work(0)).toBe('rest'));

  it('whose record can’t be read is set aside', async () => {
    const { work, ledger, ann } = await world();
    ledger.damaged.add(ann);
    expect(await work()).toBe('unreadable');
  });

  it('out of time goes on by a message, and does nothing before', async () => {
    const { work, fact, wake, messages, ann, state, id } = await world();
    await fact('Left', 'hr:1');
    wake.messages.length = 0;
    expect(await work(0)).toBe('out-of-time');
    expect(messages()).toEqual([['owner', ann, 0]]);
    expect((await state(id)).status).toBe('active');
  });

  it('that has to wait goes on by a message, where it did something; a duplicate sends nothing', async () => {
    const { work, fact, wake, messages, ann } = await world();
    await fact('Left', 'hr:1');
    wake.messages.length = 0;
    expect(await work()).toBe('waiting');
    expect(messages().filter(([queue]) => queue === 'owner')).toEqual([['owner', ann, 60_000]]); // the next pass
    wake.messages.length = 0;
    expect(await work()).toBe('waiting');
    expect(messages()).toEqual([]);
  });

  it('another worker was faster with is read again', async () => {
    const { work, fact, ledger, state, id } = await world();
    await fact('Left', 'hr:1');
    let conflicts = 0;
    const rival: Ledger = {
      ...ledger,
      appendOwner: async (append) => {
        conflicts += 1;
        if (conflicts === 1) throw new Fault('ledger-conflict', true, 'the other was first');
        return ledger.appendOwner(append);
      },
    };
    expect(await work(undefined, rival)).toBe('waiting');
    expect((await state(id)).status).toBe('revoking');
  });

  it('that fails otherwise fails, and its queue brings it again', async () => {
    const { work, fact, ledger } = await world();
    await fact('Left', 'hr:1');
    const out: Ledger = { ...ledger, appendOwner: () => Promise.reject(new Fault('provider-throttled', true, 'out')) };
    await expect(work(undefined, out)).rejects.toThrow('out');
  });
});

describe('a leave that is to come', () => {
  const scheduled = async () => {
    const all = await world();
    const leaveAtMs = (all.now() + DAY_MS) as EpochMs;
    const said = { type: 'Left', id: 'f', source: 'hr', subject: '1', sequence: 99, cause: 'normal' } as const;
    const attributes = { email: 'one@example.com', roles: ['R'] };
    await applyFact(all.ports)({ ...said, occurredAtMs: all.now(), effectiveAtMs: leaveAtMs, attributes });
    return all;
  };

  it('waits for its day, and for that no message', async () => {
    const { work, messages, later, owner } = await scheduled();
    expect(await work()).toBe('waiting');
    later(DAY_MS - 1);
    expect(await work()).toBe('waiting');
    expect(messages()).toEqual([]);
    expect((await owner('hr:1')).status).toBe('leaving');
  });

  it('is carried out on its day', async () => {
    const { work, later, owner, state, id, ledger, ann } = await scheduled();
    later(DAY_MS);
    expect(await work()).toBe('waiting'); // for the next pass
    expect((await owner('hr:1')).status).toBe('left');
    expect((await state(id)).status).toBe('revoking');
    expect((await ledger.events(ann)).find(({ type }) => type === 'OwnerLeft')).toMatchObject({ cause: 'effective' });
  });
});

describe('of a leave that is held and a move that is not', () => {
  it('the move goes on: nothing waits behind what is held', async () => {
    const none = { owners: 0, credentials: 0 };
    const plenty = { owners: 9, credentials: 9 };
    const profiles = { p: givenProfile({ onMove: 'keep' }) };
    const guard = { hour: none, day: plenty, week: plenty, forCauseAnHour: 0, escalateAfterMs: DAY_MS };
    const made = company(givenPolicy({ profiles, guard }));
    await made.joins('hr:1');
    await made.issue('hr:1');
    await made.fact('Left', 'hr:1');
    expect(await made.work('hr:1')).toBe('held');
    await made.fact('Returned', 'hr:1');
    await made.fact('Moved', 'hr:1', { roles: ['OTHER'] });
    await made.work('hr:1');
    expect((await made.ledger.events(await made.idOf('hr:1'))).map(({ type }) => type)).toContain('ReviewPassDone');
  });
});
