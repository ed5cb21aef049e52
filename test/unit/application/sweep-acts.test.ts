import { describe, expect, it } from 'vitest';
import { credentialOf } from '../../../lib/application/naming.ts';
import type { Ledger } from '../../../lib/application/ports.ts';
import { type AccountPort, sweepAccount } from '../../../lib/application/sweep-account.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import type { Finding, LiveUser } from '../../../lib/domain/orphans.ts';
import type { Policy, SweepRules } from '../../../lib/domain/policy.ts';
import type { CredentialId, EpochMs } from '../../../lib/domain/types.ts';
import { DAY_MS, givenPolicy, givenProfile } from '../../given-policy.ts';
import { as, company } from './company.ts';

const HOUR_MS = 3_600_000;
const RULES: SweepRules = { mode: 'enforce', act: 'revoke', graceMs: DAY_MS, maxActs: 2 };
const operator = as('hr:2', ['operate']);

/** Ann (1) holds so many credentials, each with its user; what is done to users is noted. */
async function world(change: Partial<Policy> = {}, rules: Partial<SweepRules> = {}, count = 1) {
  const policy = givenPolicy({ profiles: { p: givenProfile({ onLeave: { action: 'suspend', regretMs: DAY_MS } }) }, ...change });
  const made = company({ ...policy, sweeps: { orphans: { ...RULES, ...rules } } });
  for (const ref of ['hr:1', 'hr:2']) await made.joins(ref);
  const users: LiveUser[] = [];
  const ids: CredentialId[] = [];
  for (let n = 0; n < count; n += 1) {
    const id = await made.issue('hr:1');
    ids.push(id);
    users.push({ name: (await made.state(id)).grant.accountName, path: '/nhi/', keys: 1 });
  }
  const stray = (name: string): void => void users.push({ name, path: '/nhi/', keys: 1 });
  made.later(HOUR_MS);
  const done: string[] = [];
  const writes: Finding[] = [];
  const account: { -readonly [K in keyof AccountPort]: AccountPort[K] } = {
    list: async () => ({ users: [...users], listedAtMs: made.now(), keysAtMs: made.now() }),
    quarantine: async (name) => done.push(`quarantine ${name}`) > 0,
    remove: async (name) => done.push(`remove ${name}`) > 0,
  };
  const noted: Ledger = {
    ...made.ledger,
    putFinding: async (finding) => {
      writes.push(finding);
      await made.ledger.putFinding(finding);
    },
  };
  const sweep = (more: Partial<Ledger> = {}) =>
    sweepAccount({ ...made.ports, ledger: { ...noted, ...more }, account, path: '/nhi/', idOf: credentialOf })();
  made.wake.messages.length = 0;
  const findings = async () => (await made.ledger.findings()).map(({ kind, status, wouldHave }) => [kind, status, wouldHave]);
  return { ...made, users, ids, id: ids[0] as CredentialId, stray, done, writes: () => writes.splice(0), account, sweep, findings };
}

describe('how much one sweep may do', () => {
  it.each([
    ['as much as the policy allows', 2, { acted: 2, held: 0 }],
    ['one more than that: nothing at all', 3, { acted: 0, held: 3 }],
  ])('%s', async (_what, strays, expected) => {
    const { stray, sweep, users } = await world();
    for (let n = 0; n < strays; n += 1) stray(`stray-${n}`);
    users.push({ name: 'legacy', path: '/', keys: 1 }); // to be told of; not to be done anything about
    expect(await sweep()).toMatchObject({ findings: strays + 1, ...expected });
  });

  it.each([
    ['the sweep', {}, { mode: 'observe' }],
    ['the whole stack', { mode: 'observe' }, {}],
  ] as const)('is told, and held by nobody, where %s only observes', async (_what, change, rules) => {
    const { stray, sweep, done, findings } = await world(change, rules);
    for (let n = 0; n < 3; n += 1) stray(`stray-${n}`);
    expect(await sweep()).toMatchObject({ findings: 3, acted: 0, held: 0 });
    expect([done, await findings()]).toEqual([[], Array(3).fill(['stray-user', 'open', 'quarantine'])]);
  });
});

describe('what was done is on record as done', () => {
  it('a user who was cut off, and later removed', async () => {
    const { stray, sweep, findings, later } = await world();
    stray('mallory');
    await sweep();
    expect(await findings()).toEqual([['stray-user', 'quarantined', 'none']]);
    later(DAY_MS);
    await sweep();
    expect(await findings()).toEqual([['stray-user', 'ended', 'none']]);
  });

  it('a key that the worker looks into: by a command with what was found, and a message', async () => {
    const { users, sweep, findings, ledger, id, wake, now } = await world();
    users[0] = { ...(users[0] as LiveUser), keys: 2 };
    expect(await sweep()).toMatchObject({ acted: 1 });
    expect(await findings()).toEqual([['unknown-key', 'ended', 'none']]);
    expect((await ledger.events(id)).at(-1)).toMatchObject({
      ...{ actor: { kind: 'system', id: 'sweep-account' }, correlationId: id, policyDigest: 'digest' },
      cause: 'unknown-key: 2 keys, of which the ledger knows 1',
    });
    expect(wake.messages).toMatchObject([{ queue: 'aws-iam-user', id, visibleAtMs: now() }]);
  });

  it('not what its state no longer allows', async () => {
    const here = await world();
    here.users[0] = { ...(here.users[0] as LiveUser), keys: 2 };
    const { findings } = here.ledger;
    const late = async () => {
      await here.change(operator, here.id, 'revoke');
      here.wake.messages.length = 0;
      return findings();
    };
    expect(await here.sweep({ findings: late })).toMatchObject({ acted: 0, failed: 0 });
    expect([await here.findings(), here.wake.messages]).toEqual([[['unknown-key', 'open', 'none']], []]);
  });

  it('not what a defect interrupted', async () => {
    const { stray, sweep, account, findings } = await world();
    stray('mallory');
    account.quarantine = () => Promise.reject(new TypeError('defect'));
    await expect(sweep()).rejects.toThrow('defect');
    expect(await findings()).toEqual([]);
  });
});

describe('a user of ours', () => {
  it('that is back after its revocation is a stray, with its record, and is done away with as one', async () => {
    const { sweep, ledger, done, id, later, change, append, now, state, users } = await world();
    await change(as('hr:1'), id, 'revoke');
    const receipt = { cause: 'requested', startedAtMs: now(), cutOffAtMs: now(), absentAtMs: now(), keyIds: [], mayOutlive: [] } as const;
    await append(id, [{ type: 'CredentialRevoked', fence: 1, receipt }]);
    expect((await state(id)).status).toBe('revoked');
    expect(await sweep()).toMatchObject({ findings: 0 }); // the listing may be older
    later(HOUR_MS);
    expect(await sweep()).toMatchObject({ acted: 1 });
    expect(done).toEqual([`quarantine ${users[0]?.name}`]);
    expect(await ledger.findings()).toMatchObject([{ kind: 'stray-user', credentialId: id, detail: 'is back after its revocation' }]);
  });

  it('whose record comes in that moment is left alone, and stays as it was found', async () => {
    const { sweep, done, findings } = await world();
    expect(await sweep({ credentialsOf: async () => ({ known: [], unreadable: [] }) })).toMatchObject({ acted: 0, failed: 0 });
    expect([done, await findings()]).toEqual([[], [['stray-user', 'open', 'none']]]);
  });

  it('outside our path that has one of our names is no proof of anything about it', async () => {
    const { sweep, users, findings, ledger } = await world();
    const asked: (readonly string[])[] = [];
    users[0] = { ...(users[0] as LiveUser), path: '/', keys: 1 };
    await sweep({
      unrested: async () => [],
      credentialsOf: async (of) => {
        asked.push(of);
        return ledger.credentialsOf(of);
      },
    });
    expect([asked, await findings()]).toEqual([[[]], [['unmanaged', 'open', 'none']]]);
  });

  it('outside our path is told of, though the record of that name can’t be read', async () => {
    const { sweep, users, findings, ledger, id } = await world();
    users[0] = { ...(users[0] as LiveUser), path: '/' };
    ledger.damaged.add(id);
    await sweep();
    expect(await findings()).toEqual([['unmanaged', 'open', 'none']]);
  });
});

describe('an owner', () => {
  it('of whom no record tells answers for nothing: told at once, ended after the grace', async () => {
    const { sweep, findings } = await world();
    await sweep({ owner: async () => undefined });
    expect(await findings()).toEqual([['owner-gone', 'open', 'none']]);
  });

  it('whose record the ledger does not give is a fault', async () => {
    const { sweep } = await world();
    await expect(sweep({ owner: () => Promise.reject(new TypeError('out')) })).rejects.toThrow('out');
    await expect(sweep({ owner: () => Promise.reject(new Fault('ledger-conflict', true, 'out')) })).rejects.toThrow('out');
  });
});

describe('history', () => {
  it('that is resolved is not written again', async () => {
    const { sweep, stray, users, writes, findings } = await world();
    stray('mallory');
    users.push({ name: 'legacy', path: '/', keys: 1 });
    await sweep();
    users.splice(1);
    await sweep();
    expect(await findings()).toEqual([
      ['stray-user', 'resolved', 'none'],
      ['unmanaged', 'resolved', 'none'],
    ]);
    writes();
    await sweep();
    expect(writes()).toEqual([]);
  });
});

describe('what a leave or a move would have taken away, where the stack observes', () => {
  const observed = async (how: 'Left' | 'Moved') => {
    const here = await world({ mode: 'observe' });
    await here.fact(how, 'hr:1', how === 'Moved' ? { roles: ['OTHER'] } : {});
    await here.work('hr:1');
    return here;
  };
  type Observed = Awaited<ReturnType<typeof observed>>;
  const open = async (here: Observed, more: Partial<Ledger> = {}) => {
    await here.sweep(more);
    return (await here.ledger.findings()).map(({ status }) => status);
  };
  /** As the ledger would have it. */
  const recorded = async (here: Observed, change: object): Promise<Partial<Ledger>> => {
    const state = { ...(await here.state(here.id)), ...change };
    return { credential: async () => ({ state, version: 1, headHash: '' }) as never };
  };

  it.each<readonly [string, 'Left' | 'Moved', (here: Observed) => Promise<Partial<Ledger>>, string]>([
    ['stands while it waits', 'Left', async () => ({}), 'open'],
    ['of a mover as well', 'Moved', async () => ({}), 'open'],
    ['stands while it is suspended', 'Left', (here) => recorded(here, { status: 'suspended' }), 'open'],
    ['stands while it is being made', 'Left', (here) => recorded(here, { status: 'provisioning' }), 'open'],
    ['goes when it ends', 'Left', (here) => recorded(here, { status: 'revoking' }), 'resolved'],
    [
      'goes when it has come to somebody else',
      'Left',
      async (here) => recorded(here, { holder: (await here.owner('hr:2')) as object }),
      'resolved',
    ],
    ['goes with its record', 'Left', async () => ({ credential: async () => undefined }), 'resolved'],
    [
      'goes with its owner’s',
      'Left',
      async ({ ledger, idOf }) => {
        const ann = await idOf('hr:1');
        return { owner: async (id) => (id === ann ? undefined : ledger.owner(id)) };
      },
      'resolved',
    ],
    [
      'goes when nothing waits any more',
      'Left',
      async ({ ledger, owner }) => {
        const { offboarding: _, ...ann } = (await owner('hr:1')) as never as { offboarding: unknown; id: string };
        return { owner: async (id) => (id === ann.id ? ({ state: ann, version: 1, headHash: '' } as never) : ledger.owner(id)) };
      },
      'resolved',
    ],
  ])('%s (%s)', async (_what, how, given, status) => {
    const here = await observed(how);
    const more = await given(here);
    const found = await open(here, {
      unrested: async () => [],
      credentialsOf: async () => ({ known: [], unreadable: [here.id] }),
      ...more,
    });
    expect(found).toEqual([status]);
  });

  it('is what those findings are: another of the same owner is not kept by it', async () => {
    const here = await observed('Moved');
    const ann = await here.idOf('hr:1');
    const at = here.now() as EpochMs;
    const other = {
      kind: 'not-entitled',
      subject: 'x',
      credentialId: here.id,
      ownerId: ann,
      detail: '',
      status: 'open',
      wouldHave: 'none',
    } as const;
    await here.ledger.putFinding({ ...other, firstSeenAtMs: at, lastSeenAtMs: at });
    await here.sweep();
    const byKind = (await here.ledger.findings()).map(({ kind, status }) => `${kind} ${status}`);
    expect(byKind.sort()).toEqual(['mover open', 'not-entitled resolved']);
  });
});
