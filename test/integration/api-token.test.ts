import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenVerifier } from '../../lib/client/index.ts';
import type { AwsCredentials } from '../../lib/client/signed-call.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { deploy } from '../../local/deploy.ts';
import { apiOf, type Call } from '../../local/play/api.ts';
import { type Company, foundCompany } from '../../local/play/company.ts';
import { factOf, say } from '../../local/play/facts.ts';
import { ofSdk, readSecret, sendOrder } from '../../local/play/outside.ts';
import { type Person, readPeople } from '../../local/play/people.ts';
import { invoke } from '../../local/play/stage.ts';
import { eventually } from './eventually.ts';
import { sweeping } from './sweeping.ts';

const ACCOUNT = '000000000000';
/** As long as API Gateway keeps an answer here; it may for 30 s. */
const TTL_S = 5;
const TTL_MS = TTL_S * 1_000;
const people = readPeople('examples/company/people-2026-03-01.csv');
const [owner, leaver, victim] = people.filter(({ job }) => job === 'IT_PROG');
const operator = people.find(({ id }) => id === '101');
if (!owner || !leaver || !victim || !operator) throw new Error('the company has no three programmers, or nobody who operates');

let cloud: LocalCloud;
let stopSweeping: (() => Promise<void>) | undefined;
let company: Company;
let call: Call;
let bus: string;
let ordersUrl: string;
let keyArn: string;
const folder = mkdtempSync(join(tmpdir(), 'nhi-token-'));

/** The company's policy with a profile of tokens whose overlap can be waited for. */
function withTokens(): string {
  cpSync('examples/company', folder, { recursive: true });
  const file = join(folder, 'nhi.policy.yaml');
  const profile = `  orders-token:
    connector: api-token
    accountable: "hr:102"
    whyNotRole: "the partner calls from outside AWS"
    scopes: [orders:read]
    eligible: {roles: [IT_PROG]}
    environments: [prod]
    onLeave: {action: revoke}
    rotateEvery: 90d
    overlap: 15s
    hardLimit: 20s
    regret: 5s
  orders-once:
    connector: api-token
    accountable: "hr:102"
    whyNotRole: "the partner calls from outside AWS"
    scopes: [orders:read]
    delivery: once
    eligible: {roles: [IT_PROG]}
    environments: [prod]
    onLeave: {action: revoke}
`;
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^profiles:\n/m, `profiles:\n${profile}`));
  return file;
}

beforeAll(async () => {
  cloud = await startLocalCloud({ env: { ...process.env, AWS_ENDPOINT_URL: '' }, progress: console.log });
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, cloud.env);
  const manager = await deploy({ env: cloud.env, policy: withTokens(), onLine: () => undefined });
  keyArn = manager['KeyArn'] ?? '';
  const context = { manager: 'nhi', keyArn, ttlS: String(TTL_S) };
  const orders = await deploy({ env: cloud.env, other: { entry: 'examples/guarded-service/app.ts', context }, onLine: () => undefined });
  ordersUrl = orders['OrdersUrl'] ?? '';
  bus = manager['InboundBus'] ?? '';
  call = apiOf({ apiUrl: manager['ApiUrl'] ?? '', region: 'us-east-1' });
  company = await foundCompany(ACCOUNT);
  stopSweeping = sweeping();
  for (const person of [owner, leaver, victim, operator]) await tell('Joined', person, 1);
}, 240_000);
afterAll(async () => {
  await stopSweeping?.();
  await cloud?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const tell = async (type: 'Joined' | 'Left', person: Person, sequence: number): Promise<void> =>
  say(await company.signIn('hr-feed', 'test'), [factOf(bus, type, person, sequence, new Date())]);

const me = (person: Person) => company.signIn('person', person.email);

async function asked(person: Person, profile: string): Promise<{ readonly id: string }> {
  const wanted = { profile, purpose: 'orders of a partner', environment: 'prod', consumers: [company.consumerArn] };
  return eventually(async () => {
    const { status, json } = await call(await me(person), 'POST', '/v1/credentials', wanted);
    if (status === 422 && json.code === 'no-such-owner') return undefined; // the fact is on its way
    if (status !== 201) throw new Error(`${status} ${JSON.stringify(json)}`);
    return json;
  });
}

interface Issued {
  readonly id: string;
  readonly secretName: string;
}

async function issued(person: Person, profile = 'orders-token'): Promise<Issued> {
  const made = await asked(person, profile);
  let last: unknown;
  return eventually(
    async () => {
      const { json } = await call(await me(person), 'GET', `/v1/credentials/${made.id}`);
      last = json;
      return json.status === 'active' ? json : undefined;
    },
    60_000,
    () => last,
  );
}

/** As the consuming service reads it. */
async function tokenOf({ secretName }: Pick<Issued, 'secretName'>): Promise<string> {
  const client = new SecretsManagerClient({ credentials: ofSdk(await company.signIn('service', 'consumer')) });
  const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: secretName }));
  return JSON.parse(SecretString).token;
}

/** A call to the other team's API. `*.localhost` is this machine, but not every resolver knows. */
const orders = (method: string, path: string, token?: string): Promise<{ readonly status: number; readonly body: string }> =>
  new Promise((resolve, reject) => {
    const { hostname, port, pathname } = new URL(path, ordersUrl);
    const headers = { host: `${hostname}:${port}`, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    const sent = request({ host: '127.0.0.1', port, path: pathname, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    sent.on('error', reject);
    sent.end();
  });
const statusOf = async (token: string): Promise<number> => (await orders('GET', '/orders', token)).status;
const refusedWithin = (token: string, withinMs: number): Promise<true> =>
  eventually(async () => ((await statusOf(token)) === 403 ? (true as const) : undefined), withinMs);

describe('an API token, at an HTTP API of another team', () => {
  it('is let in where its scopes say so, and nowhere else', async () => {
    const credential = await issued(owner);
    const token = await tokenOf(credential);
    expect(token).toMatch(/^nhi_prod_[0-9a-hjkmnp-tv-z]{26}_[0-9a-hjkmnp-tv-z]{59}$/);
    const answer = await orders('GET', '/orders', token);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({ credentialId: credential.id, scopes: 'orders:read' });
    expect((await orders('POST', '/orders', token)).status).toBe(403); // another scope, and another route: its answer is not kept for both
    expect((await orders('GET', '/admin', token)).status).toBe(403);
    expect((await orders('GET', '/orders')).status).toBe(401);
    expect(await statusOf(`${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`)).toBe(403);
    expect(await statusOf(token)).toBe(200);
  });

  it('is rotated with overlap: the consumer has not one call refused, and the old one ends', async () => {
    const credential = await issued(owner);
    const old = await tokenOf(credential);
    let refused = 0;
    let goOn = true;
    const consuming = (async () => {
      while (goOn) {
        const held = await tokenOf(credential);
        for (let calls = 0; goOn && calls < 5; calls += 1) {
          if ((await statusOf(held)) !== 200) refused += 1;
          await sleep(200);
        }
      }
    })();
    expect((await call(await me(owner), 'POST', `/v1/credentials/${credential.id}/rotate`, { reason: 'a test' })).status).toBe(202);
    const next = await eventually(async () => {
      const token = await tokenOf(credential);
      return token === old ? undefined : token;
    });
    expect([await statusOf(old), await statusOf(next)]).toEqual([200, 200]);
    await refusedWithin(old, 20_000 + TTL_MS);
    goOn = false;
    await consuming;
    expect([refused, await statusOf(next)]).toEqual([0, 200]);
  });

  it('is refused within the time of a kept answer once its credential is revoked', async () => {
    const credential = await issued(owner);
    const token = await tokenOf(credential);
    expect(await statusOf(token)).toBe(200);
    const { status } = await call(await me(owner), 'POST', `/v1/credentials/${credential.id}/revoke`, { reason: 'not needed any more' });
    expect(status).toBe(202);
    const startedAtMs = Date.now();
    await refusedWithin(token, TTL_MS + 10_000);
    console.log(`refused ${Date.now() - startedAtMs} ms after the command`);
    await eventually(async () => {
      const { json } = await call(await me(owner), 'GET', `/v1/credentials/${credential.id}`);
      return json.status === 'revoked' ? true : undefined;
    }, 200_000);
  });

  it('that is delivered once is in the answer to its owner, and in no secret; a lost one ends as the next one works', async () => {
    const { id } = await asked(owner, 'orders-once');
    const show = async (lost: boolean): Promise<string> => {
      const { status, json } = await call(await me(owner), 'POST', `/v1/credentials/${id}/token`, { reason: 'a test', lost });
      if (status !== 201) throw new Error(`${status} ${JSON.stringify(json)}`);
      return (json as unknown as { readonly token: string }).token;
    };
    expect((await call(await me(leaver), 'POST', `/v1/credentials/${id}/token`, { reason: 'x' })).status).toBe(404);
    const first = await show(false);
    expect(await statusOf(first)).toBe(200);
    await expect(tokenOf({ secretName: `nhi/orders-once/${id}` })).rejects.toThrow();
    const next = await show(true);
    expect(await statusOf(next)).toBe(200);
    await refusedWithin(first, TTL_MS + 10_000);
  });

  it('goes on while the keys are rotated that it is told by', async () => {
    await invoke('nhi-rotate-token-key'); // an hour must pass before it adds one, so this shows its rights and no more
  });

  it('is refused once its owner has left', async () => {
    const token = await tokenOf(await issued(leaver));
    expect(await statusOf(token)).toBe(200);
    await tell('Left', leaver, 2);
    await refusedWithin(token, TTL_MS + 30_000);
  });
});

/** What a service has that checks tokens by itself: a role that may do what `tokenVerifier` asks for, and nothing else. */
async function checkingService() {
  const iam = new IAMClient({});
  const RoleName = 'demo-checks-tokens';
  const allow = (Action: string, Resource: string) => ({ Effect: 'Allow', Action, Resource });
  const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } };
  const document = (...Statement: readonly object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: document(trust) }));
  const PolicyDocument = document(
    allow('dynamodb:GetItem', `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/nhi`),
    allow('secretsmanager:GetSecretValue', `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:nhi-token-keys-??????`),
    allow('kms:Decrypt', keyArn),
  );
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'checks', PolicyDocument }));
  const RoleArn = `arn:aws:iam::${ACCOUNT}:role/${RoleName}`;
  const { Credentials } = await new STSClient({}).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'orders' }));
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken } = Credentials ?? {};
  const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  return tokenVerifier({
    ...{ table: 'nhi', tokenKeys: 'nhi-token-keys', environment: 'prod' },
    ...{ region: 'us-east-1', endpoint: cloud.endpoint, credentials },
  });
}

describe('an owner who holds tokens and access keys, killed', () => {
  let verify: ReturnType<typeof tokenVerifier>;
  let held: { readonly token: string; readonly suspended: string; readonly keys: readonly AwsCredentials[] };
  let ids: { readonly working: readonly string[]; readonly suspended: string; readonly unfinished: string };
  const security = () => company.signIn('security', operator.email);
  const statusIn = async (id: string): Promise<string> => (await call(await security(), 'GET', `/v1/credentials/${id}`)).json.status;
  const killed = async (): Promise<{ readonly state: string } | undefined> => {
    const { json } = await call(await security(), 'GET', `/v1/owners/hr:${victim.id}`);
    return (json as { readonly killed?: { readonly state: string } }).killed;
  };
  const keysWork = () => Promise.all(held.keys.map((key) => sendOrder(key, company.ordersUrl)));

  it('has two tokens, one of them suspended before, two keys, and a third that is still being made', async () => {
    verify = await checkingService();
    const [token, suspended] = [await issued(victim), await issued(victim)];
    const keys = await Promise.all([issued(victim, 'ci-deploy'), issued(victim, 'ci-deploy')]);
    const consumer = await company.signIn('service', 'consumer');
    const values = await Promise.all(keys.map(async ({ secretName }) => (await readSecret(consumer, secretName)) ?? []));
    held = { token: await tokenOf(token), suspended: await tokenOf(suspended), keys: values.flat() };
    const told = { reason: 'an alert' };
    expect((await call(await me(victim), 'POST', `/v1/credentials/${suspended.id}/suspend`, told)).status).toBe(202);
    await cloud.control.faults([{ match: 'iam:CreateAccessKey', kind: 'throttle', times: 1_000 }]);
    const unfinished = await asked(victim, 'ci-deploy');
    ids = { working: [token.id, ...keys.map(({ id }) => id)], suspended: suspended.id, unfinished: unfinished.id };
    await refusedWithin(held.suspended, TTL_MS + 10_000);
    expect([await statusOf(held.token), await keysWork()]).toEqual([200, ['accepted', 'accepted']]);
    expect(await verify(held.token, 'orders:read')).toMatchObject({ ok: true, credentialId: token.id });
    expect(await statusIn(unfinished.id)).toBe('provisioning');
  });

  it('is refused by who checks tokens at once, by the API within the time of a kept answer, and by IAM', async () => {
    expect(await statusOf(held.token)).toBe(200); // an answer that is kept as the kill comes
    expect(await call(await security(), 'POST', `/v1/owners/hr:${victim.id}/kill`, { reason: 'laptop stolen' })).toMatchObject({
      status: 202,
    });
    const killedAtMs = Date.now();
    expect(await verify(held.token, 'orders:read')).toEqual({ ok: false, why: expect.stringMatching(/^(owner-killed|suspended)$/) });
    const since = (refused: Promise<unknown>): Promise<number> => refused.then(() => Date.now() - killedAtMs);
    const [byApi, byIam] = await Promise.all([
      since(refusedWithin(held.token, TTL_MS + 1_000)),
      since(eventually(async () => ((await keysWork()).every((one) => one === 'refused') ? true : undefined))),
    ]);
    console.log(`killed: token refused by the API after ${byApi} ms, where answers are kept for ${TTL_MS}; keys refused after ${byIam} ms`);
  });

  it('then each is denied by itself, tokens and keys, and what was never handed over ends', async () => {
    await cloud.control.faults([]);
    await eventually(async () => ((await killed())?.state === 'every credential denied' ? true : undefined), 150_000);
    expect(await Promise.all([...ids.working, ids.suspended].map(statusIn))).toEqual(Array(4).fill('suspended'));
    expect(await verify(held.token, 'orders:read')).toMatchObject({ ok: false });
    await eventually(async () => ((await statusIn(ids.unfinished)) === 'revoked' ? true : undefined), 200_000);
  });

  it('gets back by a lifting what the kill took, the same tokens and keys, and nothing else', async () => {
    expect((await call(await security(), 'POST', `/v1/owners/hr:${victim.id}/unkill`, { reason: 'found again' })).status).toBe(202);
    const liftedAtMs = Date.now();
    await eventually(async () => {
      const shown = await Promise.all(ids.working.map(statusIn));
      if (shown[0] === 'active') expect(await verify(held.token, 'orders:read')).toMatchObject({ ok: true }); // no sooner than it is true
      return shown.every((status) => status === 'active') ? true : undefined;
    }, 200_000);
    console.log(`lifted: all of it active again after ${Date.now() - liftedAtMs} ms`);
    await eventually(async () => ((await statusOf(held.token)) === 200 ? true : undefined), TTL_MS + 1_000);
    expect(await keysWork()).toEqual(['accepted', 'accepted']);
    await eventually(async () => ((await killed()) === undefined ? true : undefined), 60_000);
    expect([await statusIn(ids.suspended), await statusIn(ids.unfinished)]).toEqual(['suspended', 'revoked']);
    expect(await verify(held.suspended, 'orders:read')).toEqual({ ok: false, why: 'suspended' });
    expect(await statusOf(held.suspended)).toBe(403);
  });
});
