import { describe, expect, it } from 'vitest';
import type { Companion, Ledger, RecordAppend } from '../../../lib/application/ports.ts';
import { type CredentialRequest, requestCredential, resolveOwner } from '../../../lib/application/request-credential.ts';
import type { Caller } from '../../../lib/domain/authorize.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import type { CredentialId } from '../../../lib/domain/types.ts';
import { DAY_MS, givenPolicy, givenProfile } from '../../given-policy.ts';
import { as, company } from './company.ts';

const ROLE = 'arn:aws:iam::1:role/x';
const ann = as('hr:1', ['request']);
const ci = as('hr:2', ['request'], ['hr:1']);
const ASKED: CredentialRequest = { profile: 'p', purpose: 'builds', environment: 'e', consumers: ['c'], idempotencyKey: 'k1' };

/** Ann (1) and Bob (2); three profiles. */
async function world() {
  const profiles = {
    p: givenProfile({ ttlMs: 30 * DAY_MS }),
    forever: givenProfile({ mayAssume: [ROLE] }),
    tokens: givenProfile({ connector: 'api-token', scopes: ['orders:read'] }),
  };
  const made = company(givenPolicy({ profiles }));
  await made.joins('hr:1');
  await made.joins('hr:2');
  const appends: RecordAppend[] = [];
  made.ledger.watch((append) => appends.push(append));
  const ask = (caller: Caller | undefined = ann, change: Partial<CredentialRequest> = {}, ledger: Ledger = made.ledger) =>
    requestCredential({ ...made.ports, ledger })(caller, caller?.arn ?? '', { ...ASKED, ...change });
  const given = async (change: Partial<CredentialRequest> = {}) => {
    const result = await ask(ann, change);
    if (!result.ok) throw new Error(result.why);
    return result.credential;
  };
  return { ...made, ask, given, appends };
}

describe('a request that is granted', () => {
  it('is on record for whoever asked, with what the profile gives, and wakes the worker', async () => {
    const { ask, owner, wake, now, ledger } = await world();
    const result = await ask();
    const { id, key, epoch } = await owner('hr:1');
    expect(result).toMatchObject({
      ...{ ok: true, created: true },
      credential: {
        status: 'provisioning',
        holder: { id, key, epoch },
        grant: { profile: 'p', purpose: 'builds', environment: 'e', consumers: ['c'], account: '1' },
      },
    });
    const credential = result.ok ? result.credential : undefined;
    expect(credential?.id).toMatch(/^cred_\d{26}$/);
    expect(wake.messages).toMatchObject([{ queue: 'aws-iam-user', id: credential?.id, visibleAtMs: now() }]);
    const [event] = await ledger.events(credential?.id as CredentialId);
    expect(event).toMatchObject({
      ...{
        type: 'CredentialRequested',
        actor: { kind: 'person', id: ann.arn },
        cause: 'builds',
        correlationId: 'k1',
        policyDigest: 'digest',
      },
    });
  });

  it.each([
    ['a profile with one', 'p', { ttlMs: 30 * DAY_MS }],
    ['one without', 'forever', undefined],
  ])('has the time of %s', async (_what, profile, expected) => {
    const { given } = await world();
    const { expiry } = await given({ profile });
    if (expected) expect(expiry).toMatchObject(expected);
    else expect(expiry).toBeUndefined();
  });

  it('may assume what the profile lists', async () => {
    const { given } = await world();
    expect((await given({ profile: 'forever' })).grant.mayAssume).toEqual([ROLE]);
  });

  it.each<readonly [string, string, readonly Companion['item'][]]>([
    ['of an IAM user', 'p', ['ownership', 'subject', 'request']],
    ['of a token, whose name is ours alone', 'tokens', ['ownership', 'request']],
  ])('%s is written with what finds it again, where its owner is active', async (_what, profile, items) => {
    const { given, appends } = await world();
    const { id, grant, holder } = await given({ profile });
    const [append] = appends;
    expect(append?.companions.map(({ item }) => item)).toEqual(items);
    expect(append).toMatchObject({ requires: holder });
    expect(append?.companions).toEqual(
      expect.arrayContaining([
        { item: 'ownership', ownerId: holder.id, credentialId: id },
        { item: 'request', caller: 'hr:1', key: 'k1', credentialId: id },
      ]),
    );
    if (profile === 'p')
      expect(append?.companions).toContainEqual({ item: 'subject', account: '1', subject: grant.accountName, credentialId: id });
  });

  it('can be for whom one may act', async () => {
    const { ask, idOf } = await world();
    expect(await ask(ci, { owner: 'hr:1' })).toMatchObject({ ok: true, credential: { holder: { id: await idOf('hr:1') } } });
    expect(await ask(ci, { idempotencyKey: 'k2' })).toMatchObject({ ok: true, credential: { holder: { id: await idOf('hr:2') } } });
  });
});

describe('a request that is refused says which field, what it was, and what would do', () => {
  const of = (why: string, field: string, value: string, allowed: readonly string[]) => ({ ok: false, why, field, value, allowed });
  it.each<readonly [string, Caller | undefined, Partial<CredentialRequest>, object]>([
    ['no caller we know', undefined, {}, of('unmapped-caller', 'caller', 'arn:x', [])],
    ['a caller who may not ask', as('hr:1', ['operate']), {}, of('right-missing', 'caller', ann.arn, ['request'])],
    ['for somebody else', ann, { owner: 'hr:2' }, of('not-for-that-owner', 'owner', 'hr:2', ['hr:1'])],
    ['for one more than they may', ci, { owner: 'hr:3' }, of('not-for-that-owner', 'owner', 'hr:3', ['hr:2', 'hr:1'])],
    ['no owner of ours', as('hr:9', ['request']), {}, of('no-such-owner', 'owner', 'hr:9', [])],
    ['no profile', ann, { profile: 'nothing' }, of('unknown-profile', 'profile', 'nothing', ['p', 'forever', 'tokens'])],
    ['an environment that is not in it', ann, { environment: 'prod' }, of('environment-not-allowed', 'environment', 'prod', ['e'])],
  ])('%s', async (_what, caller, change, expected) => {
    const { ports, wake, appends } = await world();
    expect(await requestCredential(ports)(caller, caller?.arn ?? 'arn:x', { ...ASKED, ...change })).toEqual(expected);
    expect([wake.messages, appends]).toEqual([[], []]);
  });

  it.each([
    ['has another role', 'Moved', { roles: ['X'] }, of('not-eligible', 'owner.roles', 'X', ['R'])],
    ['has left', 'Left', {}, of('owner-not-active', 'owner', 'left', ['active'])],
  ] as const)('an owner who %s', async (_what, type, change, expected) => {
    const { ask, fact } = await world();
    await fact(type, 'hr:1', change);
    expect(await ask()).toEqual(expected);
  });

  it('an owner who leaves in that moment', async () => {
    const { ask, fact, ledger, wake } = await world();
    wake.messages.length = 0;
    const late: Ledger = {
      ...ledger,
      appendCredential: async (append) => {
        await fact('Left', 'hr:1');
        wake.messages.length = 0;
        return ledger.appendCredential(append);
      },
    };
    expect(await ask(ann, {}, late)).toEqual(of('owner-not-active', 'owner', 'hr:1', ['active']));
    expect(wake.messages).toEqual([]);
  });
});

describe('the same request again', () => {
  it('gives the same credential, and neither makes nor wakes anything', async () => {
    const { ask, given, wake, appends } = await world();
    const credential = await given();
    wake.messages.length = 0;
    appends.length = 0;
    expect(await ask(ann, { profile: 'forever' })).toEqual({ ok: true, credential, created: false });
    expect([wake.messages, appends]).toEqual([[], []]);
  });

  it('gives it, though its owner could not ask for it any more', async () => {
    const { ask, given, fact } = await world();
    const { id } = await given();
    await fact('Left', 'hr:1');
    expect(await ask()).toMatchObject({ ok: true, created: false, credential: { id } });
  });

  it('at the same moment as well', async () => {
    const { ask, given, ledger } = await world();
    let first: unknown;
    const late: Ledger = {
      ...ledger,
      appendCredential: async (append) => {
        first ??= await given();
        return ledger.appendCredential(append);
      },
    };
    expect(await ask(ann, {}, late)).toEqual({ ok: true, credential: first, created: false });
  });

  it('under another key, or of another caller, is another', async () => {
    const { ask, given } = await world();
    const { id } = await given();
    const others = [await ask(ann, { idempotencyKey: 'k2' }), await ask(ci, { owner: 'hr:1' })];
    expect(others.map((one) => one.ok && one.created && one.credential.id !== id)).toEqual([true, true]);
  });
});

describe('a fault', () => {
  it.each([
    ['of the ledger', new Fault('ledger-unreadable', false, 'out')],
    ['of a name that is taken, though the request is not known', new Fault('already-exists', false, 'out')],
    ['that is a defect', new TypeError('out')],
  ])('%s is no answer', async (_what, error) => {
    const { ask, ledger } = await world();
    await expect(ask(ann, {}, { ...ledger, appendCredential: () => Promise.reject(error) })).rejects.toThrow('out');
  });

  it('of the ledger is no twin, though there is one', async () => {
    const { ask, ledger, given } = await world();
    let reads = 0;
    const out: Ledger = {
      ...ledger,
      credentialByRequest: async (...asked) => {
        reads += 1;
        return reads === 1 ? undefined : ledger.credentialByRequest(...asked);
      },
      appendCredential: () => Promise.reject(new Fault('ledger-unreadable', false, 'out')),
    };
    await given();
    await expect(ask(ann, {}, out)).rejects.toThrow('out');
  });
});

describe('who a reference means', () => {
  it.each([
    ['an id of a source', 'hr:1', ['hr', '1']],
    ['an id with a colon in it', 'hr:a:b', ['hr', 'a:b']],
    ['an e-mail address, whatever its capitals', 'Ada@Example.com', ['email', 'ada@example.com']],
    ['no source at all', ':1', ['email', ':1']],
  ])('%s', async (_what, ref, expected) => {
    const asked: string[][] = [];
    const ownerByAlias: Ledger['ownerByAlias'] = async (...alias) => void asked.push(alias);
    await resolveOwner({ ownerByAlias } as Partial<Ledger> as Ledger, ref);
    expect(asked).toEqual([expected]);
  });
});
