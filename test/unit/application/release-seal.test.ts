import { describe, expect, it } from 'vitest';
import type { HeldMember, Ledger, Release } from '../../../lib/application/ports.ts';
import { listBatches, releaseBatch } from '../../../lib/application/release-batch.ts';
import type { EpochMs, OwnerId } from '../../../lib/domain/types.ts';
import { givenPolicy } from '../../given-policy.ts';
import { as, company } from './company.ts';

const steward = as('hr:20', ['steward']);
const roles = ['arn:aws:iam::1:role/feeds/hr-export', 'arn:aws:iam::1:role/feeds/hr-replay'];
const source = { kind: 'bus', accountable: 'hr:10', principals: roles, maxSequenceJump: 1_000 } as const;

/** What is held, as the ledger tells it, and whatever else a test says. */
async function world(held: readonly Partial<HeldMember>[], change: Partial<Ledger> = {}) {
  const made = company(givenPolicy({ sources: { hr: source, crm: source }, accountable: { policy: 'hr:11' } }));
  for (const ref of ['hr:10', 'hr:11', 'hr:20', 'hr:21']) await made.joins(ref);
  const ann = await made.idOf('hr:21');
  const plain = { batch: 1, ownerId: ann, of: 'leave', cause: 'normal', source: 'hr', credentials: 1, heldAtMs: made.now() } as const;
  const members = held.map((one): HeldMember => ({ ...plain, ...one }));
  const asked: number[] = [];
  const ledger: Ledger = {
    ...made.ledger,
    openBatch: async () => 1,
    heldIn: async () => members,
    release: async (batch) => void asked.push(batch),
    closeBatch: async () => true,
    ...change,
  };
  const ports = { ...made.ports, ledger };
  const list = (caller = steward, on = ledger) => listBatches({ ...ports, ledger: on })(caller, caller.arn);
  const sealOf = async (on = ledger) => {
    const answer = await list(steward, on);
    if (!answer.ok || !answer.held) throw new Error('nothing is held');
    return answer.held.seal;
  };
  const release = async (caller = steward, arn = caller.arn) => releaseBatch(ports)(caller, arn, await sealOf(), 'looked at it');
  made.wake.messages.length = 0;
  return { ...made, ann, ledger, ports, asked, list, sealOf, release };
}
const people = (count: number): readonly Partial<HeldMember>[] =>
  Array.from({ length: count }, (_, n) => ({ ownerId: `own_${String(n).padStart(2, '0')}` as OwnerId }));
const released = (batch: number, by: OwnerId): Release => ({ batch, seal: `s${batch}`, by, reason: 'x', atMs: 0 as EpochMs });

describe('what is listed', () => {
  it('are the last ten releases, the latest first, with the names of who released', async () => {
    const asked: number[] = [];
    let by = '' as OwnerId;
    const here = await world([], {
      openBatch: async () => 13,
      release: async (batch) => {
        asked.push(batch);
        return batch === 5 ? undefined : released(batch, by);
      },
    });
    by = here.ann;
    const answer = await here.list();
    expect(asked).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    expect(answer.ok && answer.released.map(({ batch }) => batch)).toEqual([12, 11, 10, 9, 8, 7, 6, 4, 3]);
    expect(answer.ok && [...answer.names]).toEqual([[here.ann, 'hr:21']]);
  });

  it('of the first batch there is none before it', async () => {
    const { list, asked } = await world([]);
    expect([await list(), asked]).toMatchObject([{ ok: true, released: [] }, []]);
  });

  it('is each member once, so many read at a time, and one whose record is gone all the same', async () => {
    let now = 0;
    let most = 0;
    const here = await world(people(45), {
      owner: async () => {
        now += 1;
        most = Math.max(most, now);
        await Promise.resolve();
        now -= 1;
        return undefined;
      },
    });
    const answer = await here.list();
    const members = answer.ok ? (answer.held?.members ?? []) : [];
    expect(members.map(({ member }) => member.ownerId)).toEqual(people(45).map(({ ownerId }) => ownerId));
    expect(members.filter(({ owner, due }) => owner === undefined && due.length === 0)).toHaveLength(45);
    expect(most).toBe(20);
  });

  it('is so since the first of them was held', async () => {
    const { list, now } = await world([{}, { heldAtMs: 5 as EpochMs }]);
    expect(await list()).toMatchObject({ held: { sinceMs: 5, overdue: now() > 5 } });
  });

  it('is not for others, and says who asked', async () => {
    const { list } = await world([]);
    const caller = as('hr:20', ['request']);
    expect(await list(caller)).toEqual({ ok: false, why: 'right-missing', field: 'caller', value: caller.arn });
  });
});

describe('the seal', () => {
  const three: readonly Partial<HeldMember>[] = [
    { ownerId: 'own_1' as OwnerId, of: 'leave' },
    { ownerId: 'own_1' as OwnerId, of: 'move' },
    { ownerId: 'own_2' as OwnerId, of: 'leave' },
    { ownerId: 'own_2' as OwnerId, of: 'leave', heldAtMs: 7 as EpochMs },
  ];
  it.each([
    ['turned round', [3, 2, 1, 0]],
    ['mixed', [2, 0, 3, 1]],
    ['in pairs', [1, 0, 3, 2]],
  ])('is the same in whichever order the ledger tells the members: %s', async (_what, order) => {
    const here = await world(three);
    const members = await here.ledger.heldIn(1);
    const other = { ...here.ledger, heldIn: async () => order.map((n) => members[n] as HeldMember) };
    expect(await here.sealOf(other)).toBe(await here.sealOf());
  });
});

describe('a release', () => {
  it.each([
    ['a caller no rule maps', undefined, 'unmapped-caller', 'arn:x'],
    ['one without the right', as('hr:20', ['audit']), 'right-missing', 'arn:x'],
    ['one no source has told of', as('hr:99', ['steward']), 'caller-not-active', 'hr:99'],
    ['one who is in it', as('hr:21', ['steward']), 'own-batch', 'hr:21 is in it, or acts for somebody who is'],
  ] as const)('by %s is refused, and says so', async (_what, caller, why, value) => {
    const { ports, sealOf, wake } = await world([{}]);
    expect(await releaseBatch(ports)(caller, 'arn:x', await sealOf(), 'x')).toEqual({ ok: false, why, field: 'caller', value });
    expect(wake.messages).toEqual([]);
  });

  it('of what is held no more says which', async () => {
    const { ports, asked } = await world([]);
    expect(await releaseBatch(ports)(steward, '', 'abc', 'x')).toEqual({ ok: false, why: 'nothing-held', field: 'seal', value: 'abc' });
    expect(asked).toEqual([]); // of the first batch there is none before it
  });

  it.each([
    ['goes through at the last try', 7, true],
    ['is given up for now after it', 8, false],
  ])('that collides with others %s', async (_what, collisions, goesThrough) => {
    let tries = 0;
    const { release } = await world([{}], {
      closeBatch: async () => {
        tries += 1;
        return tries > collisions;
      },
    });
    if (goesThrough) expect(await release()).toMatchObject({ ok: true });
    else
      await expect(release()).rejects.toMatchObject({
        code: 'ledger-conflict',
        retryable: true,
        message: expect.stringMatching(/batch [0-9a-f]{24}/),
      });
    expect(tries).toBe(8);
  });

  it('wakes each owner in it once, so many at a time', async () => {
    let now = 0;
    let most = 0;
    const here = await world([...people(45), ...people(3)]);
    const { send } = here.wake;
    here.wake.send = async (...message) => {
      now += 1;
      most = Math.max(most, now);
      await send(...message);
      now -= 1;
    };
    expect(await here.release()).toMatchObject({ ok: true, owners: 45 });
    expect(here.wake.messages.map(({ queue, id }) => `${queue} ${id}`)).toEqual(people(45).map(({ ownerId }) => `owner ${ownerId}`));
    expect(most).toBe(20);
  });

  it.each([
    ['by one of several roles that say the source’s facts', 'hr', 'arn:aws:sts::1:assumed-role/hr-replay/x', false],
    ['by another role', 'hr', 'arn:aws:sts::1:assumed-role/else/x', true],
    ['of a source that is gone from the policy', 'gone', 'arn:aws:sts::1:assumed-role/hr-replay/x', true],
    ['of a source by a name that every object has', 'constructor', 'arn:aws:sts::1:assumed-role/hr-replay/x', true],
  ])('%s: %s', async (_what, of, arn, ok) => {
    const { release } = await world([{ source: of }]);
    expect((await release(steward, arn)).ok).toBe(ok);
  });

  it.each([
    ['where a change of the policy is why', ['policy-changed'], false],
    ['of some of it', ['normal', 'policy-changed'], false],
    ['not where it is not', ['normal', 'for-cause'], true],
  ] as const)('by who answers for the policy is refused %s', async (_what, causes, ok) => {
    const { release } = await world(causes.map((cause) => ({ cause })));
    expect((await release(as('hr:11', ['steward']))).ok).toBe(ok);
  });
});
