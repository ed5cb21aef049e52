import { describe, expect, it } from 'vitest';
import type { Companion, RecordAppend } from '../../../lib/application/ports.ts';
import { appendOwner } from '../../../lib/application/record.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import type { OwnerEvent, OwnerFact } from '../../../lib/domain/owner/state.ts';
import type { Policy } from '../../../lib/domain/policy.ts';
import type { CredentialId } from '../../../lib/domain/types.ts';
import { DAY_MS, givenPolicy, givenProfile } from '../../given-policy.ts';
import { company } from './company.ts';

const HOUR_MS = 3_600_000;
const plenty = { owners: 1_000, credentials: 3_000 };
/** Nobody may lose anything: whatever is to be taken away is held. */
const CLOSED = { hour: { owners: 0, credentials: 0 }, day: plenty, week: plenty, forCauseAnHour: 0, escalateAfterMs: HOUR_MS };
const [source] = Object.values(givenPolicy().sources);

/** Ann (`hr:1`) holds so many credentials. */
async function world(change: Partial<Policy> = {}, count = 2) {
  const made = company(givenPolicy(change));
  await made.joins('hr:1');
  const ids: CredentialId[] = [];
  for (let n = 0; n < count; n += 1) ids.push(await made.issue('hr:1'));
  const appends: RecordAppend[] = [];
  made.ledger.watch((append) => appends.push(append));
  const leave = async (cause: OwnerFact['cause'] = 'normal') => {
    await made.fact('Left', 'hr:1', { cause });
    made.wake.messages.length = 0;
    return made.work('hr:1');
  };
  const move = async () => {
    await made.fact('Moved', 'hr:1', { roles: ['OTHER'] });
    return made.work('hr:1');
  };
  const orders = async (event: OwnerEvent) => {
    const context = { actor: { kind: 'system', id: 't' }, cause: 't', correlationId: 't', policyDigest: 'd' } as const;
    await appendOwner(made.ports, await made.ledger.owner(await made.idOf('hr:1')), [event], context);
    return made.work('hr:1');
  };
  const last = async (type: OwnerEvent['type']) => (await made.ledger.events(await made.idOf('hr:1'))).findLast((one) => one.type === type);
  const of = <T extends Companion['item']>(item: T): readonly Extract<Companion, { item: T }>[] =>
    appends.flatMap(({ companions }) => companions.filter((one): one is Extract<Companion, { item: T }> => one.item === item));
  const statuses = async () => (await Promise.all(ids.map(made.state))).map(({ status }) => status);
  return { ...made, ids, leave, move, orders, last, of, statuses };
}

describe('a removal that the guard lets pass', () => {
  it('counts one owner and all that they lose, in every window, in the transaction of the decision', async () => {
    const { leave, of, last, now } = await world();
    await leave();
    expect(of('count').map(({ count }) => [count.window, count.addOwners, count.addCredentials])).toEqual([
      ['hour', 1, 2],
      ['day', 1, 2],
      ['week', 1, 2],
    ]);
    expect(await last('RemovalAdmitted')).toMatchObject({ cause: 'guard', data: { of: 'leave', credentials: 2, atMs: now() } });
  });

  it('for cause counts apart; a move for cause there is none', async () => {
    const { leave, of } = await world();
    await leave('for-cause');
    expect(of('count').map(({ count }) => count.window)).toEqual(['cause']);
    const mover = await world();
    await mover.move();
    expect(mover.of('count').map(({ count }) => count.window)).toEqual(['hour', 'day', 'week']);
  });

  it.each([
    ['who holds nothing', 0, {}],
    ['whose credentials a move leaves as they are', 2, { profiles: { p: givenProfile({ onMove: 'keep' }) } }],
  ] as const)('counts nothing of one %s', async (_who, count, change) => {
    const { move, of, last } = await world(change, count);
    await move();
    expect(of('count')).toEqual([]);
    expect(await last('RemovalAdmitted')).toMatchObject({ data: { of: 'move', credentials: 0 } });
  });

  it('counts nothing of what ends already', async () => {
    const { move, ids, change, of } = await world();
    for (const id of ids.slice(1)) await change({ arn: 'a', ownerRef: 'hr:1', may: ['operate'], for: [] }, id, 'revoke');
    await move();
    expect(of('count').map(({ count }) => count.addCredentials)).toEqual([1, 1, 1]);
  });

  it('counts all pages of it', async () => {
    const { leave, of } = await world({}, 201);
    await leave();
    expect(of('count').map(({ count }) => count.addCredentials)).toEqual([201, 201, 201]);
  });
});

describe('a removal that is only observed', () => {
  it.each([
    ['the policy', { mode: 'observe' }],
    ['its source', { sources: { hr: { ...source, mode: 'observe' } as Policy['sources'][string] } }],
  ] as const)('since %s says so, takes nothing, rests, and puts on record what it would have done', async (_who, change) => {
    const { leave, statuses, last, ledger, ids, idOf, now, state, of } = await world(change);
    expect(await leave()).toBe('rest');
    expect(await statuses()).toEqual(['active', 'active']);
    expect(await last('RemovalObserved')).toMatchObject({ cause: 'observe', data: { of: 'leave', credentials: 2, under: 'digest' } });
    expect(of('count')).toEqual([]);
    const [first] = ids;
    expect(await ledger.findings()).toHaveLength(2);
    expect(await ledger.findings()).toContainEqual({
      ...{ kind: 'leaver', subject: first && (await state(first)).grant.accountName, credentialId: first, ownerId: await idOf('hr:1') },
      ...{ detail: 'the owner left', status: 'open', firstSeenAtMs: now(), lastSeenAtMs: now(), wouldHave: 'revoke' },
    });
  });

  it('of a move says by what it is too much', async () => {
    const { move, ledger } = await world({ mode: 'observe' }, 1);
    await move();
    expect(await ledger.findings()).toMatchObject([{ kind: 'mover', detail: 'exceeds the owner’s new role', wouldHave: 'revoke' }]);
  });

  it('of another policy says so', async () => {
    const { orders, ledger, now, ports } = await world({ mode: 'observe' }, 1);
    Object.assign(ports, { policy: { ...ports.policy, profiles: { p: givenProfile({ eligible: { roles: ['OTHER'] } }) } } });
    await orders({ type: 'ReviewOrdered', atMs: now() });
    expect(await ledger.findings()).toMatchObject([{ kind: 'mover', detail: 'exceeds the policy as it now is' }]);
  });
});

describe('a removal that is too much', () => {
  it.each([
    ['a leave', 'normal'],
    ['a leave for cause', 'for-cause'],
  ] as const)('is held: %s', async (_what, cause) => {
    const { leave, of, last, idOf, now, wake } = await world({ guard: CLOSED });
    expect(await leave(cause)).toBe('held');
    const member = { batch: 1, ownerId: await idOf('hr:1'), of: 'leave', cause, source: 'hr', credentials: 2, heldAtMs: now() };
    expect(of('held')).toEqual([{ item: 'held', member }]);
    expect(await last('RemovalHeld')).toMatchObject({ cause: 'guard', data: { of: 'leave', batch: 1, credentials: 2, atMs: now() } });
    expect(await last('RemovalAdmitted')).toBeUndefined();
    expect(wake.messages.filter(({ queue }) => queue === 'owner')).toEqual([]); // the sweep asks again
  });

  it('is held: a move', async () => {
    const { move, of, statuses } = await world({ guard: CLOSED });
    expect(await move()).toBe('held');
    expect(of('held').map(({ member }) => [member.of, member.cause])).toEqual([['move', 'moved']]);
    expect(await statuses()).toEqual(['active', 'active']);
  });

  it('is held: what another policy takes', async () => {
    const { orders, of, ports, now } = await world({ guard: CLOSED });
    Object.assign(ports, { policy: { ...ports.policy, profiles: { p: givenProfile({ eligible: { roles: ['OTHER'] } }) } } });
    expect(await orders({ type: 'ReviewOrdered', atMs: now() })).toBe('held');
    expect(of('held').map(({ member }) => member.cause)).toEqual(['policy-changed']);
  });

  it('is held: a leave that was only observed before, and is wanted since the policy changed', async () => {
    const { leave, orders, of, ports, now } = await world({ guard: CLOSED, mode: 'observe' });
    expect(await leave()).toBe('rest');
    Object.assign(ports, { policy: { ...ports.policy, mode: 'enforce' } });
    expect(await orders({ type: 'RemovalReconsidered', of: 'leave', atMs: now() })).toBe('held');
    expect(of('held').map(({ member }) => [member.of, member.cause])).toEqual([['leave', 'policy-changed']]);
  });

  it('is not held because the ledger did not answer', async () => {
    const { fact, work, ledger, of } = await world();
    await fact('Left', 'hr:1');
    ledger.appendOwner = () => Promise.reject(new Fault('ledger-unreadable', false, 'out'));
    await expect(work('hr:1')).rejects.toThrow('out');
    expect(of('held')).toEqual([]);
  });
});

describe('while it is held', () => {
  it('nothing is taken from a leaver', async () => {
    const { leave, statuses, work, wake } = await world({ guard: CLOSED });
    await leave();
    expect(await work('hr:1')).toBe('held');
    expect(await statuses()).toEqual(['active', 'active']);
    expect(wake.messages).toEqual([]);
  });

  it('who left for cause is suspended, reversibly and without an end', async () => {
    const { leave, state, ids, ledger, wake, lastCause } = await world({ guard: CLOSED });
    await leave('for-cause');
    for (const id of ids) {
      expect(await state(id)).toMatchObject({ status: 'suspended', why: 'owner-left', ends: undefined });
      expect(await lastCause(id)).toBe('left for cause; held by the guard');
      expect((await ledger.events(id)).filter(({ type }) => type === 'SuspensionStarted')).toHaveLength(1);
    }
    expect(wake.messages.map(({ id }) => id).sort()).toEqual([...ids].sort());
  });

  it('what is not active yet is left for the release', async () => {
    const { leave, ids, append, now, state } = await world({ guard: CLOSED }, 1);
    const [id] = ids;
    if (!id) throw new Error('none');
    await append(id, [{ type: 'SuspensionStarted', why: 'requested', atMs: now(), ends: undefined }]);
    await leave('for-cause');
    expect(await state(id)).toMatchObject({ status: 'suspended', why: 'requested' });
  });

  it('nothing is taken from a mover', async () => {
    const { move, work, statuses } = await world({ guard: CLOSED });
    await move();
    expect(await work('hr:1')).toBe('held');
    expect(await statuses()).toEqual(['active', 'active']);
  });

  it('for as long as the policy bears it; then that is said, once', async () => {
    const { leave, work, later, last, now, owner } = await world({ guard: CLOSED });
    await leave();
    const since = new Date(now()).toISOString();
    later(HOUR_MS - 1);
    expect(await work('hr:1')).toBe('held');
    expect(await last('HoldEscalated')).toBeUndefined();
    later(1);
    expect(await work('hr:1')).toBe('escalated');
    expect(await last('HoldEscalated')).toMatchObject({ cause: `batch 1 is held since ${since}`, data: { of: 'leave', atMs: now() } });
    expect(await owner('hr:1')).toMatchObject({ offboarding: { admission: { is: 'held', escalated: true } } });
    const before = await last('HoldEscalated');
    later(DAY_MS);
    expect(await work('hr:1')).toBe('escalated');
    expect(await last('HoldEscalated')).toEqual(before);
  });

  it('a move that is held too long is said to be, too', async () => {
    const { move, work, later } = await world({ guard: CLOSED });
    await move();
    later(HOUR_MS);
    expect(await work('hr:1')).toBe('escalated');
  });
});
