import { beforeEach, describe, expect, it } from 'vitest';
import { memoryIam } from '../../../lib/adapters/memory/iam.ts';
import { memoryKillPolicy } from '../../../lib/adapters/memory/kill-policy.ts';
import { memoryLedger } from '../../../lib/adapters/memory/ledger.ts';
import { accepts, providerWorld } from '../../../lib/adapters/memory/provider-world.ts';
import { memorySecrets } from '../../../lib/adapters/memory/secrets-manager.ts';
import { memoryWake } from '../../../lib/adapters/memory/wake.ts';
import { applyFact } from '../../../lib/application/apply-fact.ts';
import { changeCredential } from '../../../lib/application/change-credential.ts';
import { type KillResult, killOwner } from '../../../lib/application/kill-owner.ts';
import type { Connector, SecretStore, WorkItem } from '../../../lib/application/ports.ts';
import { requestCredential } from '../../../lib/application/request-credential.ts';
import { workOnCredential } from '../../../lib/application/work-credential.ts';
import { type DenyPolicy, workOnDenyList } from '../../../lib/application/work-deny-list.ts';
import { workOnOwner } from '../../../lib/application/work-owner.ts';
import type { Credential } from '../../../lib/domain/credential/state.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import type { OwnerFact } from '../../../lib/domain/owner/state.ts';
import type { Right } from '../../../lib/domain/policy.ts';
import { DEFAULT_TIMING } from '../../../lib/domain/timing.ts';
import type { CredentialId, DenyListId, EpochMs, KeyId, OwnerId, OwnerKey } from '../../../lib/domain/types.ts';
import { givenPolicy } from '../../given-policy.ts';

const FAR = 9e15 as EpochMs;
const person = (subject: string, may: readonly Right[]) => ({
  arn: `arn:aws:sts::1:assumed-role/x/${subject}`,
  ownerRef: `hr:${subject}`,
  may,
  for: [],
});
const SECURITY = person('900', ['operate']);
const SECOND = person('901', ['operate']);

/** A company in memory, worked on until nothing is due at the time it is. */
function company() {
  let nowMs = 1_700_000_000_000 as EpochMs;
  let count = 0;
  const next = (length: number): string => `${++count}`.padStart(length, '0');
  const clock = { now: () => nowMs };
  const ledger = memoryLedger();
  const world = providerWorld();
  const wake = memoryWake(clock);
  const policy = givenPolicy({ guard: { ...givenPolicy().guard, forCauseAnHour: 2 } });
  const ids = { ulid: () => next(26), uuid: () => `00000000-0000-4000-8000-${next(12)}` };
  const base = { ledger, clock, ids, wake, timing: DEFAULT_TIMING, policy, policyDigest: 'd', account: '000000000000' };
  const iam: { -readonly [K in keyof Connector]: Connector[K] } = memoryIam(world, clock, () => `AKIA${next(4)}`);
  const secrets: SecretStore = memorySecrets(world, clock);
  const killPolicy: { -readonly [K in keyof DenyPolicy]: DenyPolicy[K] } = memoryKillPolicy(world);
  const calls: string[] = [];
  const counted: DenyPolicy = {
    render: (keys) => {
      calls.push(`render ${keys.join()}`);
      return killPolicy.render(keys);
    },
    rendered: () => {
      calls.push('check');
      return killPolicy.rendered();
    },
    prune: () => killPolicy.prune(),
  };
  const workers = {
    owner: workOnOwner(base),
    'aws-iam-user': workOnCredential({ ...base, connector: iam, secrets, requestTimeoutMs: 10_000 }),
    'deny-list': workOnDenyList({ ...base, denyPolicy: counted }),
  };
  const deliver = ({ queue, id }: WorkItem): Promise<unknown> =>
    workers[queue as keyof typeof workers](id as OwnerId & CredentialId & DenyListId, FAR);
  const ask = requestCredential(base);
  const kills = killOwner(base);
  const change = changeCredential(base);
  const fact = (subject: string, type: OwnerFact['type'], sequence: number) =>
    applyFact(base)({
      ...{ type, id: `${subject}-${sequence}`, source: 'hr', subject, sequence, occurredAtMs: nowMs, effectiveAtMs: nowMs },
      cause: 'normal',
      attributes: { email: `${subject}@example.com`, roles: ['R'] },
    });
  const run = async (queues: readonly WorkItem['queue'][] = ['owner', 'aws-iam-user', 'deny-list']): Promise<void> => {
    for (let rounds = 0; rounds < 200; rounds += 1) {
      const ready = wake.messages.filter(({ visibleAtMs, queue }) => visibleAtMs <= nowMs && queues.includes(queue));
      for (const queue of queues) ready.push(...(await ledger.due(queue, nowMs, 1_000)).map((item) => ({ ...item, visibleAtMs: nowMs })));
      if (!ready.length) return;
      wake.messages.splice(0, wake.messages.length, ...wake.messages.filter((message) => !ready.includes(message)));
      for (const message of ready) await deliver(message);
    }
    throw new Error('never at rest');
  };
  return {
    ...{ ledger, world, iam, killPolicy, calls, change, fact, run },
    now: () => nowMs,
    pass: async (ms: number): Promise<void> => {
      for (const end = nowMs + ms; nowMs < end; ) {
        nowMs = Math.min(end, nowMs + 5_000) as EpochMs;
        await run();
      }
    },
    request: (subject: string, key: string) =>
      ask(person(subject, ['request']), 'arn', { profile: 'p', purpose: 'x', environment: 'e', consumers: ['c'], idempotencyKey: key }),
    kill: (by: typeof SECURITY, subject: string): Promise<KillResult> => kills(by, by.arn, `hr:${subject}`, 'kill', 'laptop stolen'),
    unkill: (by: typeof SECURITY, subject: string): Promise<KillResult> => kills(by, by.arn, `hr:${subject}`, 'unkill', 'found again'),
    keyOf: (subject: string): OwnerKey =>
      [...ledger.owners.values()].find(({ state }) => state.subject === subject)?.state.key ?? ('' as OwnerKey),
    credentials: (): readonly Credential[] => [...ledger.credentials.values()].map(({ state }) => state),
    working: (): readonly KeyId[] =>
      [...world.users.values()].flatMap((user) =>
        [...user.keys].flatMap(([keyId, key]) => (accepts(world, user, key, nowMs) ? [keyId] : [])),
      ),
    owner: (subject: string) => [...ledger.owners.values()].find(({ state }) => state.subject === subject)?.state,
  };
}
type Company = ReturnType<typeof company>;

const statuses = (here: Company): readonly string[] => here.credentials().map((one) => (one.status === 'suspended' ? one.why : one.status));

let here: Company;
beforeEach(async () => {
  here = company();
  for (const subject of ['1', '2', '3', '4', '900', '901']) await here.fact(subject, 'Joined', 1);
  for (const key of ['a', 'b', 'c']) await here.request('1', key);
  await here.request('2', 'd');
  await here.pass(60_000);
  expect(statuses(here)).toEqual(['active', 'active', 'active', 'active']);
});

describe('a kill', () => {
  it('ends all access of the owner by one call, whatever the number of credentials, and nobody else’s', async () => {
    await here.kill(SECURITY, '1');
    await here.run(['deny-list']); // the owner's passes have not begun
    expect(here.calls).toEqual([`render ${here.keyOf('1')}`]);
    expect(here.working()).toHaveLength(1);
  });

  it('then gives each credential its own deny, and only after that takes the owner off the list', async () => {
    await here.kill(SECURITY, '1');
    await here.run();
    expect(statuses(here)).toEqual(['killed', 'killed', 'killed', 'active']);
    expect(here.world.killVersions.at(-1)).toEqual([here.keyOf('1')]);
    await here.pass(120_000);
    expect(here.world.killVersions).toEqual([[]]);
    expect(here.working()).toHaveLength(1);
    expect(here.owner('1')).toMatchObject({ killed: { reason: 'laptop stolen', confirmed: true }, killWork: undefined });
  });

  it('keeps the owner on the list while one credential can’t be denied', async () => {
    const [stuck] = here.credentials();
    const deny = here.iam.deny;
    here.iam.deny = async (credential) => {
      if (credential.id === stuck?.id) throw new Fault('provider-throttled', true, 'PutUserPolicy');
      return deny(credential);
    };
    await here.kill(SECURITY, '1');
    await here.pass(600_000);
    expect(here.world.killVersions.at(-1)).toEqual([here.keyOf('1')]);
    expect(here.working()).toHaveLength(1);
    here.iam.deny = deny;
    await here.pass(1_800_000);
    expect(here.world.killVersions.at(-1)).toEqual([]);
  });

  it('lets nothing start, resume or be received', async () => {
    await here.kill(SECURITY, '1');
    await here.run();
    expect(await here.request('1', 'new')).toMatchObject({ ok: false, why: 'owner-not-active' });
    const [first] = here.credentials();
    const resumed = await here.change(SECURITY, 'arn', first?.id as CredentialId, { verb: 'resume', reason: 'please' });
    expect(resumed).toMatchObject({ ok: false, why: 'owner-not-active' });
  });

  it('of two owners at once: neither overwrites the other, and one who is added while the list is rendered is not lost', async () => {
    const render = here.killPolicy.render;
    let once = false;
    here.killPolicy.render = async (keys) => {
      if (!once) {
        once = true;
        await here.kill(SECOND, '2');
      }
      return render(keys);
    };
    await here.kill(SECURITY, '1');
    await here.run(['deny-list']);
    expect(here.working()).toEqual([]);
  });

  it('ends what is still being made', async () => {
    await here.request('1', 'late');
    await here.kill(SECURITY, '1');
    await here.pass(600_000);
    expect(statuses(here)).toEqual(['killed', 'killed', 'killed', 'active', 'revoked']);
  });

  it('reaches who left already, and whoever is killed may leave: nothing is handed on or comes back', async () => {
    await here.fact('1', 'Left', 2);
    expect(await here.kill(SECURITY, '1')).toMatchObject({ ok: true, owner: { status: 'left' } });
    await here.pass(1_800_000);
    expect(statuses(here)).toEqual(['revoked', 'revoked', 'revoked', 'active']);
  });

  it('needs the right to operate, a known owner, and happens once', async () => {
    expect(await here.kill(person('2', ['request']), '1')).toMatchObject({ ok: false, why: 'right-missing' });
    expect(await here.kill(SECURITY, '77')).toMatchObject({ ok: false, why: 'not-found', field: 'owner', value: 'hr:77' });
    expect(await here.kill(SECURITY, '1')).toMatchObject({ ok: true });
    expect(await here.kill(SECOND, '1')).toMatchObject({ ok: false, why: 'already-killed' });
  });

  it('beyond one person’s allowance is carried out all the same, and waits for another to confirm it', async () => {
    await here.kill(SECURITY, '1');
    await here.kill(SECURITY, '2');
    expect(await here.kill(SECURITY, '3')).toMatchObject({ ok: true, owner: { killed: { confirmed: false } } });
    expect(await here.kill(SECURITY, '3')).toMatchObject({ ok: false, why: 'already-killed' });
    expect(await here.kill(SECOND, '3')).toMatchObject({ ok: true, owner: { killed: { confirmed: true } } });
    expect(await here.kill(SECOND, '4')).toMatchObject({ ok: true, owner: { killed: { confirmed: true } } });
  });
});

describe('an answer that is lost', () => {
  it('is looked into when the call can land no later: a stale list that lands over a newer one is rendered over', async () => {
    const render = here.killPolicy.render;
    here.killPolicy.render = async () => {
      throw new Fault('provider-unknown', true, 'CreatePolicyVersion');
    };
    await here.kill(SECURITY, '1');
    await here.run(['deny-list']);
    here.killPolicy.render = render;
    await here.kill(SECOND, '2');
    await here.pass(25_000);
    expect(here.working()).toEqual([]);
    here.world.killVersions.push([here.keyOf('1')]); // the first call, late
    await here.pass(90_000);
    expect(here.calls).toContain('check');
    expect(here.working()).toEqual([]);
  });

  it('of a refusal, e.g. with the control plane out: the denies go on, and the list when it can', async () => {
    const render = here.killPolicy.render;
    here.killPolicy.render = async () => {
      throw new Fault('provider-throttled', true, 'CreatePolicyVersion');
    };
    await here.kill(SECURITY, '1');
    await here.pass(30_000);
    expect([...here.ledger.denyLists.values()][0]?.state).toMatchObject({ blocked: { code: expect.stringContaining('throttled') } });
    expect(here.working()).toHaveLength(1);
    here.killPolicy.render = render;
    await here.pass(300_000);
    expect(here.owner('1')?.killWork).toBeUndefined();
  });
});

describe('with the control plane of the provider out', () => {
  it('nobody reads the secrets any more; the record says that the deny is pending, and lifted, the consumers read again', async () => {
    const { deny } = here.iam;
    const render = here.killPolicy.render;
    here.killPolicy.render = async () => {
      throw new Fault('provider-unknown', true, 'CreatePolicyVersion: ServiceUnavailable');
    };
    here.iam.deny = async () => {
      throw new Fault('provider-unknown', true, 'PutUserPolicy: ServiceUnavailable');
    };
    const readers = () => [...here.world.secrets.values()].map((secret) => secret.readers.join());
    await here.kill(SECURITY, '1');
    await here.pass(10_000);
    expect(readers()).toEqual(['', '', '', 'c']);
    expect(here.credentials()[0]).toMatchObject({ status: 'suspended', deniedAtMs: undefined, secretClosedAtMs: expect.any(Number) });
    here.iam.deny = deny;
    here.killPolicy.render = render;
    await here.pass(600_000);
    expect(here.working()).toHaveLength(1);
    await here.unkill(SECURITY, '1');
    await here.pass(600_000);
    expect(statuses(here)).toEqual(['active', 'active', 'active', 'active']);
    expect(readers()).toEqual(['c', 'c', 'c', 'c']);
  });
});

describe('the lifting of a kill', () => {
  it('brings back what the kill suspended, the owner off the list first, and nothing else', async () => {
    const [, second] = here.credentials();
    await here.change(SECURITY, 'arn', second?.id as CredentialId, { verb: 'suspend', reason: 'looks odd' });
    await here.run();
    await here.kill(SECURITY, '1');
    await here.run();
    await here.unkill(SECURITY, '1');
    for (let n = 0; n < 200; n += 1) {
      await here.pass(5_000);
      const active = here.credentials().filter(({ status }) => status === 'active');
      expect(here.working().length).toBeGreaterThanOrEqual(active.length); // active is never said too early
    }
    expect(statuses(here)).toEqual(['active', 'requested', 'active', 'active']);
    expect(here.owner('1')).toMatchObject({ killed: undefined, killWork: undefined });
    expect(here.working()).toHaveLength(3);
  });

  it('brings nothing back while the provider still denies the owner as such', async () => {
    const render = here.killPolicy.render;
    await here.kill(SECURITY, '1');
    await here.run();
    here.killPolicy.render = async () => {
      throw new Fault('provider-throttled', true, 'CreatePolicyVersion');
    };
    await here.unkill(SECURITY, '1');
    await here.pass(1_200_000);
    expect(statuses(here)).toEqual(['killed', 'killed', 'killed', 'active']);
    expect(here.owner('1')?.killWork?.phase).toBe('unlist');
    here.killPolicy.render = render;
    await here.pass(1_800_000);
    expect(statuses(here)).toEqual(['active', 'active', 'active', 'active']);
  });

  it('is not for the killed owner, and not for who isn’t killed', async () => {
    const self = person('1', ['operate']);
    expect(await here.unkill(SECURITY, '1')).toMatchObject({ ok: false, why: 'not-killed' });
    await here.kill(self, '1');
    expect(await here.unkill(self, '1')).toMatchObject({ ok: false, why: 'own-kill' });
    expect(await here.unkill(SECOND, '1')).toMatchObject({ ok: true });
  });

  it('is overtaken by another kill', async () => {
    await here.kill(SECURITY, '1');
    await here.pass(10_000);
    await here.unkill(SECURITY, '1');
    await here.pass(20_000);
    expect(await here.kill(SECOND, '1')).toMatchObject({ ok: true });
    await here.pass(1_200_000);
    expect(statuses(here)).toEqual(['killed', 'killed', 'killed', 'active']);
    expect(here.working()).toHaveLength(1);
  });

  it('brings nothing back to who has left meanwhile', async () => {
    await here.kill(SECURITY, '1');
    await here.pass(120_000);
    await here.fact('1', 'Left', 2);
    await here.unkill(SECURITY, '1');
    await here.pass(1_800_000);
    expect(statuses(here)).toEqual(['revoked', 'revoked', 'revoked', 'active']);
  });
});
