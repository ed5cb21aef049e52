import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { deploy } from '../../local/deploy.ts';
import { apiOf, type Call } from '../../local/play/api.ts';
import { type Company, foundCompany } from '../../local/play/company.ts';
import { factOf, say } from '../../local/play/facts.ts';
import { ofSdk } from '../../local/play/outside.ts';
import { type Person, readPeople } from '../../local/play/people.ts';
import { invoke } from '../../local/play/stage.ts';
import { sweeping } from './sweeping.ts';

const ACCOUNT = '000000000000';
/** As long as API Gateway keeps an answer here; it may for 30 s. */
const TTL_S = 5;
const TTL_MS = TTL_S * 1_000;
const [owner, leaver] = readPeople('examples/company/people-2026-03-01.csv').filter(({ job }) => job === 'IT_PROG');
if (!owner || !leaver) throw new Error('the company has no two programmers');

let cloud: LocalCloud;
let stopSweeping: (() => Promise<void>) | undefined;
let company: Company;
let call: Call;
let bus: string;
let ordersUrl: string;
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
  const context = { manager: 'nhi', keyArn: manager['KeyArn'] ?? '', ttlS: String(TTL_S) };
  const orders = await deploy({ env: cloud.env, other: { entry: 'examples/guarded-service/app.ts', context }, onLine: () => undefined });
  ordersUrl = orders['OrdersUrl'] ?? '';
  bus = manager['InboundBus'] ?? '';
  call = apiOf({ apiUrl: manager['ApiUrl'] ?? '', region: 'us-east-1' });
  company = await foundCompany(ACCOUNT);
  stopSweeping = sweeping();
  await tell('Joined', owner, 1);
  await tell('Joined', leaver, 1);
}, 240_000);
afterAll(async () => {
  await stopSweeping?.();
  await cloud?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const tell = async (type: 'Joined' | 'Left', person: Person, sequence: number): Promise<void> =>
  say(await company.signIn('hr-feed', 'test'), [factOf(bus, type, person, sequence, new Date())]);

async function eventually<T>(ask: () => Promise<T | undefined>, withinMs = 60_000, seen: () => unknown = () => ''): Promise<T> {
  const stopAt = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > stopAt) throw new Error(`not within ${withinMs} ms; last seen: ${JSON.stringify(seen())}`);
    await sleep(300);
  }
}

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

async function issued(person: Person): Promise<{ readonly id: string; readonly secretName: string }> {
  const made = await asked(person, 'orders-token');
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
async function tokenOf({ secretName }: { readonly secretName: string }): Promise<string> {
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
