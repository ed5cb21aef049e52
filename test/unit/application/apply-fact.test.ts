import { describe, expect, it } from 'vitest';
import { memoryLedger } from '../../../lib/adapters/memory/ledger.ts';
import { memoryWake } from '../../../lib/adapters/memory/wake.ts';
import { applyFact } from '../../../lib/application/apply-fact.ts';
import type { Companion } from '../../../lib/application/ports.ts';
import type { OwnerFact } from '../../../lib/domain/owner/state.ts';
import { DEFAULT_TIMING } from '../../../lib/domain/timing.ts';
import type { EpochMs } from '../../../lib/domain/types.ts';
import { givenPolicy } from '../../given-policy.ts';

const NOW = Date.UTC(2026, 5, 1) as EpochMs;
const MINUTE = 60_000;
const { hr } = givenPolicy().sources;
const feed = { columns: { id: 'id', email: 'e', roles: 'r' }, active: ['Active'], maxShrinkPercent: 20, maxLeaversPercent: 10 };

function world() {
  const clock = { now: () => NOW };
  let count = 0;
  const ulid = (): string => {
    count += 1;
    return `${count}`;
  };
  const policy = givenPolicy({ sources: { fed: { ...hr!, feed }, counted: hr! } });
  const ids = { ulid, uuid: () => crypto.randomUUID() };
  const ledger = memoryLedger();
  const wake = memoryWake(clock);
  const companions: Companion[] = [];
  ledger.watch((append) => companions.push(...append.companions));
  const say = applyFact({ ledger, clock, ids, wake, timing: DEFAULT_TIMING, policy, policyDigest: 'd' });
  /** What the source `counted` says of somebody now. */
  const tell = (subject: string, type: OwnerFact['type'], sequence: number, email = '', more: Partial<OwnerFact> = {}) => {
    const times = { occurredAtMs: NOW, effectiveAtMs: NOW };
    return say({
      type,
      id: `f${sequence}`,
      source: 'counted',
      subject,
      sequence,
      cause: 'normal',
      attributes: { email, roles: ['R'] },
      ...times,
      ...more,
    });
  };
  const of = (source: string, externalId: string) => ledger.ownerByAlias(source, externalId);
  return { ledger, wake, companions: () => companions.splice(0), tell, of };
}

const facts = () => {
  const { tell } = world();
  return async (source: string, type: OwnerFact['type'], sequence: number, occurredAtMs: number = NOW) => {
    const at = occurredAtMs as EpochMs;
    const result = await tell('1', type, sequence, '', { source, occurredAtMs: at, effectiveAtMs: at });
    return result.ok ? (result.changed ? result.owner?.status : 'nothing new') : result.why;
  };
};

describe('how far a sequence may be ahead', () => {
  it('of a source with a feed: not ahead of the clock, however long nothing was told of somebody', async () => {
    const say = facts();
    const fiveYearsAgo = Date.UTC(2021, 5, 1);
    expect(await say('fed', 'Joined', fiveYearsAgo / MINUTE, fiveYearsAgo)).toBe('active');
    expect(await say('fed', 'Left', NOW / MINUTE + 6)).toBe('sequence-jump');
    expect(await say('fed', 'Left', NOW / MINUTE)).toBe('left');
  });

  it('of another: as far as the source may jump from what it last told of them', async () => {
    const say = facts();
    expect(await say('counted', 'Joined', 1)).toBe('active');
    expect(await say('counted', 'Left', 1_000_002)).toBe('sequence-jump');
    expect(await say('counted', 'Left', 1_000_001)).toBe('left');
  });
});

describe('a fact', () => {
  it('is on record with its source and what it says, and makes an owner of whom it is the first', async () => {
    const { ledger, tell, of, companions } = world();
    const told = await tell('1', 'Joined', 1);
    const id = await of('counted', '1');
    expect(told).toEqual({ ok: true, changed: true, owner: (await ledger.owner(id!))?.state });
    expect(told).toMatchObject({ owner: { status: 'active', source: 'counted', subject: '1', sequence: 1 } });
    expect(await ledger.events(id!)).toMatchObject([
      { type: 'OwnerRegistered' },
      { type: 'OwnerJoined', actor: { kind: 'source', id: 'counted' }, cause: 'Joined', correlationId: 'f1', policyDigest: 'd' },
    ]);
    expect(companions()).toEqual([{ item: 'alias', source: 'counted', externalId: '1', ownerId: id }]);
  });

  it.each([
    ['again', 'Joined', 1],
    ['that is older', 'Moved', 0],
  ] as const)('%s changes nothing', async (_what, type, sequence) => {
    const { ledger, tell, of, wake } = world();
    await tell('1', 'Joined', 1);
    const before = await ledger.owner((await of('counted', '1'))!);
    expect(await tell('1', type, sequence)).toEqual({ ok: true, changed: false, owner: before?.state });
    expect([await ledger.owner(before!.state.id), wake.messages]).toEqual([before, []]);
  });

  it('about nobody known that changes nothing makes no owner', async () => {
    const { tell, of } = world();
    expect(await tell('1', 'Moved', 0)).toEqual({ ok: true, changed: false, owner: undefined });
    expect(await of('counted', '1')).toBeUndefined();
  });

  it.each([
    ['a source that the policy does not know', { source: 'else' }, 'unknown-source', 'detail.source', 'else'],
    ['one that every object has', { source: 'constructor' }, 'unknown-source', 'detail.source', 'constructor'],
    [
      'the future',
      { occurredAtMs: (NOW + 300_001) as EpochMs },
      'from-the-future',
      'detail.occurredAt',
      new Date(NOW + 300_001).toISOString(),
    ],
    ['a jump', { sequence: 1_000_002 }, 'sequence-jump', 'detail.sequence', '1000002'],
  ])('of %s is refused, with the field and what it was', async (_what, more, why, field, value) => {
    const { tell } = world();
    await tell('1', 'Joined', 1);
    expect(await tell('1', 'Left', 2, '', more)).toEqual({ ok: false, why, field, value });
  });

  it.each<readonly [string, OwnerFact['type'], boolean]>([
    ['a leave', 'Left', true],
    ['a move to another role', 'Moved', true],
    ['what takes nothing away', 'Returned', false],
  ])('of %s wakes who works on the owner: %s', async (_what, type, wakes) => {
    const { tell, of, wake } = world();
    await tell('1', 'Joined', 1);
    await tell('1', type, 2, '', { attributes: { email: '', roles: [wakes ? 'S' : 'R'] } });
    expect(wake.messages).toEqual(wakes ? [{ queue: 'owner', id: await of('counted', '1'), visibleAtMs: NOW }] : []);
  });
});

describe('an e-mail address', () => {
  it('is that of whom it was told, whatever its capitals', async () => {
    const { tell, of, companions } = world();
    await tell('1', 'Joined', 1, 'Ada@x.org');
    const id = await of('email', 'ada@x.org');
    expect(companions()).toEqual([
      { item: 'alias', source: 'counted', externalId: '1', ownerId: id },
      { item: 'email', email: 'ada@x.org', ownerId: id, seen: undefined },
    ]);
  });

  it.each<readonly [string, OwnerFact['type'], string]>([
    ['that they have already, in other capitals', 'Moved', 'ADA@x.org'],
    ['that is none', 'Moved', ''],
    ['of who leaves', 'Left', 'new@x.org'],
  ])('%s is not written', async (_what, type, email) => {
    const { tell, companions } = world();
    await tell('1', 'Joined', 1, 'Ada@x.org');
    companions();
    await tell('1', type, 2, email);
    expect(companions()).toEqual([]);
  });

  it('that changes follows its owner', async () => {
    const { tell, of } = world();
    await tell('1', 'Joined', 1, 'ada@x.org');
    await tell('1', 'Moved', 2, 'lovelace@x.org');
    expect(await of('email', 'lovelace@x.org')).toBe(await of('counted', '1'));
  });

  it('that an active owner has stays with them', async () => {
    const { tell, of, companions } = world();
    await tell('1', 'Joined', 1, 'ada@x.org');
    await tell('2', 'Joined', 1, 'ada@x.org');
    expect(await of('email', 'ada@x.org')).toBe(await of('counted', '1'));
    expect(companions().filter(({ item }) => item === 'email')).toHaveLength(1);
  });

  it('of who has left goes to who has it now, unless somebody was faster', async () => {
    const { tell, of, companions } = world();
    await tell('1', 'Joined', 1, 'ada@x.org');
    await tell('1', 'Left', 2, 'ada@x.org');
    companions();
    await tell('2', 'Joined', 1, 'ada@x.org');
    const [before, after] = [await of('counted', '1'), await of('counted', '2')];
    expect(await of('email', 'ada@x.org')).toBe(after);
    expect(companions()).toContainEqual({ item: 'email', email: 'ada@x.org', ownerId: after, seen: before });
  });
});
