import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import {
  GetPolicyVersionCommand,
  GetUserPolicyCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListPolicyVersionsCommand,
  ListUserPoliciesCommand,
} from '@aws-sdk/client-iam';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dynamodbLedger } from '../../lib/adapters/aws/dynamodb-ledger.ts';
import { firstBreak } from '../../lib/application/envelope.ts';
import type { AwsCredentials } from '../../lib/client/signed-call.ts';
import { killDocument } from '../../lib/contract/kill-policy.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import { killListId } from '../../lib/domain/deny-list.ts';
import type { CredentialId } from '../../lib/domain/types.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { deploy } from '../../local/deploy.ts';
import { apiOf, type Call } from '../../local/play/api.ts';
import { type Company, foundCompany } from '../../local/play/company.ts';
import { factOf, say } from '../../local/play/facts.ts';
import { listOutside, sendOrder } from '../../local/play/outside.ts';
import { readPeople } from '../../local/play/people.ts';
import { invoke } from '../../local/play/stage.ts';
import { eventuallyWithin, inTurns } from '../../local/play/waiting.ts';
import { detectorOf } from '../leaks/detector.ts';
import { armedAt, EVERYTHING, MAKING } from './armed.ts';
import { listenTo } from './outbound.ts';
import { inLogs, inQueues, inTables } from './written.ts';

const ACCOUNT = '000000000000';
const PEOPLE = readPeople('examples/company/people-2026-03-01.csv');
const [leaving, revoking, rotating, killed, restored] = PEOPLE.filter(({ job }) => job === 'IT_PROG');
const [president] = PEOPLE;
if (!leaving || !revoking || !rotating || !killed || !restored || !president) throw new Error('the company is too small');
/** How many credentials each owner has: fifty. Whoever comes last meets fewest of the faults, and has the longest way to go. */
const OWNERS = [leaving, revoking, rotating, killed, restored] as const;
const COUNTS = [10, 10, 20, 5, 5] as const;
const eventually = eventuallyWithin(150_000);
const folder = mkdtempSync(join(tmpdir(), 'nhi-faults-'));

let cloud: LocalCloud;
let company: Company;
let call: Call;
let inboundBus: string;
let ledger: ReturnType<typeof dynamodbLedger>;
let faults: ReturnType<typeof armedAt>;
let swept: Promise<void> | undefined;
const ended = new AbortController();
const secrets = new Set<string>();
const ids = new Map<(typeof OWNERS)[number], readonly CredentialId[]>();
const allIds = (): readonly CredentialId[] => [...ids.values()].flat();

/** The company's policy with the shortest times it takes, so that recoveries and rotations can be waited for. */
function shortPolicy(): string {
  cpSync('examples/company', folder, { recursive: true });
  const file = join(folder, 'nhi.policy.yaml');
  const profile = [
    ...['  ci-deploy:', 'connector: aws-iam-user', 'accountable: "hr:102"', 'whyNotRole: "a test of faults"'],
    ...['grants: [policies/send-orders.json]', 'eligible: {roles: [IT_PROG]}', 'environments: [prod]'],
    ...['onLeave: {action: revoke}', 'overlap: 1s', 'hardLimit: 2s', 'regret: 1s', 'stillInUse: disable', ''],
  ].join('\n    ');
  const text = readFileSync(file, 'utf8')
    .replace(/^timing:.*$/m, 'timing: {passGap: 2s, lease: 20s, settle: 1s, usageLag: 1s}')
    .replace(/^ {2}ci-deploy:\n(?: {4}.*\n)+/m, `${profile.trimEnd()}\n`);
  writeFileSync(file, text);
  return file;
}

/** More often than the rule's once a minute. A fault may meet the sweep as well: then the next one makes up for it. */
async function sweep(): Promise<void> {
  while (!ended.signal.aborted) {
    await invoke('nhi-sweep-due').catch(() => undefined);
    await sleep(2_000, undefined, { signal: ended.signal }).catch(() => undefined);
  }
}

const as = (person: { readonly email: string }): Promise<AwsCredentials> => company.signIn('person', person.email);

beforeAll(async () => {
  const env = { ...process.env, AWS_ENDPOINT_URL: '' };
  cloud = await startLocalCloud({ env, propagationMs: 500, lastUsedLagMs: 500, progress: console.log });
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, cloud.env);
  const outputs = await deploy({ env: cloud.env, policy: shortPolicy(), onLine: () => undefined });
  company = await foundCompany(ACCOUNT);
  call = apiOf({ apiUrl: outputs['ApiUrl'] ?? '', region: 'us-east-1' });
  inboundBus = outputs['InboundBus'] ?? '';
  await listenTo(outputs['OutboundBus'] ?? '');
  const client = new DynamoDBClient({});
  const { TableNames = [] } = await client.send(new ListTablesCommand({}));
  ledger = dynamodbLedger({ client: DynamoDBDocumentClient.from(client), table: TableNames[0] ?? '' });
  const joined = [president, ...OWNERS].map((person) => factOf(inboundBus, 'Joined', person, 1, new Date()));
  await say(await company.signIn('hr-feed', 'test'), joined);
  faults = armedAt(cloud.control);
  await faults.arm(EVERYTHING);
  swept = sweep();
  for (const [index, owner] of OWNERS.entries()) {
    const me = await as(owner);
    const asked = { profile: 'ci-deploy', purpose: 'faults', environment: 'prod', consumers: [company.consumerArn] };
    const request = () =>
      eventually(`${owner.email} is known`, async () => {
        const { status, json } = await call(me, 'POST', '/v1/credentials', asked);
        return status === 201 ? (json.id as CredentialId) : undefined;
      });
    ids.set(owner, await inTurns(Array.from({ length: COUNTS[index] ?? 0 }), request));
  }
}, 240_000);
afterAll(async () => {
  ended.abort();
  await swept;
  await cloud?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const statesOf = async (which: readonly CredentialId[]): Promise<readonly Credential[]> =>
  (await ledger.credentialsOf(which)).known.map(({ state }) => state);

/** Until it holds for every credential of that owner. */
async function until(owner: (typeof OWNERS)[number], what: string, holds: (state: Credential) => boolean): Promise<readonly Credential[]> {
  const of = ids.get(owner) ?? [];
  const behind = new Set(of);
  return eventually(`${of.length} of ${owner.email} are ${what}`, async () => {
    for (const state of await statesOf([...behind])) if (holds(state)) behind.delete(state.id);
    return behind.size === 0 ? statesOf(of) : undefined;
  });
}

const keyOf = (version: Credential['versions'][number] | undefined): string => (version && 'keyId' in version ? version.keyId : '');

/** The key in force of each; and every value that is stored is learnt, to look for it elsewhere. */
const keysOf = (states: readonly Credential[]): Promise<readonly AwsCredentials[]> =>
  inTurns(states, async ({ id, grant, attempts, versions }) => {
    const stored = await Promise.all(
      attempts.map((VersionId) =>
        eventually(
          `a value of ${id} is read`,
          () =>
            new SecretsManagerClient({})
              .send(new GetSecretValueCommand({ SecretId: grant.secretName, VersionId }))
              .then(({ SecretString = '{}' }) => JSON.parse(SecretString) as AwsCredentials)
              .catch((error: unknown) => (error instanceof ResourceNotFoundException ? null : undefined)), // an attempt without a value, or a fault
        ),
      ),
    );
    for (const key of stored) if (key) secrets.add(key.secretAccessKey);
    const current = stored.find((key) => key?.accessKeyId === keyOf(versions[0]));
    if (!current) throw new Error(`${id} has no readable key`);
    return { accessKeyId: current.accessKeyId, secretAccessKey: current.secretAccessKey };
  });

const active = (owner: (typeof OWNERS)[number]) => until(owner, 'active', ({ status }) => status === 'active');
/** What comes of a real signed call; a fault may meet this one as well. */
const order = (key: AwsCredentials) => eventually('an order is answered', () => sendOrder(key, company.ordersUrl).catch(() => undefined));
const each = (owner: (typeof OWNERS)[number], verb: string): Promise<unknown> =>
  inTurns(ids.get(owner) ?? [], async (id) => {
    const { status } = await call(await as(owner), 'POST', `/v1/credentials/${id}/${verb}`, { reason: 'a test' });
    expect(status).toBe(202);
  });

/** Somebody else cuts the owner off, or lets them go on. */
async function kill(owner: (typeof OWNERS)[number], verb: 'kill' | 'unkill'): Promise<void> {
  const by = await company.signIn('security', president?.email ?? '');
  expect((await call(by, 'POST', `/v1/owners/hr:${owner.id}/${verb}`, { reason: 'a test' })).status).toBe(202);
}

/** Kills the owner, and waits until every key is refused, and every record says why. */
async function cutOff(owner: (typeof OWNERS)[number], keys: readonly AwsCredentials[]): Promise<void> {
  expect(await inTurns(keys, order)).toEqual(keys.map(() => 'accepted'));
  const startedAt = Date.now();
  await kill(owner, 'kill');
  await inTurns(keys, (key) => eventually('a key is refused', async () => ((await order(key)) === 'refused' ? true : undefined)));
  console.log(`${keys.length} keys of a killed owner refused within ${Date.now() - startedAt} ms`);
  await until(
    owner,
    'denied by themselves',
    (state) => state.status === 'suspended' && state.why === 'killed' && state.denyAtMs === undefined,
  );
}

/** Until the kill list denies nobody, and nothing is left to look after. */
const listAtRest = () =>
  eventually('the kill list is at rest', async () => {
    const state = (await ledger.denyList(killListId(ACCOUNT)))?.state;
    return state?.rendered?.length === 0 && !state.lease && !state.pruneOwed && state.lostUntilMs === undefined ? state : undefined;
  });

describe.concurrent('fifty credentials become active, though every call goes wrong in every way; of these', () => {
  it('ten are revoked by their owner’s leave', async () => {
    await keysOf(await active(leaving));
    await say(await company.signIn('hr-feed', 'test'), [factOf(inboundBus, 'Left', leaving, 2, new Date())]);
    await until(leaving, 'revoked', ({ status }) => status === 'revoked');
  });

  it('ten are revoked by command', async () => {
    await keysOf(await active(revoking));
    await each(revoking, 'revoke');
    await until(revoking, 'revoked', ({ status }) => status === 'revoked');
  });

  it('twenty are rotated', async () => {
    const states = await active(rotating);
    const before = await keysOf(states);
    await faults.arm(MAKING);
    await each(rotating, 'rotate');
    const old = new Set(before.map(({ accessKeyId }) => accessKeyId));
    const done = await until(
      rotating,
      'rotated',
      ({ status, versions: [only, ...more] }) => status === 'active' && !more.length && only?.phase === 'current' && !old.has(keyOf(only)),
    );
    expect(await inTurns(await keysOf(done), order)).toEqual(done.map(() => 'accepted'));
  });

  const lifted = Promise.withResolvers<void>();

  it('five are their owner’s who is killed: every key is refused, though the kill list gets no answer', async () => {
    const keys = await keysOf(await active(killed));
    await lifted.promise;
    await cutOff(killed, keys);
    await listAtRest();
  });

  it('five are their owner’s whose kill is lifted: every key works as before', async () => {
    try {
      const states = await active(restored);
      const keys = await keysOf(states);
      await cutOff(restored, keys);
      await kill(restored, 'unkill');
      await eventually('the owner is off the list', async () => {
        const ofOwner = states[0] && (await ledger.owner(states[0].holder.id));
        return ofOwner && !ofOwner.state.killed ? true : undefined;
      });
      lifted.resolve();
      await active(restored);
      expect(await inTurns(keys, order)).toEqual(keys.map(() => 'accepted'));
    } finally {
      lifted.resolve(); // the other one is not to wait for what failed
    }
  });
});

describe('in the end', () => {
  const iam = new IAMClient({});

  it('every operation on the way went wrong', async () => {
    const met = await faults.disarm();
    const calls = new Set(met.map((fault) => fault.call));
    console.log(`${met.length} faults met, at ${calls.size} operations`);
    expect([...new Set(EVERYTHING.map(({ match }) => match))].filter((match) => !calls.has(match))).toEqual([]);
  });

  it('IAM and Secrets Manager hold exactly what the ledger says', async () => {
    const states = await statesOf(allIds());
    const has = (status: string) => states.filter((state) => state.status === status);
    expect([has('active').length, has('suspended').length, has('revoked').length]).toEqual([25, 5, 20]);
    const living = [...has('active'), ...has('suspended')];
    const outside = await listOutside();
    expect([...outside.users.keys()].sort()).toEqual(living.map(({ grant }) => grant.accountName).sort());
    expect([...outside.secrets].sort()).toEqual(living.map(({ grant }) => grant.secretName).sort());
    await inTurns(living, async ({ status, grant, versions: [version] }) => {
      const UserName = grant.accountName;
      const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName }));
      expect(AccessKeyMetadata.map(({ AccessKeyId, Status }) => [AccessKeyId, Status])).toEqual([[keyOf(version), 'Active']]);
      const { PolicyNames } = await iam.send(new ListUserPoliciesCommand({ UserName }));
      expect(PolicyNames).toEqual(status === 'suspended' ? ['nhi-deny'] : []);
      const { VersionIdsToStages = {} } = await new SecretsManagerClient({}).send(
        new DescribeSecretCommand({ SecretId: grant.secretName }),
      );
      const current = Object.entries(VersionIdsToStages).filter(([, stages]) => stages.includes('AWSCURRENT'));
      expect(current.map(([attempt]) => attempt)).toEqual([version?.attempt]);
    });
    await inTurns(allIds(), async (id) => expect(firstBreak(await ledger.events(id))).toBeUndefined());
  });

  it('the kill list is empty again, and each credential of the killed owner carries its own deny', async () => {
    expect((await listAtRest()).entries).toEqual([]);
    const PolicyArn = `arn:aws:iam::${ACCOUNT}:policy/nhi/nhi-kill-1`;
    const { Versions = [] } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
    const [{ VersionId } = {}] = Versions;
    expect(Versions).toHaveLength(1);
    const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }));
    expect(JSON.parse(decodeURIComponent(PolicyVersion?.Document ?? ''))).toEqual(killDocument([]));
    const denied = await until(killed, 'suspended', ({ status }) => status === 'suspended');
    for (const { grant } of denied) {
      const policy = await iam.send(new GetUserPolicyCommand({ UserName: grant.accountName, PolicyName: 'nhi-deny' }));
      const [deny] = JSON.parse(decodeURIComponent(policy.PolicyDocument ?? '')).Statement;
      expect(deny).toEqual({ Effect: 'Deny', Action: '*', Resource: '*' });
    }
    expect(await inTurns(await keysOf(denied), order)).toEqual(denied.map(() => 'refused'));
  });

  it('no secret, nor eight characters of one, stands in table, queues or logs, nor was one told to the outbound bus', async () => {
    expect(secrets.size).toBeGreaterThanOrEqual(70); // fifty, and twenty rotated
    const [tables, queues, logs] = await Promise.all([inTables(), inQueues(), inLogs(cloud.endpoint)]);
    for (const told of ['Credential Activated', 'Credential Rotated', 'Credential Revoked', 'Credential Resumed', 'Owner Kill Completed'])
      expect(queues).toContain(told);
    expect(logs).toContain('worked');
    const written = [tables, queues, logs].join('\n');
    expect(tables.length).toBeGreaterThan(100_000);
    const detector = detectorOf(secrets);
    expect(detector.leaksIn(written)).toEqual([]);
    const [one = ''] = secrets;
    expect(detector.leaksIn(`${written}${one.slice(3, 11)}`)).toHaveLength(1); // it would be found
  });
});
