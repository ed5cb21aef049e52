import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { memoryTokenStore } from '../../../lib/adapters/memory/token-store.ts';
import type { TokenStore } from '../../../lib/application/token-store.ts';
import type { Keyring } from '../../../lib/client/token-mac.ts';
import { apiTokenConnector } from '../../../lib/connectors/api-token/connector.ts';
import { notAfterOf, parseSecretBody } from '../../../lib/connectors/secret-body.ts';
import { expiryOf } from '../../../lib/domain/credential/expiry.ts';
import type { Credential, Holder } from '../../../lib/domain/credential/state.ts';
import { Secret } from '../../../lib/domain/faults.ts';
import { tokenIdOf } from '../../../lib/domain/token/format.ts';
import type { CredentialId, EpochMs, KeyId, OwnerId, OwnerKey } from '../../../lib/domain/types.ts';
import { ACCOUNT, attempt, credentialOf } from '../../contract/connector-conformance.ts';
import { KEYRING } from '../token/given-tokens.ts';

const BOB: Holder = { id: 'own_2' as OwnerId, key: 'k2' as OwnerKey, epoch: 3 };
const GONE = 'no-such-key' as KeyId;

/** A connector over a store in memory, with an account of the credential; `asked`: which keys were. */
async function given({ keyring = KEYRING, plant = {} }: { readonly keyring?: Keyring; readonly plant?: Partial<TokenStore> } = {}) {
  const store = memoryTokenStore();
  const asked: (readonly string[] | undefined)[] = [];
  const source = async (needed?: readonly string[]) => {
    asked.push(needed);
    return keyring;
  };
  const waits: number[] = [];
  const bytes = (count: number) => {
    if (count === 1) waits.push(count);
    return count === 1 ? new Uint8Array([1]) : randomBytes(count);
  };
  const connector = apiTokenConnector({ store: { ...store, ...plant }, keyring: source, account: ACCOUNT, randomBytes: bytes });
  const one: Credential = { ...credentialOf('api-token'), fence: 5 };
  const record = () => store.records.get(tokenIdOf(one.id));
  if (!plant.write) await connector.ensureAccount(one);
  const at = (fence: number): Credential => ({ ...one, fence });
  return { store, connector, one, at, record, asked, waits };
}

describe('whose credential it is', () => {
  it.each<readonly [string, (one: Credential) => Credential]>([
    ['of another kind', (one) => ({ ...one, grant: { ...one.grant, connector: 'aws-iam-user' } })],
    ['of another account', (one) => ({ ...one, grant: { ...one.grant, account: '999999999999' } })],
    ['without the terms of a token', ({ grant: { token: _, ...grant }, ...one }) => ({ ...one, grant })],
  ])('one %s is not acted on', async (_what, change) => {
    const { connector, one, record } = await given();
    const before = record();
    const refused = {
      code: 'misconfigured',
      retryable: false,
      message: expect.stringContaining(`${one.id} is no credential for API tokens of account ${ACCOUNT}`),
    };
    await expect(connector.deny(change(one))).rejects.toMatchObject(refused);
    await expect(connector.accountExists(change(one))).rejects.toMatchObject(refused);
    expect(record()).toBe(before);
  });

  it('a record of another credential is none of ours', async () => {
    const { connector, one, store, record } = await given();
    await store.write(record(), { ...record()!, credentialId: 'cred_other' as CredentialId, revision: 2 });
    for (const act of [connector.ensureAccount, connector.deny, connector.removeAccount])
      await expect(act(one)).rejects.toMatchObject({
        code: 'foreign-account',
        retryable: false,
        message: expect.stringContaining(tokenIdOf(one.id)),
      });
  });
});

describe('an account', () => {
  it('is a record with what the credential was given, and is made once', async () => {
    const { connector, one, record } = await given();
    const { id, grant, holder } = one;
    expect(record()).toEqual({
      ...{
        id: tokenIdOf(id),
        credentialId: id,
        ownerId: holder.id,
        ownerEpoch: holder.epoch,
        environment: grant.environment,
        terms: grant.token,
      },
      ...{ denied: false, removed: false, versions: [], fence: 5, revision: 1 },
    });
    await connector.ensureAccount(one);
    expect(record()?.revision).toBe(1);
  });

  it('that was removed is there no more, keeps nothing, and is not made again', async () => {
    const { connector, one, record } = await given();
    await connector.createVersion(one, attempt());
    expect(await connector.removeAccount(one)).toBe(true);
    expect(record()).toMatchObject({ removed: true, denied: true, versions: [] });
    expect([await connector.accountExists(one), await connector.listVersions(one)]).toEqual([false, []]);
    await expect(connector.ensureAccount(one)).rejects.toMatchObject({
      code: 'provider-refused',
      retryable: false,
      message: expect.stringContaining('was removed'),
    });
  });

  it('that was never made has nothing, and nothing is to be taken away', async () => {
    const { connector, store } = await given();
    const other = credentialOf('api-token');
    await connector.deny(other);
    await connector.disableVersion(other, GONE);
    expect([await connector.listVersions(other), await connector.accountExists(other), store.records.has(tokenIdOf(other.id))]).toEqual([
      [],
      false,
      false,
    ]);
    expect(await connector.removeAccount(other)).toBe(true);
  });
});

describe('what gives access', () => {
  type Act = (all: Awaited<ReturnType<typeof given>>, credential: Credential) => Promise<unknown>;
  const gives: readonly (readonly [string, Act])[] = [
    ['a version', ({ connector }, one) => connector.createVersion(one, attempt())],
    ['an enabling', ({ connector }, one) => connector.enableVersion(one, GONE)],
    ['a lift', ({ connector }, one) => connector.lift(one)],
    ['another owner', ({ connector }, one) => connector.tagOwner(one, BOB)],
  ];
  it.each(gives)('%s is refused where a later step was there', async (_what, act) => {
    const all = await given();
    await all.connector.deny(all.at(7));
    const before = all.record();
    await expect(act(all, all.at(6))).rejects.toMatchObject({
      code: 'provider-refused',
      retryable: false,
      message: expect.stringContaining(`${tokenIdOf(all.one.id)}: a later step was there`),
    });
    expect(all.record()).toBe(before);
    await act(all, all.at(7)); // of its own step it is not
    await act(all, all.at(9));
    expect(all.record()?.fence).toBe(9);
  });

  it.each(gives)('%s is refused where there is no account any more', async (_what, act) => {
    const all = await given();
    await all.connector.removeAccount(all.one);
    await expect(act(all, all.at(9))).rejects.toMatchObject({
      code: 'provider-refused',
      retryable: false,
      message: expect.stringContaining(`${tokenIdOf(all.one.id)}: no such token record`),
    });
    await expect(act(all, credentialOf('api-token'))).rejects.toMatchObject({ code: 'provider-refused' });
  });

  it('a lift and an owner are those of the credential as it is now', async () => {
    const { connector, one, record } = await given();
    await connector.deny(one);
    await connector.lift({ ...one, holder: { ...one.holder, epoch: 2 } });
    expect(record()).toMatchObject({ denied: false, ownerId: one.holder.id, ownerEpoch: 2 });
    await connector.tagOwner(one, BOB);
    expect(record()).toMatchObject({ ownerId: BOB.id, ownerEpoch: BOB.epoch });
  });
});

describe('what takes access away', () => {
  it('is never refused, however late it comes, and does not turn the step back', async () => {
    const { connector, at, record } = await given();
    const { keyId } = await connector.createVersion(at(7), attempt());
    await connector.deny(at(5));
    await connector.disableVersion(at(5), keyId);
    expect(record()).toMatchObject({ denied: true, versions: [{ active: false }], fence: 7, revision: 4 });
    await connector.deleteVersion(at(5), keyId);
    expect(record()).toMatchObject({ versions: [], fence: 7 });
  });
});

describe('versions', () => {
  it('are two at the most; the third says so, and may be made later', async () => {
    const { connector, one } = await given();
    const [first, second] = [attempt(), attempt()];
    await connector.createVersion(one, first);
    await connector.createVersion(one, second);
    await expect(connector.createVersion(one, attempt())).rejects.toMatchObject({
      code: 'key-quota',
      retryable: true,
      message: expect.stringContaining('2 versions'),
    });
    await connector.createVersion(one, second); // the same again is not a third
    expect(await connector.listVersions(one)).toEqual([first, second]);
  });

  it('are disabled, enabled and deleted one by one', async () => {
    const { connector, one, record } = await given();
    const { keyId: first } = await connector.createVersion(one, attempt());
    const { keyId: second } = await connector.createVersion(one, attempt());
    const states = () => record()?.versions.map(({ active }) => active);
    await connector.disableVersion(one, first);
    expect(states()).toEqual([false, true]);
    expect([await connector.enableVersion(one, first), await connector.enableVersion(one, GONE)]).toEqual([true, false]);
    expect(states()).toEqual([true, true]);
    await connector.deleteVersion(one, first);
    expect(await connector.listVersions(one)).toEqual([second]);
    expect(await connector.lastUsed(one, second)).toBeUndefined();
  });

  it('are told by the current key, of which nothing but the MAC is kept', async () => {
    const { connector, one, record } = await given();
    const { keyId, body } = await connector.createVersion(one, attempt());
    expect(record()?.versions).toEqual([
      { attempt: keyId, mac: expect.stringMatching(/^[\w-]{43}$/), macKey: KEYRING.current, active: true },
    ]);
    expect([connector.keyIdOf(body), JSON.parse(body.reveal())]).toEqual([
      keyId,
      expect.objectContaining({ v: 1, kind: 'api-token', versionId: keyId, notAfter: null }),
    ]);
  });

  it('are made by no key that is not there', async () => {
    const { connector, one, record } = await given({ keyring: { current: 'k9', keys: KEYRING.keys } });
    await expect(connector.createVersion(one, attempt())).rejects.toMatchObject({
      code: 'misconfigured',
      retryable: false,
      message: expect.stringContaining('no key to tell tokens by'),
    });
    expect(record()?.versions).toEqual([]);
  });
});

describe('a verification', () => {
  it('asks for the key the version was made with, and sees whether it is on record as active', async () => {
    const { connector, one, asked } = await given();
    const { keyId, body } = await connector.createVersion(one, attempt());
    asked.length = 0;
    expect(await connector.verify(body)).toBe(true);
    expect(asked).toEqual([[KEYRING.current]]);
    await connector.disableVersion(one, keyId);
    expect(await connector.verify(body)).toBe(false);
    await connector.deleteVersion(one, keyId);
    expect(await connector.verify(body)).toBe(false);
  });

  it('of a value that was replaced under its attempt fails', async () => {
    const { connector, one } = await given();
    const same = attempt();
    const { body } = await connector.createVersion(one, same);
    await connector.createVersion(one, same);
    expect(await connector.verify(body)).toBe(false);
  });

  it('of no token of ours is a fault that does not tell it', async () => {
    const { connector } = await given();
    const body = new Secret(JSON.stringify({ v: 1, kind: 'api-token', token: 'nonsense', versionId: attempt(), notAfter: null }));
    await expect(connector.verify(body)).rejects.toMatchObject({
      code: 'provider-refused',
      retryable: false,
      message: expect.not.stringContaining('nonsense'),
    });
    await expect(connector.verify(body)).rejects.toThrow('the stored value is no token of ours');
  });
});

describe('a value', () => {
  it.each(['token', 'versionId'])('without its %s is none of ours', async (name) => {
    const { connector, one } = await given();
    const { body } = await connector.createVersion(one, attempt());
    const { [name]: _, ...rest } = JSON.parse(body.reveal());
    await expect(connector.verify(new Secret(JSON.stringify(rest)))).rejects.toThrow('the stored value is no api-token of ours');
  });
});

describe('what stands in the way', () => {
  it.each([
    ['an error', new Error('AccessDenied'), 'token keys: AccessDenied'],
    ['anything else', 'text', 'token keys: unreadable'],
  ])('keys that are not given (%s) may be given later', async (_what, error, message) => {
    const store = memoryTokenStore();
    const connector = apiTokenConnector({ store, keyring: () => Promise.reject(error), account: ACCOUNT, randomBytes });
    const one = credentialOf('api-token');
    await connector.ensureAccount(one);
    await expect(connector.createVersion(one, attempt())).rejects.toMatchObject({
      code: 'provider-throttled',
      retryable: true,
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ['five others at the same moment', 5, true],
    ['six, for now', 6, false],
  ])('%s do not: %s', async (_what, rivals, ends) => {
    const real = memoryTokenStore();
    let writes = 0;
    const write: TokenStore['write'] = async (before, after) => {
      writes += 1;
      return writes > rivals && real.write(before, after);
    };
    const { connector, one, waits } = await given({ plant: { ...real, write } });
    const made = connector.ensureAccount(one);
    if (ends) await made;
    else
      await expect(made).rejects.toMatchObject({
        code: 'provider-throttled',
        retryable: true,
        message: expect.stringContaining(`${tokenIdOf(one.id)} is written by others`),
      });
    expect([writes, waits.length]).toEqual([6, rivals]);
  });
});

describe('a stored value', () => {
  const good = { v: 1, kind: 'x', name: 'n' };
  const parse = (text: string) => parseSecretBody<{ v: 1; kind: string; name: string }>(new Secret(text), 'x', ['name']);
  it('is read as it was written', () => expect(parse(JSON.stringify(good))).toEqual(good));
  it.each([
    ['no JSON', '{"secret'],
    ['no object', '"secret"'],
    ['nothing', 'null'],
    ['of another form', JSON.stringify({ ...good, v: 2 })],
    ['of another kind', JSON.stringify({ ...good, kind: 'secret' })],
    ['without a text', JSON.stringify({ v: 1, kind: 'x' })],
    ['with an empty one', JSON.stringify({ ...good, name: '' })],
    ['with a number for one', JSON.stringify({ ...good, name: 5 })],
  ])('that is %s is refused, and not told', (_what, text) => {
    const refused = expect.objectContaining({
      code: 'provider-refused',
      retryable: false,
      message: expect.stringMatching(/the stored value is no x of ours$/),
    });
    expect(() => parse(text)).toThrow(refused);
  });

  it('ends when the credential does', () => {
    expect([notAfterOf(undefined), notAfterOf(expiryOf(0 as EpochMs, 1_000))]).toEqual([null, '1970-01-01T00:00:01.000Z']);
  });
});
