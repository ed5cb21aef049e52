import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetPolicyCommand, GetPolicyVersionCommand, IAMClient, TagUserCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AwsCredentials } from '../../lib/client/signed-call.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { deploy } from '../../local/deploy.ts';
import { apiOf, type Call } from '../../local/play/api.ts';
import { type Company, foundCompany } from '../../local/play/company.ts';
import { factOf, say } from '../../local/play/facts.ts';
import { readSecret, sendOrder } from '../../local/play/outside.ts';
import { readPeople } from '../../local/play/people.ts';
import { eventually } from './eventually.ts';
import { sweeping } from './sweeping.ts';

const ACCOUNT = '000000000000';
const [VICTIM, COLLEAGUE, SECURITY] = ['103', '105', '101'].map((wanted) =>
  readPeople('examples/company/people-2026-03-01.csv').find(({ id }) => id === wanted),
);

let cloud: LocalCloud;
let stopSweeping: (() => Promise<void>) | undefined;
let company: Company;
let call: Call;
let bus: string;
const folder = mkdtempSync(join(tmpdir(), 'nhi-kill-'));

function shortPolicy(): string {
  cpSync('examples/company', folder, { recursive: true });
  const file = join(folder, 'nhi.policy.yaml');
  const text = readFileSync(file, 'utf8').replace(/^timing:.*$/m, 'timing: {passGap: 2s, lease: 20s, settle: 2s, usageLag: 2s}');
  writeFileSync(file, text);
  return file;
}

beforeAll(async () => {
  cloud = await startLocalCloud({ env: { ...process.env, AWS_ENDPOINT_URL: '' }, progress: console.log });
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, cloud.env);
  const outputs = await deploy({ env: cloud.env, policy: shortPolicy(), onLine: () => undefined });
  call = apiOf({ apiUrl: outputs['ApiUrl'] ?? '', region: 'us-east-1' });
  bus = outputs['InboundBus'] ?? '';
  company = await foundCompany(ACCOUNT);
  stopSweeping = sweeping();
}, 180_000);
afterAll(async () => {
  await stopSweeping?.();
  await cloud?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A second role of the same people, with the right to operate. */
const security = (email: string): Promise<AwsCredentials> => company.signIn('security', email);

interface Issued {
  readonly id: string;
  readonly userName: string;
  readonly key: AwsCredentials;
}

async function issue(email: string, count: number): Promise<readonly Issued[]> {
  const me = await company.signIn('person', email);
  const service = await company.signIn('service', 'consumer');
  const asked = { profile: 'ci-deploy', environment: 'prod', purpose: 'a test', consumers: [company.consumerArn] };
  const made = await Promise.all(Array.from({ length: count }, () => call(me, 'POST', '/v1/credentials', asked)));
  expect(made.map(({ status }) => status)).toEqual(made.map(() => 201));
  return Promise.all(
    made.map(async ({ json: { id, userName, secretName } }) => {
      await eventually(async () => ((await call(me, 'GET', `/v1/credentials/${id}`)).json.status === 'active' ? true : undefined), 90_000);
      const key = await readSecret(service, secretName);
      if (!key) throw new Error('an active credential whose secret can’t be read');
      return { id, userName, key };
    }),
  );
}

const answers = (all: readonly Issued[]) => Promise.all(all.map(({ key }) => sendOrder(key, company.ordersUrl)));
const inForce = async (): Promise<string> => {
  const iam = new IAMClient({});
  const PolicyArn = `arn:aws:iam::${ACCOUNT}:policy/nhi/nhi-kill-1`;
  const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
  const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: Policy?.DefaultVersionId }));
  return decodeURIComponent(PolicyVersion?.Document ?? '');
};

describe('the owner kill switch, on the deployed stack', () => {
  let of: { readonly victim: readonly Issued[]; readonly colleague: readonly Issued[] };
  const ownerShown = async (): Promise<{ readonly killed?: { readonly state: string } }> =>
    (await call(await security(SECURITY?.email ?? ''), 'GET', `/v1/owners/hr:${VICTIM?.id}`)).json as object;

  it('people join and get credentials that work', async () => {
    const feed = await company.signIn('hr-feed', 'test');
    const people = [VICTIM, COLLEAGUE, SECURITY].flatMap((person) => person ?? []);
    await say(
      feed,
      people.map((person) => factOf(bus, 'Joined', person, 1, new Date())),
    );
    const stop = await security(SECURITY?.email ?? '');
    for (const { id } of people)
      await eventually(async () => ((await call(stop, 'GET', `/v1/owners/hr:${id}`)).status === 200 ? true : undefined));
    of = { victim: await issue(VICTIM?.email ?? '', 4), colleague: await issue(COLLEAGUE?.email ?? '', 1) };
    expect(await answers([...of.victim, ...of.colleague])).toEqual(['accepted', 'accepted', 'accepted', 'accepted', 'accepted']);
  });

  it('one call to IAM stops every key of the owner, and nobody else’s, while no deny of a single credential gets through', async () => {
    await cloud.control.reset();
    await cloud.control.faults([{ match: 'iam:PutUserPolicy', kind: 'throttle', times: 1_000 }]);
    const by = await security(SECURITY?.email ?? '');
    const before = Date.now();
    expect(await call(by, 'POST', `/v1/owners/hr:${VICTIM?.id}/kill`, { reason: 'laptop stolen' })).toMatchObject({ status: 202 });
    await eventually(async () => ((await answers(of.victim)).every((one) => one === 'refused') ? true : undefined));
    console.log(`four keys refused ${Date.now() - before} ms after the kill was asked for`);
    const counts = await cloud.control.counts();
    const calls = (name: string): number => Object.values(counts[name] ?? {}).reduce((sum, one) => sum + one, 0);
    expect(calls('iam:CreatePolicyVersion')).toBe(1);
    expect(await answers(of.colleague)).toEqual(['accepted']);
    expect(await ownerShown()).toMatchObject({ killed: { reason: 'laptop stolen', list: expect.stringMatching(/^in force since /) } });
  });

  it('then each credential is denied by itself, the owner leaves the list, and a user tagged anew stays denied', async () => {
    await cloud.control.faults([]);
    await eventually(async () => ((await ownerShown()).killed?.state === 'every credential denied' ? true : undefined), 120_000);
    await eventually(async () => ((await inForce()).includes('"nobody"') ? true : undefined));
    const [first] = of.victim;
    const tag = (Value: string) =>
      new IAMClient({}).send(new TagUserCommand({ UserName: first?.userName, Tags: [{ Key: 'nhi:owner', Value }] }));
    await tag('somebody-else');
    expect(await answers(of.victim)).toEqual(['refused', 'refused', 'refused', 'refused']);
    expect(
      (
        await call(await company.signIn('person', VICTIM?.email ?? ''), 'POST', '/v1/credentials', {
          ...{ profile: 'ci-deploy', environment: 'prod', purpose: 'another', consumers: [] },
        })
      ).json,
    ).toMatchObject({ code: 'owner-not-active' });
  });

  it('the killed owner can’t lift it; somebody else can, and every key comes back, the record saying so no earlier than it is true', async () => {
    const path = `/v1/owners/hr:${VICTIM?.id}/unkill`;
    expect(await call(await security(VICTIM?.email ?? ''), 'POST', path, { reason: 'it was me' })).toMatchObject({
      status: 403,
      json: { code: 'own-kill' },
    });
    const by = await security(SECURITY?.email ?? '');
    expect(await call(by, 'POST', path, { reason: 'found again' })).toMatchObject({ status: 202 });
    await eventually(async () => {
      const shown = await Promise.all(of.victim.map(async ({ id }) => (await call(by, 'GET', `/v1/credentials/${id}`)).json.status));
      const heard = await answers(of.victim);
      for (const [index, status] of shown.entries()) if (status === 'active') expect(heard[index]).toBe('accepted');
      return shown.every((status) => status === 'active') ? true : undefined;
    }, 180_000);
    expect(await answers(of.victim)).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
    expect((await ownerShown()).killed).toBeUndefined();
  });
});
