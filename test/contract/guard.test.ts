import { ulid } from 'ulid';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Companion, HeldMember, Ledger } from '../../lib/application/ports.ts';
import type { Count } from '../../lib/domain/guard.ts';
import { evolveOwner } from '../../lib/domain/owner/evolve.ts';
import type { Owner, OwnerEvent } from '../../lib/domain/owner/state.ts';
import type { EpochMs, OwnerId } from '../../lib/domain/types.ts';
import { appended, ledgersOf, NOW, newOwner, useLedgerTable } from './records.ts';

const dynamo = useLedgerTable();

const observed: OwnerEvent = {
  ...{ type: 'OwnerMoved', sequence: 2, attributes: { email: '', roles: ['R'] } },
  ...{ occurredAtMs: NOW, receivedAtMs: NOW },
};

/** A stretch of time that no other test counts in. */
let bucket = 0;
const counting = (window: Count['window'], addCredentials: number, maxOwners: number, maxCredentials: number): Count => {
  return { window, bucket, addOwners: 1, addCredentials, maxOwners, maxCredentials, endsAtMs: NOW };
};

describe.each(ledgersOf(dynamo))('the guard of a ledger %s', (_name, make) => {
  let ledger: Ledger;
  beforeAll(() => {
    ledger = make();
  });
  const joined = async (): Promise<OwnerId> => {
    const owner = newOwner(ulid());
    await ledger.appendOwner(owner);
    return owner.state.id;
  };
  const append = async (id: OwnerId, companions: readonly Companion[]) => {
    const change = { ...appended<Owner, OwnerEvent>(await ledger.owner(id), [observed], evolveOwner), companions };
    await ledger.appendOwner(change);
    return change;
  };
  const takeAway = async (...counts: readonly Count[]) => {
    const id = await joined();
    const went = await append(
      id,
      counts.map((count): Companion => ({ item: 'count', count })),
    ).then(
      () => 'counted',
      (error: { code: string }) => error.code,
    );
    return [went, (await ledger.owner(id))?.version];
  };

  it('counts up to the limit and not one further, in owners and in credentials', async () => {
    bucket += 1;
    const [through, refused] = [
      ['counted', 3], // registered, joined, and what was counted
      ['guard-tripped', 2],
    ];
    expect(await takeAway(counting('hour', 2, 3, 5))).toEqual(through);
    expect(await takeAway(counting('hour', 3, 3, 5))).toEqual(through);
    expect(await takeAway(counting('hour', 1, 3, 5))).toEqual(refused); // credentials
    expect(await takeAway(counting('hour', 0, 3, 5))).toEqual(through);
    expect(await takeAway(counting('hour', 0, 3, 5))).toEqual(refused); // owners
  });

  it('refuses the first of a stretch too, where that alone is too much', async () => {
    bucket += 1;
    expect(await takeAway(counting('day', 6, 3, 5))).toEqual(['guard-tripped', 2]);
    expect(await takeAway(counting('day', 5, 3, 5))).toEqual(['counted', 3]);
  });

  it('counts in every window or in none', async () => {
    bucket += 1;
    expect(await takeAway(counting('hour', 1, 5, 5), counting('day', 1, 1, 1))).toEqual(['counted', 3]);
    for (let tries = 0; tries < 4; tries += 1)
      expect(await takeAway(counting('hour', 1, 5, 5), counting('day', 1, 1, 1))).toEqual(['guard-tripped', 2]);
    for (let room = 0; room < 4; room += 1) expect(await takeAway(counting('hour', 1, 5, 5))).toEqual(['counted', 3]);
    expect(await takeAway(counting('hour', 1, 5, 5))).toEqual(['guard-tripped', 2]);
  });

  it('lets as many of twenty at once through as there is room for', async () => {
    bucket += 1;
    const went = await Promise.all(Array.from({ length: 20 }, () => takeAway(counting('hour', 1, 7, 20))));
    expect(went.filter(([how]) => how === 'counted')).toHaveLength(7);
    expect(went.filter(([how]) => how === 'guard-tripped')).toHaveLength(13);
  });

  it('counts once what went through unnoticed and is written again', async () => {
    bucket += 1;
    const written = await append(await joined(), [{ item: 'count', count: counting('hour', 1, 2, 2) }]);
    await ledger.appendOwner(written);
    expect(await takeAway(counting('hour', 1, 2, 2))).toEqual(['counted', 3]);
    expect(await takeAway(counting('hour', 1, 2, 2))).toEqual(['guard-tripped', 2]);
  });

  it('holds a batch until exactly those who are in it are released; who comes later is in the next', async () => {
    const batch = await ledger.openBatch();
    expect(await ledger.heldIn(batch)).toEqual([]);
    const hold = async (into: number): Promise<HeldMember> => {
      const ownerId = await joined();
      const member = { batch: into, ownerId, of: 'leave', cause: 'normal', source: 'hr', credentials: 2, heldAtMs: NOW } as const;
      await append(ownerId, [{ item: 'held', member }]);
      return member;
    };
    const members = [await hold(batch), await hold(batch)];
    const held = async (of: number) => [...(await ledger.heldIn(of))].sort((a, b) => a.ownerId.localeCompare(b.ownerId));
    expect(await held(batch)).toEqual(members.sort((a, b) => a.ownerId.localeCompare(b.ownerId)));
    expect(await ledger.release(batch)).toBeUndefined();

    const release = { batch, seal: 's', by: 'own_1' as OwnerId, reason: 'looked at', atMs: NOW as EpochMs };
    expect(await ledger.closeBatch(release, 1)).toBe(false); // somebody joined since it was looked at
    expect(await ledger.closeBatch({ ...release, batch: batch + 1 }, 0)).toBe(false); // not open
    expect(await ledger.release(batch)).toBeUndefined();
    expect(await ledger.closeBatch(release, 2)).toBe(true);
    expect(await ledger.closeBatch(release, 2)).toBe(false);
    expect(await ledger.release(batch)).toEqual(release);

    await expect(hold(batch)).rejects.toMatchObject({ code: 'guard-tripped' });
    expect(await held(batch)).toHaveLength(2);
    expect(await ledger.openBatch()).toBe(batch + 1);
    const late = await hold(batch + 1);
    expect(await held(batch + 1)).toEqual([late]);
  });
});
