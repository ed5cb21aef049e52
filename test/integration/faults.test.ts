import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, ListTablesCommand, paginateScan } from '@aws-sdk/client-dynamodb';
import { IAMClient, ListAccessKeysCommand, paginateListUsers } from '@aws-sdk/client-iam';
import { DescribeSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListQueuesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dynamodbLedger } from '../../lib/adapters/aws/dynamodb-ledger.ts';
import { firstBreak } from '../../lib/application/envelope.ts';
import { credentialOf } from '../../lib/application/naming.ts';
import { signedCall } from '../../lib/client/signed-call.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import type { CredentialId } from '../../lib/domain/types.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { deploy } from '../../local/deploy.ts';
import type { FaultRule } from '../../local/gateway/faults.ts';
import { apiOf, type Call } from '../../local/play/api.ts';
import { type Company, foundCompany } from '../../local/play/company.ts';
import { factOf, say } from '../../local/play/facts.ts';
import { listOutside } from '../../local/play/outside.ts';
import { type Person, readPeople } from '../../local/play/people.ts';
import { eventuallyWithin, inTurns } from '../../local/play/waiting.ts';
import { detectorOf } from '../leaks/detector.ts';

const ACCOUNT = '000000000000';
const OWNERS = 5;
const EACH = 10;
const eventually = eventuallyWithin(100_000);
const folder = mkdtempSync(join(tmpdir(), 'nhi-faults-'));

let cloud: LocalCloud;
let company: Company;
let call: Call;
let inboundBus: string;
let ledger: ReturnType<typeof dynamodbLedger>;
const secrets = new Set<string>();
const people: readonly Person[] = readPeople('examples/company/people-2026-03-01.csv')
  .filter(({ job }) => job === 'IT_PROG')
  .slice(0, OWNERS);

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

beforeAll(async () => {
  cloud = await startLocalCloud({
    env: { ...process.env, AWS_ENDPOINT_URL: '' },
    propagationMs: 500,
    lastUsedLagMs: 500,
    progress: console.log,
  });
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, cloud.env);
  const outputs = await deploy({ env: cloud.env, policy: shortPolicy(), onLine: () => undefined });
  company = await foundCompany(ACCOUNT);
  call = apiOf({ apiUrl: outputs['ApiUrl'] ?? '', region: 'us-east-1' });
  inboundBus = outputs['InboundBus'] ?? '';
  const client = new DynamoDBClient({});
  const { TableNames = [] } = await client.send(new ListTablesCommand({}));
  const [table = ''] = TableNames;
  ledger = dynamodbLedger({ client: DynamoDBDocumentClient.from(client), table });
  const feed = await company.signIn('hr-feed', 'test');
  await say(
    feed,
    people.map((person) => factOf(inboundBus, 'Joined', person, 1, new Date())),
  );
}, 180_000);
afterAll(async () => {
  await cloud?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Each operation goes wrong once in each of these ways, whichever credential it is for. */
const KINDS = ['drop-after', 'throttle', 'error', 'duplicate', 'delay', 'drop'] as const;
const allOf = (service: string, operations: readonly string[]): readonly FaultRule[] =>
  operations.flatMap((operation) => KINDS.map((kind) => ({ match: `${service}:${operation}`, kind, ms: 2_000 })));
/** Its effect comes when the worker has given it up. */
const LATE: FaultRule = { match: 'iam:CreateAccessKey', kind: 'delay', ms: 11_000 };
const AROUND = [...allOf('dynamodb', ['TransactWriteItems', 'GetItem']), ...allOf('sqs', ['SendMessage'])];

/** Runs `act` while those faults are armed, and gives the operations that met one. */
async function through(faults: readonly FaultRule[], act: () => Promise<unknown>): Promise<ReadonlySet<string>> {
  await cloud.control.faults(faults);
  await act();
  const fired = await cloud.control.fired();
  await cloud.control.faults([]);
  console.log(`${fired.length} faults met`);
  return new Set(fired.map((fault) => fault.call));
}

const idsOf = async (): Promise<readonly CredentialId[]> => {
  const { users } = await listOutside();
  return [...users.keys()].flatMap((name) => credentialOf(name) ?? []);
};

const until = (id: string, what: string, holds: (state: Credential) => boolean): Promise<Credential> =>
  eventually(`${id} is ${what}`, async () => {
    const state = (await ledger.credential(id as CredentialId))?.state;
    return state && holds(state) ? state : undefined;
  });

/** Every value of a secret that is stored, to look for it elsewhere. */
async function learn({ grant, attempts }: Credential): Promise<void> {
  const client = new SecretsManagerClient({});
  for (const VersionId of attempts)
    await client.send(new GetSecretValueCommand({ SecretId: grant.secretName, VersionId })).then(
      ({ SecretString = '{}' }) => secrets.add(JSON.parse(SecretString).secretAccessKey),
      () => undefined, // an attempt without a value
    );
}

const ids: string[] = [];
const ISSUING = allOf('iam', ['CreateUser', 'AddUserToGroup', 'CreateAccessKey']);
const STORING = allOf('secretsmanager', ['CreateSecret', 'PutResourcePolicy', 'PutSecretValue', 'GetSecretValue', 'DescribeSecret']);

it(`${OWNERS * EACH} credentials become active, though every call on the way goes wrong in every way`, async () => {
  const met = await through([LATE, ...ISSUING, ...STORING, ...allOf('sts', ['GetCallerIdentity']), ...AROUND], async () => {
    for (const person of people) {
      const me = await company.signIn('person', person.email);
      const made = await inTurns(Array.from({ length: EACH }), () =>
        eventually(`${person.email} is known`, async () => {
          const asked = { profile: 'ci-deploy', purpose: 'faults', environment: 'prod', consumers: [company.consumerArn] };
          const { status, json } = await call(me, 'POST', '/v1/credentials', asked);
          return status === 201 ? json.id : undefined;
        }),
      );
      ids.push(...made);
    }
    await inTurns(ids, (id) => until(id, 'active', ({ status }) => status === 'active'));
  });
  for (const operation of ['iam:CreateUser', 'iam:CreateAccessKey', 'secretsmanager:PutSecretValue', 'sts:GetCallerIdentity'])
    expect(met).toContain(operation);
  for (const id of ids) await learn(await until(id, 'active', ({ status }) => status === 'active'));
  expect(secrets.size).toBeGreaterThanOrEqual(OWNERS * EACH);
});

const rotated = () => ids.slice(0, 20);
const ROTATING = allOf('iam', ['CreateAccessKey', 'UpdateAccessKey', 'GetAccessKeyLastUsed', 'DeleteAccessKey']);

it('twenty are rotated', async () => {
  const before = new Map<string, string>();
  const met = await through([...ROTATING, ...allOf('secretsmanager', ['PutSecretValue', 'UpdateSecretVersionStage'])], async () => {
    await inTurns(rotated(), async (id) => {
      const { holder, versions } = await until(id, 'active', ({ status }) => status === 'active');
      before.set(id, keyOf(versions[0]));
      const owner = (await ledger.owner(holder.id))?.state;
      const me = await company.signIn('person', owner?.attributes.email ?? '');
      expect((await call(me, 'POST', `/v1/credentials/${id}/rotate`, { reason: 'a test' })).status).toBeLessThan(300);
    });
    await inTurns(rotated(), (id) =>
      until(
        id,
        'rotated',
        ({ versions }) => versions.length === 1 && versions[0]?.phase === 'current' && keyOf(versions[0]) !== before.get(id),
      ),
    );
  });
  expect(met).toContain('secretsmanager:UpdateSecretVersionStage');
  expect(met).toContain('iam:DeleteAccessKey');
  for (const id of rotated()) await learn(await until(id, 'active', ({ status }) => status === 'active'));
});

const keyOf = (version: Credential['versions'][number] | undefined): string => (version && 'keyId' in version ? version.keyId : '');

const REMOVING = allOf('iam', [
  'PutUserPolicy',
  'UpdateAccessKey',
  'ListAccessKeys',
  'DeleteAccessKey',
  'DeleteUserPolicy',
  'DeleteUser',
  'GetUser',
]);

it('ten are revoked by command, ten by their owner’s leave', async () => {
  const byCommand = ids.slice(10, 20);
  const byLeave = ids.slice(0, 10);
  const met = await through([...REMOVING, ...allOf('secretsmanager', ['DeleteSecret'])], async () => {
    const [leaver] = people;
    if (!leaver) throw new Error('nobody leaves');
    await say(await company.signIn('hr-feed', 'test'), [factOf(inboundBus, 'Left', leaver, 2, new Date())]);
    await inTurns(byCommand, async (id) => {
      const { holder } = await until(id, 'there', () => true);
      const me = await company.signIn('person', (await ledger.owner(holder.id))?.state.attributes.email ?? '');
      expect((await call(me, 'POST', `/v1/credentials/${id}/revoke`, { reason: 'a test' })).status).toBeLessThan(300);
    });
    await inTurns([...byCommand, ...byLeave], (id) => until(id, 'revoked', ({ status }) => status === 'revoked'));
  });
  for (const operation of ['iam:PutUserPolicy', 'iam:DeleteUser', 'secretsmanager:DeleteSecret']) expect(met).toContain(operation);
});

it('in the end IAM and Secrets Manager hold exactly what the ledger says', async () => {
  const { known } = await ledger.credentialsOf(ids as CredentialId[]);
  const live = known.map(({ state }) => state).filter(({ status }) => status === 'active');
  expect(known.map(({ state }) => state.status).sort()).toEqual([...Array(30).fill('active'), ...Array(20).fill('revoked')]);
  const outside = await listOutside();
  expect([...outside.users.keys()].sort()).toEqual(live.map(({ grant }) => grant.accountName).sort());
  expect([...outside.secrets].sort()).toEqual(live.map(({ grant }) => grant.secretName).sort());
  const [iam, manager] = [new IAMClient({}), new SecretsManagerClient({})];
  for await (const { Users = [] } of paginateListUsers({ client: iam }, { PathPrefix: '/nhi/' }))
    for (const { UserName } of Users) {
      const state = live.find(({ grant }) => grant.accountName === UserName);
      const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName }));
      expect(AccessKeyMetadata.map(({ AccessKeyId, Status }) => [AccessKeyId, Status])).toEqual([[keyOf(state?.versions[0]), 'Active']]);
      const { VersionIdsToStages = {} } = await manager.send(new DescribeSecretCommand({ SecretId: state?.grant.secretName }));
      const current = Object.entries(VersionIdsToStages).filter(([, stages]) => stages.includes('AWSCURRENT'));
      expect(current.map(([version]) => version)).toEqual([state?.versions[0]?.attempt]);
    }
  for (const id of ids) expect(firstBreak(await ledger.events(id as CredentialId))).toBeUndefined();
  expect((await idsOf()).length).toBe(30);
});

it('and no secret, nor eight characters of one, stands in table, queues or logs', async () => {
  const written: string[] = [];
  const client = new DynamoDBClient({});
  const { TableNames = [] } = await client.send(new ListTablesCommand({}));
  for (const TableName of TableNames)
    for await (const { Items = [] } of paginateScan({ client }, { TableName })) written.push(JSON.stringify(Items));
  const sqs = new SQSClient({ useQueueUrlAsEndpoint: false });
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
  for (const QueueUrl of QueueUrls)
    for (let more = true; more; ) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
      );
      written.push(JSON.stringify(Messages));
      more = Messages.length > 0;
    }
  const logged = await logs();
  expect(logged).toContain('worked');
  written.push(logged);
  expect(written.join().length).toBeGreaterThan(100_000);
  expect(detectorOf(secrets).leaksIn(written.join('\n'))).toEqual([]);
  const [one = ''] = secrets;
  expect(detectorOf(secrets).leaksIn(`${written.join('\n')}${one.slice(3, 11)}`)).toHaveLength(1); // it would be found
});

/** Everything the functions logged, metrics included. */
async function logs(): Promise<string> {
  const ask = async (operation: string, input: object) => {
    const { body } = await signedCall({
      ...{ url: cloud.endpoint, method: 'POST', service: 'logs', region: 'us-east-1', body: JSON.stringify(input) },
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Logs_20140328.${operation}` },
    });
    return JSON.parse(body);
  };
  const lines: string[] = [];
  const { logGroups = [] } = await ask('DescribeLogGroups', {});
  for (const { logGroupName } of logGroups)
    for (let nextToken: string | undefined, first = true; first || nextToken; first = false) {
      const page = await ask('FilterLogEvents', { logGroupName, ...(nextToken && { nextToken }) });
      lines.push(...(page.events ?? []).map(({ message }: { message: string }) => message));
      nextToken = page.nextToken;
    }
  return lines.join('\n');
}
