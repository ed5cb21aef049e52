import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { AwsV4Signer } from 'aws4fetch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dynamodbLedger } from '../../lib/adapters/aws/dynamodb-ledger.ts';
import { s3Objects } from '../../lib/adapters/aws/s3-objects.ts';
import { feedBucket } from '../../lib/adapters/feed/bucket.ts';
import type { AwsCredentials } from '../../lib/client/signed-call.ts';
import type { FeedLine } from '../../lib/domain/feed/compare.ts';
import { feedId } from '../../lib/domain/feed/record.ts';
import type { EpochMs } from '../../lib/domain/types.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { deploy } from '../../local/deploy.ts';
import { apiOf, type Call } from '../../local/play/api.ts';
import { type Company, foundCompany } from '../../local/play/company.ts';
import { invoke } from '../../local/play/stage.ts';
import { eventually } from './eventually.ts';

const ACCOUNT = '000000000000';
const MINUTE = 60_000;
const MONTHS = ['03-01', '04-01', '06-01-cut-off'] as const;
const exported = (month: (typeof MONTHS)[number]): string => readFileSync(`examples/company/people-2026-${month}.csv`, 'utf8');

let cloud: LocalCloud;
let company: Company;
let call: Call;
let bucket: string;
const folder = mkdtempSync(join(tmpdir(), 'nhi-feed-'));

/** The company's policy, with a feed that is to come every minute. */
function impatient(): string {
  cpSync('examples/company', folder, { recursive: true });
  const file = join(folder, 'nhi.policy.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^( +)columns: /m, '$1silentAfter: 1m\n$1columns: '));
  return file;
}

beforeAll(async () => {
  cloud = await startLocalCloud({ env: { ...process.env, AWS_ENDPOINT_URL: '' }, progress: console.log });
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, cloud.env);
  const outputs = await deploy({ env: cloud.env, policy: impatient(), onLine: () => undefined });
  bucket = outputs['FeedBucket'] ?? '';
  call = apiOf({ apiUrl: outputs['ApiUrl'] ?? '', region: 'us-east-1' });
  company = await foundCompany(ACCOUNT);
  // Both may put objects by their own policy; whether the bucket takes them is the manager's.
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:PutObject', Resource: '*' }] });
  for (const RoleName of ['demo-hr-feed', 'demo-stranger'])
    await new IAMClient({}).send(new PutRolePolicyCommand({ RoleName, PolicyName: 'may-put', PolicyDocument }));
}, 180_000);
afterAll(async () => {
  await cloud?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Uploaded {
  readonly status: number;
  readonly version: string;
}

/** A PutObject as an exporting system makes it. */
async function upload(who: AwsCredentials, key: string, body: string, takenAtMs: number): Promise<Uploaded> {
  const { sessionToken, ...keys } = who;
  const url = `${cloud.endpoint}/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
  const headers = { 'x-amz-meta-taken-at': new Date(takenAtMs).toISOString() };
  const signer = new AwsV4Signer({
    url,
    method: 'PUT',
    service: 's3',
    region: 'us-east-1',
    headers,
    body,
    ...keys,
    ...(sessionToken && { sessionToken }),
  });
  const signed = await signer.sign();
  const answer = await fetch(signed.url, { method: 'PUT', headers: signed.headers, body });
  return { status: answer.status, version: answer.headers.get('x-amz-version-id') ?? '' };
}

/** The status of an owner, as an auditor sees it. */
const statusOf = async (id: string): Promise<string | undefined> => {
  const { json } = await call(await company.signIn('auditor', 'review'), 'GET', `/v1/owners/${encodeURIComponent(`hr:${id}`)}`);
  return json.status;
};

/** The report of one upload. */
async function reportOf(key: string, { version }: Uploaded) {
  const object = await s3Objects(bucket).read(`reports/hr/${key.slice(key.lastIndexOf('/') + 1)}.${version}.json`, undefined);
  if (!object) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of object.body()) chunks.push(Buffer.from(chunk));
  return JSON.parse(Buffer.concat(chunks).toString());
}

describe('an HR export that is put into the bucket', () => {
  const startedAtMs = Date.now();
  const takenAt = (month: (typeof MONTHS)[number]): number => startedAtMs - (MONTHS.length - MONTHS.indexOf(month)) * MINUTE;

  it('by who may: is compared with the last good one, and its people join and leave', async () => {
    const hr = await company.signIn('hr-feed', 'nightly');
    const march = await upload(hr, 'feeds/hr/export.csv', exported('03-01'), takenAt('03-01'));
    expect(march.status).toBe(200);
    expect(await eventually(() => reportOf('feeds/hr/export.csv', march))).toMatchObject({ held: false, counts: { Joined: 103 } });
    await eventually(async () => ((await statusOf('103')) === 'active' ? true : undefined));
    const key = 'feeds/hr/april of ’26.csv';
    const april = await upload(hr, key, exported('04-01'), takenAt('04-01'));
    expect(await eventually(() => reportOf(key, april))).toMatchObject({
      counts: { Joined: 4, Moved: 7, Left: 5, Returned: 0 },
      rejected: 0,
    });
    await eventually(async () => ((await statusOf('103')) === 'left' ? true : undefined));
    await eventually(async () => ((await statusOf('104')) === 'active' ? true : undefined));
  });

  it('broken: is held, and nobody leaves', async () => {
    const hr = await company.signIn('hr-feed', 'nightly');
    const june = await upload(hr, 'feeds/hr/june.csv', exported('06-01-cut-off'), takenAt('06-01-cut-off'));
    expect(await eventually(() => reportOf('feeds/hr/june.csv', june))).toMatchObject({
      held: true,
      trouble: [expect.stringMatching(/of 107 people it knows \d+;/), expect.stringMatching(/people would leave/)],
    });
    expect(await statusOf('200')).toBe('active');
  });

  it('and by no other in time: the sweep has the import tell of the silence, once', async () => {
    const ledger = dynamodbLedger({ client: DynamoDBDocumentClient.from(new DynamoDBClient({})), table: 'nhi' });
    const told = async () => (await ledger.events(feedId('hr'))).filter(({ type }) => type === 'FeedSilent').length;
    await eventually(async () => {
      await invoke('nhi-sweep-due');
      return (await told()) > 0 ? true : undefined;
    });
    await invoke('nhi-sweep-due');
    expect([await told(), await ledger.due('feed', Date.now() as EpochMs, 10)]).toEqual([1, []]);
  });

  it('by somebody else, or elsewhere in the bucket, is refused by the bucket', async () => {
    const stranger = await company.signIn('stranger', 'mallory');
    expect(await upload(stranger, 'feeds/hr/mine.csv', exported('03-01'), startedAtMs)).toMatchObject({ status: 403 });
    const hr = await company.signIn('hr-feed', 'nightly');
    expect(await upload(hr, 'kept/hr.csv', exported('03-01'), startedAtMs)).toMatchObject({ status: 403 });
    expect(await upload(hr, 'feeds/other/x.csv', exported('03-01'), startedAtMs)).toMatchObject({ status: 403 });
  });
});

it('objects by version, as the import reads them', async () => {
  const objects = s3Objects(bucket);
  const rows = async function* () {
    yield { subject: 'ö/1', active: true, leftOn: undefined, email: '', roles: ['A', 'B'], team: 'Sales, "EMEA"', manager: undefined };
  };
  const first = await feedBucket(objects).keep('test', rows());
  await objects.write(first.key, { text: 'other' });
  const read: FeedLine[] = [];
  for await (const line of feedBucket(objects).openKept(first)()) read.push(line);
  expect(read).toEqual([
    { is: 'row', line: 2, row: expect.objectContaining({ subject: 'ö/1', roles: ['A', 'B'], team: 'Sales, "EMEA"', active: true }) },
  ]);
  expect(await objects.read('kept/nobody.csv', undefined)).toBeUndefined();
  expect(await objects.read(first.key, '00000000-0000-4000-8000-000000000000')).toBeUndefined();
});
