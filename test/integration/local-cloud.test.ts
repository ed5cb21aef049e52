import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  GetAccessKeyLastUsedCommand,
  IAMClient,
  ListAccessKeysCommand,
  PutUserPolicyCommand,
  paginateListUsers,
} from '@aws-sdk/client-iam';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { AwsClient } from 'aws4fetch';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { localClient } from '../../local/endpoint.ts';

const PROPAGATION_MS = 1_000;
const PROJECT = join(import.meta.dirname, '../..');
const EMBEDDED: NodeJS.ProcessEnv = { ...process.env, AWS_ENDPOINT_URL: '' };

let cloud: LocalCloud;
let iam: IAMClient;
beforeAll(async () => {
  cloud = await startLocalCloud({ env: EMBEDDED, propagationMs: PROPAGATION_MS });
  iam = new IAMClient({ ...localClient(cloud.endpoint), maxAttempts: 1 });
}, 120_000);
afterAll(() => cloud.stop());
beforeEach(() => cloud.control.reset());

const allow = (...Action: readonly string[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] });
const DENY_ALL = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] });

async function newUser(UserName: string, policy: string): Promise<void> {
  await iam.send(new CreateUserCommand({ UserName, Path: '/nhi/' }));
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'may', PolicyDocument: policy }));
}

/** What SDK clients that sign with a new key of the user are made of. */
async function newKey(UserName: string) {
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  const credentials = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
  return { ...localClient(cloud.endpoint), credentials, maxAttempts: 1 };
}

describe('access keys', () => {
  it('a fresh one is refused until its propagation is over, then works, until an inline deny', async () => {
    await newUser('fresh', allow('iam:ListUsers'));
    const config = await newKey('fresh');
    const born = Date.now();
    const sts = new STSClient(config);
    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
    const secrets = new SecretsManagerClient(config);
    await expect(secrets.send(new GetSecretValueCommand({ SecretId: 's' }))).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
    expect(Date.now() - born).toBeLessThan(PROPAGATION_MS);
    await sleep(PROPAGATION_MS - (Date.now() - born));
    expect((await sts.send(new GetCallerIdentityCommand({}))).Arn).toMatch(/:user\/nhi\/fresh$/);
    const mine = new IAMClient(config);
    for await (const { Users } of paginateListUsers({ client: mine }, {})) expect(Users).toBeDefined();
    await iam.send(new PutUserPolicyCommand({ UserName: 'fresh', PolicyName: 'revoked', PolicyDocument: DENY_ALL }));
    await expect(paginateListUsers({ client: mine }, {}).next()).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('are two at most, and a deleted one makes room', async () => {
    await newUser('crowded', allow('iam:ListUsers'));
    const [one] = [await newKey('crowded'), await newKey('crowded')];
    await expect(newKey('crowded')).rejects.toMatchObject({ name: 'LimitExceededException' });
    await iam.send(new DeleteAccessKeyCommand({ UserName: 'crowded', AccessKeyId: one.credentials.accessKeyId }));
    const atOnce = await Promise.allSettled([newKey('crowded'), newKey('crowded'), newKey('crowded')]);
    expect(atOnce.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const { AccessKeyMetadata } = await iam.send(new ListAccessKeysCommand({ UserName: 'crowded' }));
    expect(AccessKeyMetadata).toHaveLength(2);
  });

  it('do what a policy allows, and their use is noted', async () => {
    await newUser('modest', allow('secretsmanager:GetSecretValue'));
    const config = await newKey('modest');
    const lastUse = () => iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: config.credentials.accessKeyId }));
    expect((await lastUse()).AccessKeyLastUsed?.LastUsedDate).toBeUndefined();
    await sleep(PROPAGATION_MS);
    await expect(new IAMClient(config).send(new CreateUserCommand({ UserName: 'rogue' }))).rejects.toMatchObject({ name: 'AccessDenied' });
    const secrets = new SecretsManagerClient(config);
    await expect(secrets.send(new GetSecretValueCommand({ SecretId: 's' }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const { UserName, AccessKeyLastUsed } = await lastUse();
    expect([UserName, AccessKeyLastUsed?.ServiceName]).toEqual(['modest', 'iam']); // the first use: the second came within the lag
    expect(Date.now() - (AccessKeyLastUsed?.LastUsedDate?.getTime() ?? 0)).toBeLessThan(10_000);
  });

  it('may act on a path, by the policy variable of their user', async () => {
    const Statement = [{ Effect: 'Allow', Action: 'iam:*AccessKey*', Resource: 'arn:aws:iam::*:user/nhi/${aws:username}' }];
    await newUser('self', JSON.stringify({ Version: '2012-10-17', Statement }));
    await newUser('other', allow('iam:ListUsers'));
    const mine = new IAMClient(await newKey('self'));
    await sleep(PROPAGATION_MS);
    expect((await mine.send(new ListAccessKeysCommand({ UserName: 'self' }))).AccessKeyMetadata).toHaveLength(1);
    await expect(mine.send(new ListAccessKeysCommand({ UserName: 'other' }))).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

describe('lists', () => {
  it('come in pages', async () => {
    const names = Array.from({ length: 7 }, (_, index) => `paged-${index}`);
    await Promise.all(names.map((UserName) => iam.send(new CreateUserCommand({ UserName, Path: '/paged/' }))));
    const pages: (readonly (string | undefined)[])[] = [];
    for await (const { Users = [] } of paginateListUsers({ client: iam, pageSize: 3 }, { PathPrefix: '/paged/' })) {
      pages.push(Users.map(({ UserName }) => UserName));
    }
    expect(pages).toEqual([names.slice(0, 3), names.slice(3, 6), names.slice(6)]);
  });
});

describe('secrets', () => {
  const token = (letter: string) => letter.repeat(32);

  it('have versions named by the token of the call, which may be repeated with the same value only', async () => {
    const secrets = new SecretsManagerClient({ ...localClient(cloud.endpoint), maxAttempts: 1 });
    const create = (value: string) =>
      secrets.send(new CreateSecretCommand({ Name: 'nhi/token', SecretString: value, ClientRequestToken: token('a') }));
    const put = (value: string, stage: string) =>
      secrets.send(
        new PutSecretValueCommand({ SecretId: 'nhi/token', SecretString: value, ClientRequestToken: token('b'), VersionStages: [stage] }),
      );
    expect((await create('1')).VersionId).toBe(token('a'));
    expect((await create('1')).VersionId).toBe(token('a'));
    await expect(create('2')).rejects.toMatchObject({ name: 'ResourceExistsException' });
    expect(await put('2', 'AWSPENDING')).toMatchObject({ VersionId: token('b'), VersionStages: ['AWSPENDING'] });
    const stages = { VersionStage: 'AWSCURRENT', MoveToVersionId: token('b'), RemoveFromVersionId: token('a') };
    await secrets.send(new UpdateSecretVersionStageCommand({ SecretId: 'nhi/token', ...stages }));
    await put('2', 'AWSPENDING'); // a late repetition takes nothing back
    await expect(put('3', 'AWSPENDING')).rejects.toMatchObject({ name: 'ResourceExistsException' });
    const { Versions = [] } = await secrets.send(new ListSecretVersionIdsCommand({ SecretId: 'nhi/token' }));
    const current = Versions.filter(({ VersionStages }) => VersionStages?.includes('AWSCURRENT'));
    expect(current.map(({ VersionId }) => VersionId)).toEqual([token('b')]);
    const short = new PutSecretValueCommand({ SecretId: 'nhi/token', SecretString: '4', ClientRequestToken: 'short' });
    await expect(secrets.send(short)).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });
});

describe('faults and counts', () => {
  it('an SDK that retries after a lost answer has had its effect twice', async () => {
    await newUser('lossy', allow('iam:ListUsers'));
    await cloud.control.reset();
    await cloud.control.faults([{ match: 'iam:CreateAccessKey', kind: 'drop-after' }]);
    const retrying = new IAMClient(localClient(cloud.endpoint));
    await retrying.send(new CreateAccessKeyCommand({ UserName: 'lossy' }));
    expect((await iam.send(new ListAccessKeysCommand({ UserName: 'lossy' }))).AccessKeyMetadata).toHaveLength(2);
    expect((await cloud.control.counts())['iam:CreateAccessKey']).toEqual({ test: 2 });
    expect(await cloud.control.fired()).toHaveLength(1);
  });

  it('a reset with resources leaves an empty cloud', async () => {
    await cloud.control.reset({ resources: true });
    const { value } = await paginateListUsers({ client: iam }, {}).next();
    expect(value?.Users).toEqual([]);
  });
});

const ps = (columns: string): readonly (readonly string[])[] => {
  const lines = execFileSync('ps', ['-eo', `${columns},args=`], { encoding: 'utf8' }).split('\n');
  return lines.map((line) => line.trim().split(/\s+/));
};

/** The emulators that a process started; each leads a group of its own. */
const emulatorsOf = (parent: number): readonly number[] =>
  ps('ppid=,pid=').flatMap(([ppid, pid, ...args]) =>
    ppid === String(parent) && args.join(' ').includes('emulator.py') ? [Number(pid)] : [],
  );

const membersOf = (group: number): readonly string[] =>
  ps('pgid=,stat=').flatMap(([pgid, state, ...args]) => (pgid === String(group) && !state?.startsWith('Z') ? [args.join(' ')] : []));

async function expectGone(group: number): Promise<void> {
  for (let tries = 0; membersOf(group).length > 0 && tries < 50; tries += 1) await sleep(100);
  expect(membersOf(group)).toEqual([]);
}

/** A zipped index.js: `exports.handler = async () => { setInterval(() => {}, 1000); process.on("SIGTERM", () => {}); return process.pid; };` */
const STUBBORN =
  'UEsDBBQAAAAAAAAAIQDDANK0dQAAAHUAAAAIAAAAaW5kZXguanNleHBvcnRzLmhhbmRsZXIgPSBhc3luYyAoKSA9PiB7IHNldEludGVydmFsKCgpID0+IHt9LCAxMDAwKTsgcHJvY2Vzcy5vbigiU0lHVEVSTSIsICgpID0+IHt9KTsgcmV0dXJuIHByb2Nlc3MucGlkOyB9OwpQSwECFAMUAAAAAAAAACEAwwDStHUAAAB1AAAACAAAAAAAAAAAAAAAAAAAAAAAaW5kZXguanNQSwUGAAAAAAEAAQA2AAAAmwAAAAAA';

/** Leaves behind the worker of a function that neither a closed input nor SIGTERM ends. */
async function invokeStubborn(endpoint: string): Promise<void> {
  const client = new AwsClient({ accessKeyId: 'test', secretAccessKey: 'test', service: 'lambda', region: 'us-east-1', retries: 0 });
  const post = async (path: string, body: unknown): Promise<string> => {
    const answer = await client.fetch(`${endpoint}${path}`, { method: 'POST', body: JSON.stringify(body) });
    expect(answer.ok, await answer.clone().text()).toBe(true);
    return answer.text();
  };
  const config = new IAMClient(localClient(endpoint));
  const trust = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
  const { Role } = await config.send(new CreateRoleCommand({ RoleName: 'stubborn', AssumeRolePolicyDocument }));
  const about = { FunctionName: 'stubborn', Runtime: 'nodejs24.x', Handler: 'index.handler', Role: Role?.Arn, Code: { ZipFile: STUBBORN } };
  await post('/2015-03-31/functions', about);
  expect(Number(await post('/2015-03-31/functions/stubborn/invocations', {}))).toBeGreaterThan(1);
}

describe('no process is left', () => {
  it('after stop(), which may be called twice', async () => {
    const before = emulatorsOf(process.pid);
    const another = await startLocalCloud({ env: EMBEDDED });
    const [emulator = 0] = emulatorsOf(process.pid).filter((pid) => !before.includes(pid));
    await invokeStubborn(another.endpoint);
    expect(membersOf(emulator)).toHaveLength(2);
    await Promise.all([another.stop(), another.stop()]);
    expect(membersOf(emulator)).toEqual([]);
    await another.stop();
    await expect(another.control.counts()).rejects.toThrow('Nothing answers');
    expect(await cloud.control.counts()).toEqual({}); // its neighbour goes on
  });

  const children: ChildProcess[] = [];
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  it('after a program that does not care about signals gets one', async () => {
    const script = `await (await import('./local/cloud.ts')).startLocalCloud(); console.log('up')`;
    const args = ['--input-type=module', '--eval', script];
    const child = spawn(process.execPath, args, { cwd: PROJECT, env: EMBEDDED, stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    await once(child.stdout, 'data');
    const [emulator = 0] = emulatorsOf(child.pid ?? 0);
    expect(membersOf(emulator)).toHaveLength(1);
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    expect(await ended).toEqual([null, 'SIGINT']);
    await expectGone(emulator);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)('after %s to the process that holds it', async (signal) => {
    const child = spawn(process.execPath, ['bin/local.ts', '--port', '0'], {
      cwd: PROJECT,
      env: EMBEDDED,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    let told = '';
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      told += chunk;
      if (told.includes('AWS_SHARED_CREDENTIALS_FILE')) break;
    }
    const [emulator = 0] = emulatorsOf(child.pid ?? 0);
    await invokeStubborn(/AWS_ENDPOINT_URL=(\S+)/.exec(told)?.[1] ?? '');
    expect(membersOf(emulator)).toHaveLength(2);
    const ended = once(child, 'exit');
    child.kill(signal);
    expect(await ended).toEqual(signal === 'SIGKILL' ? [null, 'SIGKILL'] : [0, null]);
    await expectGone(emulator);
  });
});
