import { describe, expect, it } from 'vitest';
import { memoryLedger } from '../../../lib/adapters/memory/ledger.ts';
import { memoryWake } from '../../../lib/adapters/memory/wake.ts';
import { grantFor } from '../../../lib/application/naming.ts';
import { appendCredential, appendOwner, type RecordPorts } from '../../../lib/application/record.ts';
import { sweepAccount } from '../../../lib/application/sweep-account.ts';
import type { ConnectorKind } from '../../../lib/domain/credential/capabilities.ts';
import type { CredentialEvent } from '../../../lib/domain/credential/events.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import type { LiveUser } from '../../../lib/domain/orphans.ts';
import type { OwnerEvent } from '../../../lib/domain/owner/state.ts';
import type { Policy, SweepRules } from '../../../lib/domain/policy.ts';
import { DEFAULT_TIMING } from '../../../lib/domain/timing.ts';
import type { CredentialId, EpochMs, OwnerId, OwnerKey } from '../../../lib/domain/types.ts';
import { givenPolicy, givenProfile } from '../../given-policy.ts';
import { attempt, key, rotation } from '../domain/given.ts';

const HOUR = 3_600_000;
const RULES: SweepRules = { mode: 'enforce', act: 'revoke', graceMs: 24 * HOUR, maxActs: 3 };
const policyWith = (orphans: SweepRules): Policy => givenPolicy({ profiles: { p: givenProfile({ rotation }) }, sweeps: { orphans } });
const context = { actor: { kind: 'system', id: 't' }, cause: 't', correlationId: 't', policyDigest: 'd' } as const;
const idOf = (n: number): CredentialId => `cred_${String(n).padStart(26, '0')}` as CredentialId;
const nameOf = (n: number): string => `nhi-${idOf(n)}`;

/** An account and a ledger that agree, until a test changes one of them. */
async function world(rules = RULES) {
  let nowMs = 1_800_000_000_000 as EpochMs;
  let count = 0;
  const ledger = memoryLedger();
  const clock = { now: () => nowMs };
  const wake = memoryWake(clock);
  const next = (): string => {
    count += 1;
    return `${count}`;
  };
  const ids = { ulid: next, uuid: () => crypto.randomUUID() };
  const records: RecordPorts = { ledger, clock, ids, timing: DEFAULT_TIMING };
  const users: LiveUser[] = [];
  const done: string[] = [];
  const account = {
    list: async () => ({ users: [...users], listedAtMs: nowMs, keysAtMs: nowMs }),
    quarantine: async (name: string) => Boolean(done.push(`quarantine ${name}`)),
    remove: async (name: string) => {
      done.push(`remove ${name}`);
      users.splice(0, users.length, ...users.filter((user) => user.name !== name));
      return true;
    },
  };
  const ownerId = 'own_1' as OwnerId;
  const times = { occurredAtMs: nowMs, receivedAtMs: nowMs };
  const attributes = { email: '', roles: ['R'] };
  const joined: readonly OwnerEvent[] = [
    { type: 'OwnerRegistered', id: ownerId, key: 'k' as OwnerKey, source: 'hr', subject: '1', attributes },
    { type: 'OwnerJoined', sequence: 1, attributes, ...times },
  ];
  await appendOwner(records, undefined, joined, context);
  const issue = async (n: number, kind: ConnectorKind = 'aws-iam-user'): Promise<void> => {
    const asked = { profile: 'p', purpose: 'x', environment: 'e', consumers: [] };
    const grant = grantFor(idOf(n), kind, '1', asked);
    const holder = { id: ownerId, key: 'k' as OwnerKey, epoch: 0 };
    const of = { fence: 1, attempt: attempt(n) };
    const events: readonly CredentialEvent[] = [
      { type: 'CredentialRequested', id: idOf(n), holder, grant, rotation, requestedAtMs: nowMs, deadlineMs: nowMs },
      { type: 'StepStarted', ...of, step: 'create-version', untilMs: nowMs, settledAtMs: nowMs },
      { type: 'VersionCreated', ...of, keyId: key(n) },
      { type: 'VersionStored', ...of, verifyAtMs: nowMs },
      { type: 'VersionVerified', ...of, atMs: nowMs },
      { type: 'VersionPromoted', ...of, atMs: nowMs },
      { type: 'CredentialActivated', fence: 1, atMs: nowMs },
    ];
    await appendCredential(records, undefined, events, context);
    if (kind === 'aws-iam-user') users.push({ name: nameOf(n), path: '/nhi/', keys: 1 });
  };
  await issue(1);
  await issue(2);
  nowMs = (nowMs + HOUR) as EpochMs;
  const ports = { ...records, account, wake, policyDigest: 'd', path: '/nhi/' };
  const credentialOf = (name: string) => (name.startsWith('nhi-cred_') ? (name.slice(4) as CredentialId) : undefined);
  return {
    ...{ ledger, users, done, records, ownerId, wake, times, issue },
    sweep: () => sweepAccount({ ...ports, policy: policyWith(rules), idOf: credentialOf })(),
    ports,
    later: (ms: number) => {
      nowMs = (nowMs + ms) as EpochMs;
    },
    findings: async () => (await ledger.findings()).map(({ kind, subject, status }) => `${kind} ${subject} ${status}`),
  };
}

const swap = (users: LiveUser[], name: string, change: Partial<LiveUser>): void => {
  users.splice(0, users.length, ...users.map((user) => (user.name === name ? { ...user, ...change } : user)));
};

describe('a sweep of the account', () => {
  it('finds nothing where ledger and provider agree', async () => {
    const { sweep, findings } = await world();
    expect(await sweep()).toEqual({ users: 2, findings: 0, acted: 0, held: 0, failed: 0 });
    expect(await findings()).toEqual([]);
  });

  it('a stray user under our path: cut off at once, removed after the grace, then resolved history', async () => {
    const { sweep, users, done, findings, later } = await world();
    users.push({ name: 'mallory', path: '/nhi/', keys: 1 });
    await sweep();
    expect([done, await findings()]).toEqual([['quarantine mallory'], ['stray-user mallory quarantined']]);
    later(23 * HOUR);
    await sweep();
    expect(done).toHaveLength(1);
    later(HOUR);
    await sweep();
    expect(done.at(-1)).toBe('remove mallory');
    await sweep();
    expect(await findings()).toEqual(['stray-user mallory ended']);
  });

  it('a user outside our path is reported, and never touched', async () => {
    const { sweep, users, done, findings, later } = await world();
    users.push({ name: 'legacy', path: '/', keys: 2 }, { name: 'nokeys', path: '/', keys: 0 });
    await sweep();
    later(30 * 24 * HOUR);
    await sweep();
    expect([done, await findings()]).toEqual([[], ['unmanaged legacy open']]);
  });

  it('a hand-made key on a user of ours: the worker is sent to look, and nothing else', async () => {
    const { sweep, users, done, ledger, wake } = await world();
    swap(users, nameOf(1), { keys: 2 });
    await sweep();
    const record = await ledger.credential(idOf(1));
    expect(record?.state).toMatchObject({ status: 'active', lookAgainAtMs: expect.any(Number) });
    expect([done, wake.messages.map(({ id }) => id)]).toEqual([[], [idOf(1)]]);
  });

  it.each([
    ['left', 'owner-gone'],
    ['moved', 'not-entitled'],
  ] as const)(
    'a credential whose owner has %s, and that was seen to, and it is still there: reported, revoked after the grace',
    async (how, kind) => {
      const { sweep, ledger, records, ownerId, later, findings, times } = await world();
      const tell = async (event: OwnerEvent) => appendOwner(records, await ledger.owner(ownerId), [event], context);
      const now = { cutOffAtMs: times.receivedAtMs, completeAtMs: times.receivedAtMs };
      const closed = { epoch: 2, cause: 'normal', credentials: 0, ...times, ...now } as const;
      if (how === 'left')
        await tell({ type: 'OwnerLeft', sequence: 2, attributes: undefined, cause: 'normal', ...times, stillActive: false });
      else await tell({ type: 'OwnerMoved', sequence: 2, attributes: { email: '', roles: ['X'] }, ...times });
      await sweep();
      expect(await findings()).toEqual([]); // it is being seen to, or held by the guard
      await tell(how === 'left' ? { type: 'OwnerOffboarded', convergence: closed } : { type: 'OwnerReviewed', atMs: times.receivedAtMs });
      await sweep();
      expect(await findings()).toEqual([`${kind} ${nameOf(1)} open`, `${kind} ${nameOf(2)} open`]);
      later(24 * HOUR);
      expect((await sweep()).acted).toBe(2);
      expect((await ledger.credential(idOf(1)))?.state).toMatchObject({ status: 'revoking', cause: 'orphaned' });
    },
  );

  it('a token whose owner is no longer entitled falls through no more than a key does; that no listing has it says nothing', async () => {
    const { sweep, ledger, records, ownerId, times, later, findings, issue } = await world();
    await issue(3, 'api-token');
    later(HOUR);
    await sweep();
    expect(await findings()).toEqual([]);
    const owner = await ledger.owner(ownerId);
    const moved: readonly OwnerEvent[] = [
      { type: 'OwnerMoved', sequence: 2, attributes: { email: '', roles: ['other'] }, ...times },
      { type: 'OwnerReviewed', atMs: times.receivedAtMs },
    ];
    await appendOwner(records, owner, moved, context);
    await sweep();
    later(24 * HOUR);
    await sweep();
    expect((await ledger.credential(idOf(3)))?.state).toMatchObject({ status: 'revoking', cause: 'orphaned' });
  });

  it('a record whose user is gone is reported; a listing that may be stale proves nothing', async () => {
    const { sweep, users, done, findings } = await world();
    users.splice(0, 1);
    await sweep();
    expect([done, await findings()]).toEqual([[], [`no-subject ${nameOf(1)} open`]]);
  });

  it('what was only observed says what would have been done', async () => {
    const { sweep, users, done, ledger } = await world({ ...RULES, mode: 'observe' });
    users.push({ name: 'mallory', path: '/nhi/', keys: 1 });
    await sweep();
    expect(done).toEqual([]);
    expect(await ledger.findings()).toMatchObject([{ kind: 'stray-user', status: 'open', wouldHave: 'quarantine' }]);
  });

  it('does nothing at all where it would do more than it may', async () => {
    const { sweep, users, done } = await world();
    for (let n = 0; n < 4; n += 1) users.push({ name: `stray-${n}`, path: '/nhi/', keys: 1 });
    expect(await sweep()).toEqual({ users: 6, findings: 4, acted: 0, held: 4, failed: 0 });
    expect(done).toEqual([]);
  });

  it('a listing that fails acts on nothing, and leaves the findings as they were', async () => {
    const { sweep, ports, users, done, findings } = await world();
    users.push({ name: 'mallory', path: '/nhi/', keys: 1 });
    await sweep();
    ports.account.list = async () => {
      throw new Error('page 2');
    };
    await expect(sweep()).rejects.toThrow('page 2');
    expect([done.length, await findings()]).toEqual([1, ['stray-user mallory quarantined']]);
  });

  it('an act that fails leaves its finding as it was, and does not stop the others', async () => {
    const { sweep, ports, users, findings } = await world();
    users.push({ name: 'a', path: '/nhi/', keys: 1 }, { name: 'b', path: '/nhi/', keys: 1 });
    const { quarantine } = ports.account;
    ports.account.quarantine = async (name) => {
      if (name === 'a') throw new Fault('provider-throttled', true);
      return quarantine(name);
    };
    expect(await sweep()).toMatchObject({ acted: 1, failed: 1 });
    expect(await findings()).toEqual(['stray-user a open', 'stray-user b quarantined']);
  });

  it('a stray user that has come to be known since the listing is left alone', async () => {
    const { sweep, users, done, ledger } = await world();
    const known = ledger.credentialsOf;
    Object.assign(ledger, { credentialsOf: async (of: readonly CredentialId[]) => known(of.filter((id) => id !== idOf(1))) });
    Object.assign(ledger, { unrested: async () => [idOf(2)] });
    expect(users).toHaveLength(2);
    await sweep();
    expect(done).toEqual([]);
  });

  it('what can’t be read is proof of nothing: neither the record nor those of an owner who can’t be read are touched', async () => {
    const { sweep, ledger, ownerId, done, findings, users } = await world();
    ledger.damaged.add(idOf(1));
    expect(await sweep()).toMatchObject({ findings: 0, acted: 0 });
    ledger.damaged.add(ownerId);
    users.push({ name: 'mallory', path: '/nhi/', keys: 1 });
    expect(await sweep()).toMatchObject({ findings: 1, acted: 1 });
    expect([done, await findings()]).toEqual([['quarantine mallory'], ['stray-user mallory quarantined']]);
  });

  it('what is put right by itself is resolved', async () => {
    const { sweep, users, findings } = await world();
    users.push({ name: 'legacy', path: '/', keys: 2 });
    await sweep();
    users.pop();
    await sweep();
    expect(await findings()).toEqual(['unmanaged legacy resolved']);
  });
});
