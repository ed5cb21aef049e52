import { readFileSync } from 'node:fs';
import { IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { AwsV4Signer } from 'aws4fetch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { s3Objects } from '../../lib/adapters/aws/s3-objects.ts';
import { feedBucket } from '../../lib/adapters/feed/bucket.ts';
import type { AwsCredentials } from '../../lib/client/signed-call.ts';
import type { FeedLine } from '../../lib/domain/feed/compare.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { deploy } from '../../local/deploy.ts';
import { apiOf, type Call } from '../../local/play/api.ts';
import { type Company, foundCompany } from '../../local/play/company.ts';
import { eventually } from './eventually.ts';

const ACCOUNT = '000000000000';
const MINUTE = 60_000;
const MONTHS = ['03-01', '04-01', '06-01-cut-off'] as const;
const exported = (month: (typeof MONTHS)[number]): string => readFileSync(`examples/company/people-2026-${month}.csv`, 'utf8');

let cloud: LocalCloud;
let company: Company;
let call: Call;
let bucket: string;

beforeAll(async () => {
  cloud = await startLocalCloud({ env: { ...process.env, AWS_ENDPOINT_URL: '' }, progress: console.log });
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, cloud.env);
  const outputs = await deploy({ env: cloud.env, policy: 'examples/company/nhi.policy.yaml', onLine: () => undefined });
  bucket = outputs['FeedBucket'] ?? '';
  call = apiOf({ apiUrl: outputs['ApiUrl'] ?? '', region: 'us-east-1' });
  company = await foundCompany(ACCOUNT);
  // Both may put objects by their own policy; whether the bucket takes them is the manager's.
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:PutObject', Resource: '*' }] });
  for (const RoleName of ['demo-hr-feed', 'demo-stranger'])
    await new IAMClient({}).send(new PutRolePolicyCommand({ RoleName, PolicyName: 'may-put', PolicyDocument }));
}, 180_000);
afterAll(() => cloud?.stop());

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
