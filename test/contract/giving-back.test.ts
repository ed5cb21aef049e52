import { setTimeout as sleep } from 'node:timers/promises';
import { GetUserCommand } from '@aws-sdk/client-iam';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Credential, Holder } from '../../lib/domain/credential/state.ts';
import type { OwnerId, OwnerKey } from '../../lib/domain/types.ts';
import { PROPAGATION_MS } from './cloud.ts';
import { attempt, credential, inMemory, type Provider, useProvider } from './providers.ts';

const { cloud, iam, onAws } = useProvider();
const heir: Holder = { id: 'own_2' as OwnerId, key: 'heir' as OwnerKey, epoch: 3 };

/** What gives access back, or passes it on: lift, enable, the owner tag. */
describe.each([
  ['in memory', inMemory],
  ['of AWS', onAws],
] as const)('a provider %s', (_name, make) => {
  let provider: Provider;
  beforeAll(() => {
    provider = make();
  });
  const whole = async (): Promise<Credential> => {
    const made = credential();
    await provider.connector.ensureAccount(made);
    await provider.secrets.ensure(made);
    return made;
  };

  it('takes the deny off, and finds nothing wrong where there is none', async () => {
    const { connector, isDenied } = provider;
    const made = await whole();
    expect(await isDenied(made)).toBe(false);
    await connector.deny(made);
    expect(await isDenied(made)).toBe(true);
    await connector.lift(made);
    expect(await isDenied(made)).toBe(false);
    await connector.lift(made);
    await connector.deny(made); // and it can be put back
    expect(await isDenied(made)).toBe(true);
  });

  it('gives a disabled key its access back, and says when there is none to give it to', async () => {
    const { connector } = provider;
    const made = await whole();
    const { keyId, body } = await connector.createVersion(made, attempt());
    await sleep(PROPAGATION_MS + 200);
    await connector.disableVersion(made, keyId);
    expect(await connector.verify(body)).toBe(false);
    expect(await connector.enableVersion(made, keyId)).toBe(true);
    expect(await connector.verify(body)).toBe(true);
    expect(await connector.enableVersion(made, keyId)).toBe(true); // one that was never disabled
    await connector.deleteVersion(made, keyId);
    expect(await connector.enableVersion(made, keyId)).toBe(false);
    await connector.deny(made);
    await connector.removeAccount(made);
    expect(await connector.enableVersion(made, keyId)).toBe(false);
    await connector.lift(made);
  });

  it('writes the owner tag anew, on account and secret, however often', async () => {
    const { connector, secrets, ownerTags } = provider;
    const made = await whole();
    expect(await ownerTags(made)).toEqual(['k', 'k']);
    for (const _time of [1, 2]) {
      await connector.tagOwner(made, heir);
      await secrets.tagOwner(made, heir);
    }
    expect(await ownerTags(made)).toEqual(['heir', 'heir']);
    await connector.ensureAccount(made); // it is still known as ours
    await secrets.ensure(made);
  });

  it('refuses a tag on what is not there', async () => {
    const { connector, secrets } = provider;
    const made = credential();
    await expect(connector.tagOwner(made, heir)).rejects.toMatchObject({ code: 'provider-refused' });
    await expect(secrets.tagOwner(made, heir)).rejects.toMatchObject({ code: 'provider-refused' });
  });
});

describe('the provider of AWS', () => {
  it.each([
    ['iam:DeleteUserPolicy', (made: Credential) => onAws().connector.lift(made)],
    ['iam:TagUser', (made: Credential) => onAws().connector.tagOwner(made, heir)],
    ['secretsmanager:TagResource', (made: Credential) => onAws().secrets.tagOwner(made, heir)],
  ] as const)('sends %s once, though its answer is lost: a repetition could come after what takes it back', async (match, act) => {
    const made = credential();
    await onAws().connector.ensureAccount(made);
    await onAws().secrets.ensure(made);
    await onAws().connector.deny(made);
    await cloud().control.reset();
    await cloud().control.faults([{ match, kind: 'drop-after' }]);
    await expect(act(made)).rejects.toMatchObject({ code: 'provider-unknown' });
    const calls = Object.values((await cloud().control.counts())[match] ?? {});
    expect(calls).toEqual([1]);
  });

  it('sends iam:UpdateAccessKey once where it enables', async () => {
    const { connector } = onAws();
    const made = credential();
    await connector.ensureAccount(made);
    const { keyId } = await connector.createVersion(made, attempt());
    await connector.disableVersion(made, keyId);
    await cloud().control.reset();
    await cloud().control.faults([{ match: 'iam:UpdateAccessKey', kind: 'drop-after' }]);
    await expect(connector.enableVersion(made, keyId)).rejects.toMatchObject({ code: 'provider-unknown' });
    expect(Object.values((await cloud().control.counts())['iam:UpdateAccessKey'] ?? {})).toEqual([1]);
  });

  it('changes no tag but the owner’s', async () => {
    const made = credential();
    await onAws().connector.ensureAccount(made);
    const tags = async () => (await iam().send(new GetUserCommand({ UserName: made.grant.accountName }))).User?.Tags ?? [];
    const others = (all: Awaited<ReturnType<typeof tags>>) => all.filter(({ Key }) => Key !== 'nhi:owner');
    const before = await tags();
    await onAws().connector.tagOwner(made, heir);
    expect(others(await tags())).toEqual(others(before));
    expect(before).toHaveLength((await tags()).length);
  });

  it('tells a refusal to enable or lift from a user that is gone', async () => {
    const { connector } = onAws();
    const made = credential();
    await connector.ensureAccount(made);
    const { keyId } = await connector.createVersion(made, attempt());
    const denied = { kind: 'error', status: 403, code: 'AccessDenied' } as const;
    await cloud().control.faults([{ match: 'iam:(UpdateAccessKey|DeleteUserPolicy)', ...denied, times: 2 }]);
    await expect(connector.enableVersion(made, keyId)).rejects.toMatchObject({ code: 'provider-refused' });
    await expect(connector.lift(made)).rejects.toMatchObject({ code: 'provider-refused' });
    await cloud().control.reset();
    await connector.deny(made);
    await connector.removeAccount(made);
    await cloud().control.faults([{ match: 'iam:(UpdateAccessKey|DeleteUserPolicy)', ...denied, times: 2 }]);
    expect(await connector.enableVersion(made, keyId)).toBe(false); // to a role that acts by tag, IAM refuses what has none
    await connector.lift(made);
  });
});
