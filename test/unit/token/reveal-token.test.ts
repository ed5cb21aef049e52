import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { memoryLedger } from '../../../lib/adapters/memory/ledger.ts';
import { memoryTokenStore } from '../../../lib/adapters/memory/token-store.ts';
import { memoryWake } from '../../../lib/adapters/memory/wake.ts';
import { applyFact } from '../../../lib/application/apply-fact.ts';
import { changeCredential } from '../../../lib/application/change-credential.ts';
import { deliveringOnce } from '../../../lib/application/delivered-once.ts';
import type { Connector } from '../../../lib/application/ports.ts';
import { requestCredential } from '../../../lib/application/request-credential.ts';
import { revealToken } from '../../../lib/application/reveal-token.ts';
import { workOnCredential } from '../../../lib/application/work-credential.ts';
import { verifyToken } from '../../../lib/client/verify-token.ts';
import { apiTokenConnector } from '../../../lib/connectors/api-token/connector.ts';
import type { Caller } from '../../../lib/domain/authorize.ts';
import type { Credential } from '../../../lib/domain/credential/state.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import { DEFAULT_TIMING, REVEAL_WITHIN_MS } from '../../../lib/domain/timing.ts';
import { type CredentialId, type EpochMs, plusMs } from '../../../lib/domain/types.ts';
import { ACCOUNT } from '../../contract/connector-conformance.ts';
import { givenPolicy, givenProfile } from '../../given-policy.ts';
import { ACTIVE_OWNER, KEYRING } from './given-tokens.ts';

const ARN = 'arn:aws:sts::000000000000:assumed-role/r/me';
const me: Caller = { arn: ARN, ownerRef: 'hr:1', may: ['request'], for: [] };
const operator: Caller = { arn: ARN, ownerRef: 'hr:2', may: ['request', 'operate', 'audit'], for: [] };

/** A manager in memory with one owner and one profile of tokens that are shown once. */
async function given(plant: (real: Connector) => Connector = (real) => real) {
  let nowMs = 1_700_000_000_000 as EpochMs;
  let ulids = 0;
  const clock = { now: () => nowMs };
  const ledger = memoryLedger();
  const store = memoryTokenStore();
  const profile = givenProfile({
    connector: 'api-token',
    scopes: ['orders:read'],
    delivery: 'once',
    onLeave: { action: 'revoke' },
    environments: ['prod'],
  });
  const policy = givenPolicy({ profiles: { once: profile, stored: { ...profile, delivery: 'secret' } } });
  const ids = {
    ulid: () => {
      ulids += 1;
      return String(ulids).padStart(26, '0');
    },
    uuid: () => crypto.randomUUID(),
  };
  const wake = memoryWake(clock);
  const ports = { ledger, clock, ids, timing: DEFAULT_TIMING, policy, policyDigest: 'd', wake, account: ACCOUNT };
  const connector = apiTokenConnector({ store, keyring: async () => KEYRING, account: ACCOUNT, randomBytes });
  for (const subject of ['1', '2'])
    await applyFact(ports)({
      ...{ type: 'Joined', id: subject, source: 'hr', subject, sequence: 1, occurredAtMs: nowMs, effectiveAtMs: nowMs, cause: 'normal' },
      attributes: { email: `${subject}@example.com`, roles: ['R'] },
    });
  const pass = (ms: number): void => {
    nowMs = plusMs(nowMs, ms);
  };
  const asked = async (profileName: string): Promise<CredentialId> => {
    const wanted = { profile: profileName, purpose: 'x', environment: 'prod', consumers: [], idempotencyKey: profileName };
    const made = await requestCredential(ports)(me, ARN, wanted);
    if (!made.ok) throw new Error(made.why);
    return made.credential.id;
  };
  let pauses = 0;
  const pause = async (ms: number): Promise<void> => {
    pauses += 1;
    pass(ms);
  };
  const reveal = revealToken({ ...ports, connector: plant(connector), requestTimeoutMs: 10_000, pause });
  const revoke = async (id: CredentialId): Promise<void> => {
    await changeCredential(ports)(me, ARN, id, { verb: 'revoke', reason: 'x' });
  };
  /** The worker of the queue, in another process. */
  const work = (id: CredentialId) =>
    workOnCredential({ ...ports, connector, secrets: deliveringOnce().secrets, requestTimeoutMs: 10_000 })(id, plusMs(nowMs, 40_000));
  const verify = verifyToken({
    reader: { token: store.read, owner: async () => ACTIVE_OWNER },
    keyring: async () => KEYRING,
    environment: 'prod',
    now: () => nowMs,
  });
  const stateOf = async (id: CredentialId): Promise<Credential> => {
    const record = await ledger.credential(id);
    if (!record) throw new Error('no record');
    return record.state;
  };
  const works = async (token: string): Promise<boolean> => (await verify(token, 'orders:read')).ok;
  return { asked, reveal, revoke, work, works, pass, pauses: () => pauses, stateOf, ledger, store };
}

type Given = Awaited<ReturnType<typeof given>>;
async function shown({ reveal }: Given, id: CredentialId, lost = false): Promise<string> {
  const found = await reveal(me, ARN, id, { reason: 'x', lost });
  if (!found.ok) throw new Error(found.why);
  return JSON.parse(found.body.reveal()).token;
}

describe('a token that is shown once', () => {
  it('is made for whoever waits for it, and stands in the answer alone', async () => {
    const all = await given();
    const id = await all.asked('once');
    expect((await all.work(id)).end).toBe('waiting'); // the worker prepares, and makes nothing
    expect(all.store.records.size).toBe(1);
    const token = await shown(all, id);
    expect(await all.works(token)).toBe(true);
    expect((await all.stateOf(id)).status).toBe('active');
    const secret = token.split('_').at(-1)?.slice(0, 52) ?? '';
    const kept = JSON.stringify([[...all.ledger.credentials], [...all.ledger.history], [...all.store.records]]);
    expect([kept.includes(id), kept.includes(secret)]).toEqual([true, false]);
  });

  it('whose answer is lost is revoked, and another one shown', async () => {
    const all = await given();
    const id = await all.asked('once');
    const lost = await shown(all, id);
    const next = await shown(all, id, true);
    await all.work(id);
    expect([await all.works(lost), await all.works(next)]).toEqual([false, true]);
  });

  it('is made for who says once more that the last was lost, where the one who said so first died before it', async () => {
    let dying = false;
    const all = await given((real) => ({
      ...real,
      createVersion: async (...args) => {
        if (dying) throw new Error('the process is gone');
        return real.createVersion(...args);
      },
    }));
    const id = await all.asked('once');
    const lost = await shown(all, id);
    dying = true;
    await expect(shown(all, id, true)).rejects.toThrow('the process is gone');
    dying = false;
    for (let times = 0; times < 4; times += 1, all.pass(120_000)) await all.work(id);
    const next = await shown(all, id, true);
    await all.work(id);
    expect([await all.works(lost), await all.works(next)]).toEqual([false, true]);
  });

  it('is renewed with overlap on request, and not by itself', async () => {
    const all = await given();
    const id = await all.asked('once');
    const old = await shown(all, id);
    const next = await shown(all, id);
    expect([await all.works(old), await all.works(next)]).toEqual([true, true]);
    const { rotation } = await all.stateOf(id);
    all.pass(rotation.overlapMs);
    await all.work(id);
    expect([await all.works(old), await all.works(next)]).toEqual([false, true]);
    all.pass(rotation.everyMs + rotation.regretMs);
    for (let times = 0; times < 3; times += 1, all.pass(REVEAL_WITHIN_MS)) await all.work(id);
    expect((await all.stateOf(id)).versions.map(({ phase }) => phase)).toEqual(['current']);
    expect((await all.ledger.due('api-token', (await all.stateOf(id)).requestedAtMs, 10)).length).toBe(0);
    expect(await all.ledger.unrested('api-token')).toEqual([id]); // still listed
  });

  it.each(['createVersion', 'verify'] as const)('whose maker dies at %s is deleted, and can be asked for again', async (member) => {
    let dying = true;
    const all = await given((real) => ({
      ...real,
      [member]: async (...args: readonly unknown[]) => {
        const answer: unknown = await Reflect.apply(real[member], real, args);
        if (dying) throw new Error('the process is gone');
        return answer;
      },
    }));
    const id = await all.asked('once');
    await expect(shown(all, id)).rejects.toThrow('the process is gone');
    dying = false;
    for (let times = 0; times < 12; times += 1, all.pass(120_000)) await all.work(id);
    expect((await all.store.read([...all.store.records.keys()][0] ?? ''))?.versions).toEqual([]);
    expect(await all.works(await shown(all, id))).toBe(true);
  });

  it('is shown to its owner and to nobody else, and one that is in its secret to nobody', async () => {
    const all = await given();
    const ids = { once: await all.asked('once'), stored: await all.asked('stored'), none: 'cred_0' as CredentialId };
    const stranger: Caller = { ...operator, may: ['request'] };
    const answers = [
      [operator, ids.once, 'not-the-owner', 'caller', ARN],
      [undefined, ids.once, 'unmapped-caller', 'caller', ARN],
      [stranger, ids.once, 'not-found', 'id', ids.once],
      [me, ids.none, 'not-found', 'id', ids.none],
      [me, ids.stored, 'not-delivered-once', 'id', ids.stored],
    ] as const;
    for (const [caller, id, why, field, value] of answers)
      expect(await all.reveal(caller, ARN, id, { reason: 'x', lost: false })).toEqual({ ok: false, why, field, value });
    expect((await all.stateOf(ids.once)).versions).toEqual([]);
  });

  it('is not, once it is ended', async () => {
    const all = await given();
    const id = await all.asked('once');
    await shown(all, id);
    await all.revoke(id);
    expect(await all.reveal(me, ARN, id, { reason: 'x', lost: false })).toMatchObject({ ok: false, why: 'already-ending', value: id });
  });

  it('waits a while for what comes again by itself', async () => {
    let refusals = 2;
    const all = await given((real) => ({
      ...real,
      createVersion: async (...args) => {
        refusals -= 1;
        if (refusals >= 0) throw new Fault('provider-throttled', true, 'later');
        return real.createVersion(...args);
      },
    }));
    expect(await all.works(await shown(all, await all.asked('once')))).toBe(true);
    expect(all.pauses()).toBeGreaterThan(0);
  });

  it('that is not seen to work is not shown, neither the first nor one beside another', async () => {
    let usable = false;
    const all = await given((real) => ({ ...real, verify: async (body) => usable && real.verify(body) }));
    const id = await all.asked('once');
    const refused = { ok: false, why: 'not-made', field: 'id', value: id };
    expect(await all.reveal(me, ARN, id, { reason: 'x', lost: false })).toEqual(refused);
    expect(all.pauses()).toBe(30); // half a second each: 15 s, and not one more
    usable = true;
    for (let times = 0; times < 12; times += 1, all.pass(120_000)) await all.work(id);
    await shown(all, id);
    usable = false;
    expect(await all.reveal(me, ARN, id, { reason: 'x', lost: false })).toEqual(refused);
  });

  it('that can’t be made is told as such, and nothing is left of it', async () => {
    const all = await given((real) => ({
      ...real,
      createVersion: async () => {
        throw new Fault('provider-throttled', true, 'later');
      },
    }));
    const id = await all.asked('once');
    expect(await all.reveal(me, ARN, id, { reason: 'x', lost: false })).toMatchObject({ ok: false, why: 'not-made' });
    expect((await all.stateOf(id)).versions).toEqual([]);
  });
});
