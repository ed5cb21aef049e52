import { setTimeout as sleep } from 'node:timers/promises';
import {
  AttachUserPolicyCommand,
  CreateUserCommand,
  GetUserPolicyCommand,
  ListGroupsForUserCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { DescribeSecretCommand, GetResourcePolicyCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Connector, SecretStore } from '../../lib/application/ports.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import { Secret } from '../../lib/domain/faults.ts';
import type { AttemptId } from '../../lib/domain/types.ts';
import { PROPAGATION_MS } from './cloud.ts';
import { ACCOUNT, attempt, credential, inMemory, type Provider, useProvider } from './providers.ts';

const { cloud, aws, iam, onAws, boundaryArn } = useProvider();

describe.each([
  ['in memory', inMemory],
  ['of Secrets Manager', onAws],
] as const)('a secret store %s', (_name, make) => {
  let secrets: SecretStore;
  let connector: Connector;
  let pending: Provider['pending'];
  beforeAll(() => {
    ({ secrets, connector, pending } = make());
  });
  const value = async (made: Credential, of: AttemptId) => {
    await connector.ensureAccount(made);
    return (await connector.createVersion(made, of)).body;
  };
  const read = async (made: Credential, of: AttemptId): Promise<string | undefined> => (await secrets.read(made, of))?.reveal();

  it('is made once, without a value', async () => {
    const [one] = [attempt()];
    const made = credential(one);
    expect(await secrets.readable(made)).toBe(false);
    await secrets.ensure(made);
    await secrets.ensure(made);
    expect(await secrets.readable(made)).toBe(true);
    expect(await read(made, one)).toBeUndefined();
  });

  it('keeps a value by its attempt, however often it is put', async () => {
    const [one, two] = [attempt(), attempt()];
    const made = credential(one, two);
    await secrets.ensure(made);
    const [first, second] = [await value(made, one), await value(made, two)];
    await secrets.put(made, one, first);
    await secrets.put(made, one, first);
    await expect(secrets.put(made, one, second)).rejects.toMatchObject({ code: 'provider-refused' });
    expect(await read(made, one)).toBe(first.reveal());
    expect(await read(made, two)).toBeUndefined();
    await secrets.promote(made, one);
    await secrets.promote(made, one);
    await secrets.put(made, two, second);
    await secrets.promote(made, two);
    expect(await read(made, one)).toBe(first.reveal());
    expect(await read(made, two)).toBe(second.reveal());
  });

  it('promotes from where the record has the label, and from where it is when that is wrong', async () => {
    const [one, two, three] = [attempt(), attempt(), attempt()];
    const made = credential(one, two, three);
    const currently = (on: AttemptId): Credential => ({
      ...made,
      versions: [{ phase: 'current', attempt: on, keyId: 'k', verifiedAtMs: 0 }] as never,
    });
    await secrets.ensure(made);
    for (const each of [one, two, three]) await secrets.put(made, each, new Secret(each));
    await secrets.promote(made, one);
    await secrets.promote(currently(one), two);
    await secrets.promote(currently(one), two); // its answer was lost
    await secrets.promote(currently(one), three); // another of ours has it by now
    await secrets.promote(currently(attempt()), two); // a version that is not there
    await expect(secrets.promote({ ...currently(one), attempts: [one] }, one)).rejects.toMatchObject({
      message: expect.stringContaining('drift'),
    });
  });

  it('does not take AWSCURRENT from a version that is none of ours', async () => {
    const [foreign, ours] = [attempt(), attempt()];
    const made = credential(ours);
    await secrets.ensure(made);
    await secrets.put(made, foreign, await value(made, foreign));
    await secrets.promote({ ...made, attempts: [foreign, ours] }, foreign);
    await secrets.put(made, ours, await value(made, ours));
    await expect(secrets.promote(made, ours)).rejects.toMatchObject({
      code: 'provider-refused',
      message: expect.stringContaining('drift'),
    });
  });

  it('loses AWSPENDING on an attempt given up, and on no other', async () => {
    const [one, two] = [attempt(), attempt()];
    const made = credential(one, two);
    const version = (phase: string, of: AttemptId) => ({ phase, attempt: of, keyId: of }) as never;
    const unstages = async (versions: Credential['versions'], on: string | undefined, attempts = made.attempts): Promise<void> => {
      await secrets.unstage({ ...made, versions, attempts });
      expect(await pending(made)).toBe(on);
    };
    await secrets.unstage(made); // there is no secret
    await secrets.ensure(made);
    await unstages([], undefined); // no version either
    await secrets.put(made, one, new Secret(one));
    await unstages([version('doomed', one)], one); // a first value is AWSCURRENT by itself, whose holder keeps AWSPENDING
    await secrets.promote(made, one);
    await secrets.put(made, two, new Secret(two));
    await unstages([version('current', one), version('stored', two)], two); // somebody works on it
    await unstages([version('current', one)], two, [one]); // none of ours
    await unstages([version('current', one), version('doomed', two)], undefined);
    await unstages([version('current', one)], undefined); // again: the answer was lost
    await secrets.withdraw(made);
    await secrets.unstage(made);
  });

  it('is withdrawn at once, and that twice', async () => {
    const one = attempt();
    const made = credential(one);
    await secrets.withdraw(made); // there is none
    await secrets.ensure(made);
    await secrets.put(made, one, await value(made, one));
    await secrets.share(made);
    await secrets.withdraw(made);
    await secrets.withdraw(made);
    expect(await secrets.readable(made)).toBe(false);
    expect(await read(made, one)).toBeUndefined();
    await expect(secrets.ensure(made)).rejects.toMatchObject({ code: 'provider-refused' }); // nothing revives it
  });
});

describe('the connector of IAM', () => {
  it('never acts on a user of somebody else, whatever its name', async () => {
    const { connector } = onAws();
    const made = credential();
    await iam().send(new CreateUserCommand({ UserName: made.grant.accountName, Path: '/nhi/' }));
    await expect(connector.ensureAccount(made)).rejects.toMatchObject({ code: 'foreign-account', retryable: false });
    await expect(connector.removeAccount(made)).rejects.toMatchObject({ code: 'foreign-account' });
    expect(await connector.accountExists(made)).toBe(true);
  });

  it('asks once for a key, though the answer is lost', async () => {
    const { connector } = onAws();
    const made = credential();
    await connector.ensureAccount(made);
    await cloud().control.faults([{ match: 'iam:CreateAccessKey', kind: 'drop-after' }]);
    await expect(connector.createVersion(made, attempt())).rejects.toMatchObject({ code: 'provider-unknown' });
    await sleep(PROPAGATION_MS);
    expect(await connector.listVersions(made)).toHaveLength(1);
  });

  it('repeats by itself what may be repeated', async () => {
    const { connector } = onAws();
    const made = credential();
    await connector.ensureAccount(made);
    await cloud().control.faults([{ match: 'iam:PutUserPolicy', kind: 'throttle' }]);
    await connector.deny(made);
    expect(await cloud().control.fired()).toHaveLength(1);
  });

  it('tells throttling from a refusal from no answer', async () => {
    const { connector } = onAws();
    const made = credential();
    for (const [kind, code] of [
      ['throttle', 'provider-throttled'],
      ['drop', 'provider-unknown'],
      ['error', 'provider-unknown'],
    ] as const) {
      await cloud().control.faults([{ match: 'iam:CreateUser', kind, times: 9 }]);
      await expect(connector.ensureAccount(made)).rejects.toMatchObject({ code });
    }
    await cloud().control.faults([{ match: 'iam:CreateUser', kind: 'error', status: 403, code: 'AccessDenied' }]);
    await expect(connector.ensureAccount(made)).rejects.toMatchObject({ code: 'provider-refused' });
    await cloud().control.reset();
  });

  it('takes off a user what others hung on it, and puts the deny back where IAM refuses the deletion', async () => {
    const { connector } = onAws();
    const made = credential();
    const UserName = made.grant.accountName;
    await connector.ensureAccount(made);
    await iam().send(new AttachUserPolicyCommand({ UserName, PolicyArn: boundaryArn() }));
    const document = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] });
    await iam().send(new PutUserPolicyCommand({ UserName, PolicyName: 'somebody', PolicyDocument: document }));
    expect((await iam().send(new ListGroupsForUserCommand({ UserName }))).Groups).toHaveLength(1);
    await cloud().control.faults([{ match: 'iam:DeleteUser', kind: 'error', status: 409, code: 'DeleteConflict' }]);
    expect(await connector.removeAccount(made)).toBe(false);
    expect((await cloud().control.counts())['iam:PutUserPolicy']).toBeDefined();
    const deny = await iam().send(new GetUserPolicyCommand({ UserName, PolicyName: 'nhi-deny' }));
    expect(decodeURIComponent(deny.PolicyDocument ?? '')).toContain('"Deny"');
    expect(await connector.removeAccount(made)).toBe(true);
    expect(await connector.accountExists(made)).toBe(false);
  });
});

describe('a removal that is throttled half-way', () => {
  it.each([
    ['iam:ListUserPolicies', 6],
    ['iam:DeleteUser', 9],
  ])('at %s goes on from there, looks at keys again, and the user is denied in between', async (match, done) => {
    const { connector } = onAws();
    const made = credential();
    await connector.ensureAccount(made);
    await connector.deny(made);
    await cloud().control.faults([{ match, kind: 'throttle', times: 3 }]);
    const fault = await connector.removeAccount(made).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(fault).toMatchObject({ code: 'provider-throttled', done });
    const UserName = made.grant.accountName;
    await iam().send(new GetUserPolicyCommand({ UserName, PolicyName: 'nhi-deny' })); // it is there
    await cloud().control.reset();
    const blocked = { code: 'x', step: 'remove-account', done, sinceMs: 0, tries: 1, nextTryAtMs: 0 } as unknown as NonNullable<
      Credential['blocked']
    >;
    expect(await connector.removeAccount({ ...made, blocked })).toBe(true);
    const asked = Object.keys(await cloud().control.counts()).filter((call) => call.startsWith('iam:List'));
    expect(asked.sort()).toEqual(
      [...(done < 9 ? ['iam:ListAttachedUserPolicies', 'iam:ListGroupsForUser', 'iam:ListUserPolicies'] : []), 'iam:ListAccessKeys'].sort(),
    );
  });
});

describe('the store of Secrets Manager', () => {
  it('lets nobody read but consumers and manager, before a value is there', async () => {
    const { secrets } = onAws();
    const made = credential();
    await secrets.ensure(made);
    const client = new SecretsManagerClient(aws());
    const { ResourcePolicy = '{}' } = await client.send(new GetResourcePolicyCommand({ SecretId: made.grant.secretName }));
    expect(JSON.parse(ResourcePolicy).Statement).toMatchObject([
      {
        Effect: 'Deny',
        Principal: '*',
        Condition: { ArnNotEquals: { 'aws:PrincipalArn': [`arn:aws:iam::${ACCOUNT}:role/nhi-work-aws-iam-user`] } },
      },
    ]);
    const { VersionIdsToStages, Tags } = await client.send(new DescribeSecretCommand({ SecretId: made.grant.secretName }));
    expect(VersionIdsToStages ?? {}).toEqual({});
    expect(Tags).toContainEqual({ Key: 'nhi:owner', Value: made.holder.key });
  });
});
