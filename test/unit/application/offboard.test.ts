import { describe, expect, it } from 'vitest';
import type { RecordAppend } from '../../../lib/application/ports.ts';
import type { OwnerFact } from '../../../lib/domain/owner/state.ts';
import type { Profile } from '../../../lib/domain/policy.ts';
import type { CredentialId } from '../../../lib/domain/types.ts';
import { DAY_MS, givenPolicy, givenProfile } from '../../given-policy.ts';
import { company } from './company.ts';

const HOUR_MS = 3_600_000;

/** Ann (1), whose manager is Bob (2), holds so many credentials. */
async function world({ profile = {}, count = 1 }: { readonly profile?: Partial<Profile>; readonly count?: number } = {}) {
  const made = company(givenPolicy({ profiles: { p: givenProfile(profile) } }));
  await made.joins('hr:1', { manager: '2' });
  await made.joins('hr:2');
  const ids: CredentialId[] = [];
  for (let n = 0; n < count; n += 1) ids.push(await made.issue('hr:1'));
  const appends: RecordAppend[] = [];
  made.ledger.watch((append) => appends.push(append));
  const leave = async (cause: OwnerFact['cause'] = 'normal') => {
    made.wake.messages.length = 0;
    await made.fact('Left', 'hr:1', { cause });
    return made.work('hr:1');
  };
  const move = async () => {
    await made.fact('Moved', 'hr:1', { roles: ['OTHER'] });
    return made.work('hr:1');
  };
  /** As if the provider had denied everything, and the last of them been confirmed gone. */
  const gone = async (id: CredentialId): Promise<void> => {
    const state = await made.state(id);
    if (state.status !== 'revoking') throw new Error(state.status);
    const { cause, sinceMs: startedAtMs } = state;
    const receipt = { cause, startedAtMs, cutOffAtMs: made.now(), absentAtMs: made.now(), keyIds: [], mayOutlive: [] };
    await made.append(id, [{ type: 'CredentialRevoked', fence: 1, receipt }]);
  };
  const woken = () => made.wake.messages.filter(({ queue }) => queue === 'aws-iam-user').map(({ id }) => id);
  const typesOf = async (ref: string) => (await made.ledger.events(await made.idOf(ref))).map(({ type }) => type);
  const companions = () => appends.flatMap((append) => append.companions);
  return { ...made, ids, id: ids[0] as CredentialId, leave, move, gone, woken, typesOf, companions };
}

const transfer: Partial<Profile> = { onLeave: { action: 'transfer', overlapMs: HOUR_MS, regretMs: 2 * DAY_MS } };

describe('a leave', () => {
  it.each(['normal', 'for-cause'] as const)('revokes (%s), and has each credential worked on', async (cause) => {
    const { leave, state, ids, woken, ledger } = await world({ count: 2 });
    await leave(cause);
    for (const id of ids) {
      expect(await state(id)).toMatchObject({ status: 'revoking', cause: cause === 'normal' ? 'owner-left' : 'owner-left-for-cause' });
      const last = (await ledger.events(id)).at(-1);
      expect(last).toMatchObject({ actor: { kind: 'system', id: 'offboard' }, policyDigest: 'digest' });
      expect(last?.correlationId).toMatch(/^own_/);
      expect(last?.cause).toBe(cause === 'normal' ? 'owner-left' : 'owner-left-for-cause');
    }
    expect(woken().sort()).toEqual([...ids].sort());
  });

  it.each(['normal', 'for-cause'] as const)('suspends (%s) until the regret time of the leave is over', async (cause) => {
    const { leave, state, id, now } = await world({ profile: { onLeave: { action: 'suspend', regretMs: 2 * DAY_MS } } });
    await leave(cause);
    expect(await state(id)).toMatchObject({
      ...{ status: 'suspended', why: 'owner-left' },
      ends: { atMs: now() + 2 * DAY_MS, cause: cause === 'normal' ? 'owner-left' : 'owner-left-for-cause' },
    });
  });

  it.each([
    ['normal', 'owner-left', HOUR_MS],
    ['for-cause', 'owner-left-for-cause', 0],
  ] as const)('(%s) hands over with the overlap of the leave, or none for cause', async (cause, of, overlapMs) => {
    const { leave, state, id, owner, lastCause } = await world({ profile: transfer });
    await leave(cause);
    const [ann, bob] = [await owner('hr:1'), await owner('hr:2')];
    expect(await state(id)).toMatchObject({
      status: 'active',
      holder: { id: ann.id },
      replacement: {
        ...{ overlapMs, regretMs: 2 * DAY_MS },
        heir: { to: { id: bob.id, key: bob.key, epoch: 0 }, rung: 'manager', cause: of, leave: ann.epoch, line: ann.id, refused: [] },
      },
    });
    expect(await lastCause(id)).toBe(of);
  });

  it('suspends what nobody can take over, and says who was asked', async () => {
    const { leave, state, id, fact, now, lastCause } = await world({ profile: transfer });
    await fact('Left', 'hr:2');
    await leave();
    expect(await state(id)).toMatchObject({ status: 'suspended', why: 'owner-left', ends: { atMs: now() + 2 * DAY_MS } });
    expect(await lastCause(id)).toBe('owner-left; passed over hr:2 as manager: owner-not-active: left; nobody can take it over');
  });

  it('asks once for a page of credentials of one profile who would take them', async () => {
    const { leave, ledger } = await world({ profile: transfer, count: 3 });
    const read = ledger.ownerByAlias;
    let asked = 0;
    ledger.ownerByAlias = (source, externalId) => {
      asked += externalId === '2' ? 1 : 0;
      return read(source, externalId);
    };
    await leave();
    expect(asked).toBe(1);
  });

  it('takes a holder of more than a page in pages, and nothing is left out', async () => {
    const { leave, ids, state, typesOf } = await world({ count: 201 });
    await leave();
    expect((await Promise.all(ids.map(state))).filter(({ status }) => status !== 'revoking')).toEqual([]);
    expect((await typesOf('hr:1')).filter((type) => type === 'OffboardingPageDone')).toHaveLength(1);
  });

  it('says in its causes which pass it was, and is closed by the one that finds nothing left', async () => {
    const { leave, id, gone, work, later, owner, lastCause, idOf, companions, now } = await world();
    expect(await leave()).toBe('waiting');
    expect(await lastCause(await idOf('hr:1'))).toBe('offboarding, pass 1');
    await gone(id);
    expect(await work('hr:1')).toBe('waiting'); // not before the next pass is due
    later(60_000);
    expect(await work('hr:1')).toBe('rest');
    expect(await lastCause(await idOf('hr:1'))).toBe('offboarding, pass 2');
    const { converged, offboarding } = await owner('hr:1');
    expect(offboarding).toBeUndefined();
    expect(converged).toMatchObject({ credentials: 1, cutOffAtMs: now() - 60_000, completeAtMs: now() - 60_000 });
    expect(companions().filter(({ item }) => item === 'convergence')).toEqual([
      { item: 'convergence', ownerId: await idOf('hr:1'), convergence: converged },
    ]);
  });

  it('leaves alone what was given in a later life after its page was read, and wakes nobody for it', async () => {
    const { leave, id, state, append, ledger, now, woken } = await world();
    const { holder } = await state(id);
    const read = ledger.heldBy;
    let reads = 0;
    ledger.heldBy = async (...args) => {
      const page = await read(...args);
      reads += 1; // the first is the guard's
      if (reads === 2)
        await append(id, [
          { type: 'SuspensionStarted', why: 'requested', atMs: now(), ends: undefined },
          { type: 'ResumptionStarted', holder: { ...holder, epoch: 1_000 }, liftAtMs: now() },
        ]);
      return page;
    };
    await leave();
    expect(await state(id)).toMatchObject({ status: 'suspended', why: 'requested', holder: { epoch: 1_000 } });
    expect(woken()).toEqual([]);
  });
});

describe('a move', () => {
  it.each<readonly [string, Partial<Profile>, object]>([
    ['revokes', { onMove: 'revoke' }, { status: 'revoking', cause: 'owner-moved' }],
    ['has it looked at', { onMove: 'reapprove' }, { status: 'active', approval: { kind: 'pending' } }],
    ['keeps', { onMove: 'keep' }, { status: 'active', approval: undefined }],
    [
      'hands over, on the terms of a rotation',
      { onMove: 'transfer', ...transfer },
      { replacement: { overlapMs: DAY_MS, regretMs: 7 * DAY_MS, heir: { rung: 'manager', cause: 'owner-moved', leave: undefined } } },
    ],
  ])('%s what the new role does not entitle to, as the profile says', async (_what, profile, expected) => {
    const { move, state, id } = await world({ profile });
    await move();
    expect(await state(id)).toMatchObject(expected);
  });

  it('gives an approval the time the policy gives', async () => {
    const { move, state, id, now } = await world({ profile: { onMove: 'reapprove' } });
    await move();
    expect(await state(id)).toMatchObject({ approval: { sinceMs: now(), deadlineMs: now() + 7 * DAY_MS } });
  });

  it('suspends what nobody can take over', async () => {
    const { move, state, id, fact, now, lastCause } = await world({ profile: { onMove: 'transfer' } });
    await fact('Left', 'hr:2');
    await move();
    expect(await state(id)).toMatchObject({
      ...{ status: 'suspended', why: 'owner-moved' },
      ends: { atMs: now() + 7 * DAY_MS, cause: 'owner-moved' },
    });
    expect(await lastCause(id)).toMatch(/^owner-moved; passed over hr:2 .*; nobody can take it over$/);
  });

  it('is looked after twice at least, and until what has to go is gone', async () => {
    const { move, id, gone, work, later, owner, typesOf, lastCause, idOf } = await world();
    await move();
    expect(await lastCause(await idOf('hr:1'))).toBe('review, pass 1');
    later(60_000);
    await work('hr:1'); // it is being revoked
    await gone(id);
    later(60_000);
    expect(await work('hr:1')).toBe('rest');
    expect((await typesOf('hr:1')).slice(-3)).toEqual(['ReviewPassDone', 'ReviewPassDone', 'OwnerReviewed']);
    expect((await owner('hr:1')).review).toBeUndefined();
  });

  it('that takes nothing away is looked after twice, since a request by the old role may have been on its way', async () => {
    const { move, work, later, typesOf } = await world({ profile: { onMove: 'keep' } });
    expect(await move()).toBe('waiting');
    later(60_000);
    expect(await work('hr:1')).toBe('rest');
    expect((await typesOf('hr:1')).slice(-2)).toEqual(['ReviewPassDone', 'OwnerReviewed']);
  });

  it('is not done while a record can’t be read, and takes pages too', async () => {
    const { move, id, ledger, work, later, owner, typesOf } = await world({ count: 201, profile: { onMove: 'keep' } });
    ledger.damaged.add(id);
    await move();
    expect((await typesOf('hr:1')).filter((type) => type === 'ReviewPageDone')).toHaveLength(1);
    for (let pass = 0; pass < 3; pass += 1, later(60_000)) await work('hr:1');
    expect((await owner('hr:1')).review).toMatchObject({ cursor: undefined });
  });
});
