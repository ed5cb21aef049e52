import { describe, expect, it } from 'vitest';
import { memoryLedger } from '../../../lib/adapters/memory/ledger.ts';
import { memoryWake } from '../../../lib/adapters/memory/wake.ts';
import { applyFact } from '../../../lib/application/apply-fact.ts';
import { followPolicy, notePolicy } from '../../../lib/application/follow-policy.ts';
import { grantFor } from '../../../lib/application/naming.ts';
import { appendCredential } from '../../../lib/application/record.ts';
import { workOnOwner } from '../../../lib/application/work-owner.ts';
import type { CredentialEvent } from '../../../lib/domain/credential/events.ts';
import type { OwnerFact } from '../../../lib/domain/owner/state.ts';
import type { Policy } from '../../../lib/domain/policy.ts';
import type { CredentialId, EpochMs, OwnerId } from '../../../lib/domain/types.ts';
import { givenPolicy, givenProfile } from '../../given-policy.ts';
import { attempt, key, rotation } from '../domain/given.ts';

const MINUTE = 60_000;
const ENFORCE = givenPolicy();
const OBSERVE = givenPolicy({ mode: 'observe' });
const WITHOUT_R = givenPolicy({ profiles: { p: givenProfile({ eligible: { roles: ['S'] } }) } });

/** A stack in memory. `deployed`: what functions of a deployment do; several may be out at once. */
function stack() {
  let nowMs = 1_800_000_000_000 as EpochMs;
  let count = 0;
  const ledger = memoryLedger();
  const clock = { now: () => nowMs };
  const wake = memoryWake(clock);
  const ulid = (): string => {
    count += 1;
    return String(count).padStart(26, '0');
  };
  const ids = { ulid, uuid: () => crypto.randomUUID() };
  const soon = (): EpochMs => (nowMs + MINUTE) as EpochMs;

  const deployed = (policy: Policy, policyDigest: string) => {
    const ports = { ledger, clock, ids, wake, timing: policy.timing, policy, policyDigest, account: '1', kinds: ['aws-iam-user'] as const };
    const fact = (type: OwnerFact['type'], subject: string, sequence: number, roles: readonly string[] = ['R']) =>
      applyFact(ports)({
        ...{ type, subject, sequence, id: `${subject}-${sequence}`, source: 'hr', occurredAtMs: nowMs, effectiveAtMs: nowMs },
        ...{ cause: 'normal', attributes: { email: '', roles } },
      });
    return {
      note: notePolicy(ports),
      follow: () => followPolicy(ports)(soon()),
      fact,
      /** All owners, until nothing is due now. */
      work: async () => {
        for (const id of ledger.owners.keys()) await workOnOwner(ports)(id, soon());
      },
      /** Minutes go by; what is due is done. */
      settle: async (minutes = 6) => {
        for (let minute = 0; minute < minutes; minute += 1) {
          await notePolicy(ports)();
          await followPolicy(ports)(soon());
          for (const id of ledger.owners.keys()) await workOnOwner(ports)(id, soon());
          nowMs = (nowMs + MINUTE) as EpochMs;
        }
      },
      issue: async (subject: string): Promise<CredentialId> => {
        const id = `cred_${ulid()}` as CredentialId;
        const ownerId = (await ledger.ownerByAlias('hr', subject)) as OwnerId;
        const owner = (await ledger.owner(ownerId))?.state;
        const grant = grantFor(id, 'aws-iam-user', '1', { profile: 'p', purpose: 'x', environment: 'e', consumers: [] });
        const holder = { id: ownerId, key: owner!.key, epoch: owner!.epoch };
        const of = { fence: 1, attempt: attempt(count) };
        const events: readonly CredentialEvent[] = [
          { type: 'CredentialRequested', id, holder, grant, rotation, requestedAtMs: nowMs, deadlineMs: nowMs },
          { type: 'StepStarted', ...of, step: 'create-version', untilMs: nowMs, settledAtMs: nowMs },
          { type: 'VersionCreated', ...of, keyId: key(count) },
          { type: 'VersionStored', ...of, verifyAtMs: nowMs },
          { type: 'VersionVerified', ...of, atMs: nowMs },
          { type: 'VersionPromoted', ...of, atMs: nowMs },
          { type: 'CredentialActivated', fence: 1, atMs: nowMs },
        ];
        const context = { actor: { kind: 'system', id: 't' }, cause: 't', correlationId: 't', policyDigest } as const;
        await appendCredential(ports, undefined, events, context, { companions: [{ item: 'ownership', ownerId, credentialId: id }] });
        return id;
      },
    };
  };
  const later = (ms: number): void => {
    nowMs = (nowMs + ms) as EpochMs;
  };
  const status = async (id: CredentialId) => (await ledger.credential(id))?.state.status;
  const eventsOf = (id: string): readonly string[] => (ledger.history.get(id) ?? []).map(({ type }) => type);
  return { ledger, deployed, later, status, eventsOf, policy: async () => (await ledger.policy())?.state };
}

describe('which policy is in force', () => {
  it('is on record from the first deployment on, and news only when it changes', async () => {
    const { deployed, policy, eventsOf } = stack();
    const first = deployed(ENFORCE, 'a');
    expect([await first.note(), await first.note(), await deployed(ENFORCE, 'b').note()]).toEqual([true, false, true]);
    expect(await policy()).toMatchObject({ digest: 'b', previous: 'a', status: 'following-up' });
    expect(eventsOf('policy')).toEqual(['PolicyChanged', 'PolicyChanged']);
  });

  it('does not go back and forth while functions of two deployments run; a deployment of the one before counts a while later', async () => {
    const { deployed, later } = stack();
    const before = deployed(ENFORCE, 'a');
    const after = deployed(ENFORCE, 'b');
    await before.note();
    expect(await after.note()).toBe(true);
    later(15 * MINUTE - 1);
    expect([await before.note(), await after.note()]).toEqual([false, false]);
    later(1);
    expect(await before.note()).toBe(true);
  });

  it('is followed up only by a function that decides by it', async () => {
    const { deployed, policy } = stack();
    const before = deployed(ENFORCE, 'a');
    const after = deployed(ENFORCE, 'b');
    await after.note();
    expect([await before.follow(), (await policy())?.status]).toEqual(['waiting', 'following-up']);
    await after.settle();
    expect(await policy()).toMatchObject({ status: 'followed-up', digest: 'b' });
    expect(await after.follow()).toBe('rest');
  });
});

describe('whom another policy concerns', () => {
  it('loses what they could not ask for now, as a mover would; nobody else is looked at twice', async () => {
    const { deployed, status, eventsOf, ledger } = stack();
    const before = deployed(ENFORCE, 'a');
    await before.settle();
    await before.fact('Joined', 'r', 1);
    await before.fact('Joined', 's', 1, ['S']);
    const r = await before.issue('r');
    const s = await before.issue('s');
    await before.settle();
    const after = deployed(WITHOUT_R, 'b');
    await after.settle();
    expect([await status(r), await status(s)]).toEqual(['revoking', 'active']);
    expect((await ledger.credential(r))?.state).toMatchObject({ cause: 'policy-changed' });
    const [ownerR, ownerS] = [...ledger.owners.keys()].map(eventsOf);
    expect(ownerR).toEqual(expect.arrayContaining(['ReviewOrdered', 'RemovalAdmitted', 'ReviewPassDone']));
    expect(ownerS).toEqual(['OwnerRegistered', 'OwnerJoined']);
  });

  it('is subject to the guard: too many at once are held', async () => {
    const { deployed, status, ledger } = stack();
    const before = deployed(ENFORCE, 'a');
    await before.fact('Joined', 'x', 1);
    await before.fact('Joined', 'y', 1);
    const held = [await before.issue('x'), await before.issue('y')];
    const one = { owners: 1, credentials: 1 };
    const after = deployed({ ...WITHOUT_R, guard: { ...WITHOUT_R.guard, hour: one } }, 'b');
    await after.settle();
    expect((await Promise.all(held.map(status))).sort()).toEqual(['active', 'revoking']);
    expect(await ledger.heldIn(1)).toHaveLength(1);
  });

  it('is not touched where their profile says keep, nor where it is gone: that the sweep reports', async () => {
    for (const profiles of [{ p: givenProfile({ eligible: { roles: ['S'] }, onMove: 'keep' }) }, {}]) {
      const { deployed, status } = stack();
      const before = deployed(ENFORCE, 'a');
      await before.fact('Joined', 'r', 1);
      const r = await before.issue('r');
      await deployed(givenPolicy({ profiles }), 'b').settle();
      expect(await status(r)).toBe('active');
    }
  });

  it('where it only observes, is put on record with what would become of them, once', async () => {
    const { deployed, status, ledger, eventsOf, policy } = stack();
    const before = deployed(ENFORCE, 'a');
    await before.fact('Joined', 'r', 1);
    const r = await before.issue('r');
    await deployed({ ...WITHOUT_R, mode: 'observe' }, 'b').settle(10);
    expect([await status(r), (await policy())?.status]).toEqual(['active', 'followed-up']);
    expect(await ledger.findings()).toMatchObject([
      { kind: 'mover', credentialId: r, wouldHave: 'revoke', detail: expect.stringMatching(/policy/) },
    ]);
    const [owner = ''] = ledger.owners.keys();
    expect(eventsOf(owner).filter((type) => type === 'RemovalObserved')).toHaveLength(1);
  });
});

describe('observe', () => {
  it.each([
    ['the stack', OBSERVE],
    ['the source', givenPolicy({ sources: { hr: { ...ENFORCE.sources['hr']!, mode: 'observe' } } })],
  ])('%s: a leaver and a mover keep what they have, and it is told what would become of it', async (_of, policy) => {
    const { deployed, status, ledger } = stack();
    const observing = deployed(policy, 'a');
    await observing.fact('Joined', 'l', 1);
    await observing.fact('Joined', 'm', 1);
    const held = [await observing.issue('l'), await observing.issue('m')];
    await observing.fact('Left', 'l', 2);
    await observing.fact('Moved', 'm', 2, ['S']);
    await observing.settle();
    expect(await Promise.all(held.map(status))).toEqual(['active', 'active']);
    expect((await ledger.findings()).map(({ kind, wouldHave }) => `${kind} ${wouldHave}`).sort()).toEqual([
      'leaver revoke',
      'mover revoke',
    ]);
    expect([...ledger.owners.values()].map(({ dueAtMs }) => dueAtMs)).toEqual([undefined, undefined]);
  });

  it('another source than the one that observes enforces', async () => {
    const { hr } = ENFORCE.sources;
    const { deployed, status } = stack();
    const both = deployed(givenPolicy({ sources: { hr: hr!, itsm: { ...hr!, mode: 'observe' } } }), 'a');
    await both.fact('Joined', 'l', 1);
    const id = await both.issue('l');
    await both.fact('Left', 'l', 2);
    await both.settle();
    expect(await status(id)).toBe('revoking');
  });

  it('then enforce: whoever left or moved meanwhile loses it now, though nothing tells of them again', async () => {
    const { deployed, status, ledger } = stack();
    const observing = deployed(OBSERVE, 'a');
    await observing.settle();
    for (const subject of ['l', 'm', 'back', 'stays']) await observing.fact('Joined', subject, 1);
    const [l, m, old, stays] = [
      await observing.issue('l'),
      await observing.issue('m'),
      await observing.issue('back'),
      await observing.issue('stays'),
    ];
    await observing.fact('Left', 'l', 2);
    await observing.fact('Moved', 'm', 2, ['S']);
    await observing.fact('Left', 'back', 2);
    await observing.settle();
    await observing.fact('Returned', 'back', 3);
    const fresh = await observing.issue('back');
    await observing.settle();
    expect(await Promise.all([l, m, old, stays, fresh].map(status))).toEqual(Array(5).fill('active'));
    await deployed(ENFORCE, 'b').settle();
    expect(await Promise.all([l, m, old, stays, fresh].map(status))).toEqual(['revoking', 'revoking', 'revoking', 'active', 'active']);
    expect((await ledger.credential(l))?.state).toMatchObject({ cause: 'owner-left' });
    expect((await ledger.credential(m))?.state).toMatchObject({ cause: 'owner-moved' });
  });
});
