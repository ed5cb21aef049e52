import { CreatePolicyCommand, GetPolicyCommand, ListPolicyVersionsCommand } from '@aws-sdk/client-iam';
import { ulid } from 'ulid';
import { beforeEach, describe, expect, it } from 'vitest';
import { memoryKillPolicy } from '../../lib/adapters/memory/kill-policy.ts';
import { providerWorld } from '../../lib/adapters/memory/provider-world.ts';
import type { DenyPolicy } from '../../lib/application/work-deny-list.ts';
import { killPolicy } from '../../lib/connectors/aws-iam-user/kill-policy.ts';
import { killDocument } from '../../lib/contract/kill-policy.ts';
import { useProvider } from './providers.ts';

const held = (): boolean => true;

const { cloud, aws, iam } = useProvider();

interface Made {
  readonly policy: DenyPolicy;
  /** How many versions the provider keeps. */
  versions(): Promise<number>;
}

const inMemory = async (): Promise<Made> => {
  const world = providerWorld();
  return { policy: memoryKillPolicy(world), versions: async () => world.killVersions.length };
};

const onIam = async (): Promise<Made> => {
  const PolicyDocument = JSON.stringify(killDocument([]));
  const { Policy } = await iam().send(new CreatePolicyCommand({ PolicyName: `kill-${ulid()}`, Path: '/nhi/', PolicyDocument }));
  const PolicyArn = Policy?.Arn ?? '';
  return {
    policy: killPolicy({ policyArn: PolicyArn, aws: aws() }),
    versions: async () => (await iam().send(new ListPolicyVersionsCommand({ PolicyArn }))).Versions?.length ?? 0,
  };
};

const KEYS_OF_TWELVE = Array.from({ length: 12 }, (_, n) => `owner-${n}`);

describe.each([
  ['in memory', inMemory],
  ['of IAM', onIam],
] as const)('a kill policy %s', (_name, make) => {
  let policy: DenyPolicy;
  let versions: Made['versions'];
  beforeEach(async () => {
    ({ policy, versions } = await make());
  });

  it('denies nobody, then exactly whom it was told last', async () => {
    expect(await policy.rendered()).toEqual([]);
    await policy.render(['a', 'cred_1', 'cred_2@2026-01-01T00:00:00.000Z'], held);
    expect([...(await policy.rendered())].sort()).toEqual(['a', 'cred_1', 'cred_2@2026-01-01T00:00:00.000Z']);
    await policy.render([], held);
    expect(await policy.rendered()).toEqual([]);
  });

  it('is rendered more often than a provider keeps versions, also where nobody tidied up', async () => {
    for (const key of KEYS_OF_TWELVE) await policy.render([key], held);
    expect([await policy.rendered(), await versions()]).toEqual([[KEYS_OF_TWELVE.at(-1)], 5]);
  });

  it('is not rendered when its lease is over by the time there is room', async () => {
    for (const key of KEYS_OF_TWELVE.slice(0, 5)) await policy.render([key], held);
    await expect(policy.render(['late'], () => false)).rejects.toMatchObject({ code: 'provider-throttled' });
    expect(await policy.rendered()).toEqual([KEYS_OF_TWELVE[4]]);
  });

  it('is tidied up to what is in force, and that twice', async () => {
    for (const key of ['a', 'b', 'c']) await policy.render([key], held);
    await policy.prune();
    await policy.prune();
    expect([await policy.rendered(), await versions()]).toEqual([['c'], 1]);
  });

  it('rendered by several at once says what one of them said, whole', async () => {
    await Promise.all([policy.render(['a', 'b'], held), policy.render(['c', 'd'], held), policy.prune()]);
    expect(['a,b', 'c,d']).toContain([...(await policy.rendered())].sort().join());
  });
});

describe('the kill policy of IAM', () => {
  it('is asked once, though the answer is lost: what it then says is for whoever looks', async () => {
    const { policy, versions } = await onIam();
    await cloud().control.faults([{ match: 'iam:CreatePolicyVersion', kind: 'drop-after' }]);
    await expect(policy.render(['a'], held)).rejects.toMatchObject({ code: 'provider-unknown' });
    expect([await policy.rendered(), await versions()]).toEqual([['a'], 2]);
  });

  it('in the form of somebody else counts as nobody’s that we know of, and is rendered over', async () => {
    const Statement = [{ Effect: 'Deny', Action: 's3:*', Resource: '*' }];
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    const { Policy } = await iam().send(new CreatePolicyCommand({ PolicyName: `kill-${ulid()}`, Path: '/nhi/', PolicyDocument }));
    const policy = killPolicy({ policyArn: Policy?.Arn ?? '', aws: aws() });
    expect(await policy.rendered()).toEqual(['(not ours)']);
    await policy.render(['a'], held);
    expect(await policy.rendered()).toEqual(['a']);
    expect((await iam().send(new GetPolicyCommand({ PolicyArn: Policy?.Arn }))).Policy?.DefaultVersionId).toBe('v2');
  });
});
