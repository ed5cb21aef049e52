import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { IAMClient, ListAccessKeysCommand } from '@aws-sdk/client-iam';
import { CreateQueueCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AwsCredentials } from '../../lib/client/signed-call.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { deploy } from '../../local/deploy.ts';
import { replaced, suspended } from '../../local/play/by-hand.ts';
import { type Company, foundCompany } from '../../local/play/company.ts';
import { type Consumed, consuming } from '../../local/play/consumer.ts';
import { type Outcome, theEnd } from '../../local/play/end.ts';
import { factOf } from '../../local/play/facts.ts';
import type { Deployed, Issued } from '../../local/play/issued.ts';
import { playLine } from '../../local/play/line.ts';
import { ofSdk } from '../../local/play/outside.ts';
import { readPeople } from '../../local/play/people.ts';
import { newReport } from '../../local/play/report.ts';
import { openStage } from '../../local/play/stage.ts';
import { listenTo } from './outbound.ts';
import { PLANTS } from './sabotage.ts';
import { sweeping } from './sweeping.ts';

const PEOPLE = readPeople('examples/company/people-2026-03-01.csv');
const ACCOUNT = '000000000000';

let cloud: LocalCloud;
let stopSweeping: (() => Promise<void>) | undefined;
let stack: Deployed;
let company: Company;
let told: string;
let outcome: Outcome | undefined;
const folder = mkdtempSync(join(tmpdir(), 'nhi-line-'));

/** The company's policy with a short lease, so that a recovery can be waited for. */
function shortPolicy(): string {
  cpSync('examples/company', folder, { recursive: true });
  const file = join(folder, 'nhi.policy.yaml');
  const quick = '    rotateEvery: 25s\n    overlap: 4s\n    hardLimit: 10s\n    regret: 4s\n';
  const text = readFileSync(file, 'utf8')
    .replace(/^timing:.*$/m, 'timing: {passGap: 5s, lease: 20s, settle: 2s, usageLag: 2s}')
    .replace(
      /^ {2}ci-deploy:\n/m,
      `  quick:\n    connector: aws-iam-user\n    accountable: "hr:102"\n    whyNotRole: "a test of rotation"\n    grants: [policies/send-orders.json]\n    eligible: {roles: [IT_PROG]}\n    environments: [prod]\n    onLeave: {action: revoke}\n${quick}$&`,
    );
  writeFileSync(file, text);
  return file;
}

beforeAll(async () => {
  cloud = await startLocalCloud({ env: { ...process.env, AWS_ENDPOINT_URL: '' }, lastUsedLagMs: 1_000, progress: console.log });
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, cloud.env);
  const outputs = await deploy({ env: cloud.env, policy: shortPolicy(), onLine: () => undefined });
  stack = {
    apiUrl: outputs['ApiUrl'] ?? '',
    inboundBus: outputs['InboundBus'] ?? '',
    feedBucket: outputs['FeedBucket'] ?? '',
    account: ACCOUNT,
    region: 'us-east-1',
  };
  told = await listenTo(outputs['OutboundBus'] ?? '');
}, 180_000);
afterAll(async () => {
  await stopSweeping?.();
  await cloud?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function receive(QueueUrl: string): Promise<readonly Message[]> {
  const command = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] });
  return (await new SQSClient({ useQueueUrlAsEndpoint: false }).send(command)).Messages ?? [];
}

async function eventually<T>(ask: () => Promise<T | undefined>, withinMs = 30_000): Promise<T> {
  const stopAt = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > stopAt) throw new Error(`not within ${withinMs} ms`);
    await sleep(500);
  }
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The command line, as somebody in a terminal has it. */
const nhi = (who: AwsCredentials, ...args: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const keys = { AWS_ACCESS_KEY_ID: who.accessKeyId, AWS_SECRET_ACCESS_KEY: who.secretAccessKey, AWS_SESSION_TOKEN: who.sessionToken };
    const env = { ...cloud.env, ...keys, NHI_API: stack.apiUrl };
    execFile(process.execPath, ['bin/cli.ts', ...args], { env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });

const request = (...more: readonly string[]): readonly string[] => [
  ...['credential', 'request', '--purpose', 'nightly run', '--environment', 'prod'],
  ...more,
];

describe('the line, through the deployed stack', () => {
  it('everybody joins, forty get a credential, five leave: every check of the play holds', async () => {
    const report = newReport(() => undefined);
    outcome = await playLine(stack, PEOPLE, report);
    expect(report.wrong()).toEqual([]);
    company = await foundCompany(ACCOUNT);
  }, 660_000); // it waits where the guard's week is about to end

  it('the outbound bus told of it, without a secret', async () => {
    const heard = new Map<string, string>();
    await eventually(async () => {
      for (const { Body = '' } of await receive(told)) heard.set(JSON.parse(Body)['detail-type'], Body);
      return heard.has('Credential Revoked') && heard.has('Owner Offboarded') ? true : undefined;
    });
    expect([...heard.keys()]).toEqual(
      expect.arrayContaining(['Credential Requested', 'Credential Activated', 'Owner Joined', 'Owner Left']),
    );
    expect([...heard.values()].join()).not.toMatch(/secretAccessKey/i);
    expect(JSON.parse(heard.get('Credential Revoked') ?? '{}').detail).toMatchObject({
      specversion: '1',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('facts that can’t be taken lie in the reject queue with their reason; the others of the batch went on', async () => {
    const feed = await company.signIn('hr-feed', 'test');
    const [person] = PEOPLE;
    if (!person) throw new Error('nobody');
    const good = factOf(stack.inboundBus, 'Joined', { ...person, id: '900', email: 'new@example.com' }, 1, new Date());
    const change = (what: object) => ({ ...good, Detail: JSON.stringify({ ...JSON.parse(good.Detail ?? ''), ...what }) });
    const Entries = [change({ sequence: 'one' }), change({ subject: '901', occurredAt: '2099-01-01T00:00:00Z' }), good];
    await new EventBridgeClient({ credentials: ofSdk(feed) }).send(new PutEventsCommand({ Entries }));
    const { QueueUrl = '' } = await new SQSClient({ useQueueUrlAsEndpoint: false }).send(
      new CreateQueueCommand({ QueueName: 'nhi-rejects' }),
    );
    const reasons: string[] = [];
    await eventually(async () => {
      for (const { MessageAttributes } of await receive(QueueUrl)) reasons.push(MessageAttributes?.['reason']?.StringValue ?? '');
      return reasons.length >= 2 ? true : undefined;
    });
    expect(reasons.sort()).toEqual([
      expect.stringMatching(/^detail\.sequence is "one": /),
      expect.stringMatching(/^from-the-future: detail\.occurredAt is 2099-01-01/),
    ]);
    const auditor = await company.signIn('auditor', 'review');
    await eventually(async () => ((await nhi(auditor, 'owner', 'show', 'hr:900')).code === 0 ? true : undefined));
  });
});

describe('the play goes wrong, and says so', () => {
  const end = async (change: Partial<Outcome> = {}): Promise<readonly string[]> => {
    const report = newReport(() => undefined);
    await theEnd(await openStage(stack, report, 2_000), { issued: [], gone: [], passed: [], ...outcome, ...change });
    return report.wrong();
  };
  const somebody = (profile: string): readonly Issued[] =>
    outcome?.issued.filter((one) => one.profile === profile && !outcome?.gone.includes(one) && !outcome?.passed.includes(one)) ?? [];

  it.each(PLANTS)('at its end, over %s', async (_name, wrong, plant) => {
    const [living] = somebody('stock-sync');
    if (!living) throw new Error('nobody is left');
    expect(await end()).toEqual([]);
    const putRight = await plant(living);
    try {
      const found = await end();
      expect(found.filter((claim) => wrong.test(claim))).toHaveLength(1);
    } finally {
      await putRight();
    }
  });

  it('at its end, over a leaver’s key that is still accepted', async () => {
    const passed = [...(outcome?.passed ?? []), ...somebody('stock-sync').slice(0, 1)];
    expect(await end({ passed })).toEqual([expect.stringMatching(/^every key that a leaver/)]);
  });

  it('over a deny, and keys, that IAM refuses to change', async () => {
    const [suspends, replaces] = somebody('report-export').slice(-2);
    if (!suspends || !replaces) throw new Error('nobody is left');
    const refused = { kind: 'error', status: 403, code: 'AccessDenied', times: 999 } as const;
    await cloud.control.faults([{ match: 'iam:(PutUserPolicy|UpdateAccessKey)', ...refused }]);
    const report = newReport(() => undefined);
    const stage = await openStage(stack, report, 20_000); // a replacement takes less than half of it
    await Promise.all([suspended(stage, suspends), replaced(stage, replaces)]);
    await cloud.control.reset();
    expect(report.wrong()).toContainEqual(expect.stringMatching(/the key is refused.*: not shown, since not within/));
    expect(report.wrong()).toContainEqual(expect.stringMatching(/the old one refused.*: not shown, since not within/));
  });
});

const programmer = () => company.signIn('person', 'dwilliams@example.com'); // a programmer, who stays

describe('the command line', () => {
  it('requests, waits, shows and revokes', async () => {
    const me = await programmer();
    const made = await nhi(me, ...request('--profile', 'ci-deploy', '--idempotency-key', 'once', '--wait', '--json'));
    expect(made).toMatchObject({ code: 0 });
    const { id, status } = JSON.parse(made.out);
    expect(status).toBe('active');
    const again = await nhi(me, ...request('--profile', 'ci-deploy', '--idempotency-key', 'once', '--json'));
    expect(JSON.parse(again.out).id).toBe(id);
    const shown = await nhi(me, 'credential', 'show', id);
    expect(shown.out).toMatch(/CredentialRequested[\s\S]*CredentialActivated/);
    const revoked = await nhi(me, 'credential', 'revoke', id, '--reason', 'not needed', '--wait', '--json');
    expect(JSON.parse(revoked.out)).toMatchObject({ status: 'revoked', receipt: { cause: 'requested' } });
    expect(await nhi(me, 'credential', 'revoke', id, '--reason', 'again')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/nothing revives/),
    });
  });

  it.each([
    ['an unknown profile', ['--profile', 'ci-depoy'], 1, /profile: ci-depoy: must be one of: quick, ci-deploy, stock-sync, report-export/],
    ['a profile for other roles', ['--profile', 'stock-sync'], 4, /owner\.roles: IT_PROG: must be one of: ST_MAN/],
    [
      'an environment of another profile',
      ['--profile', 'ci-deploy', '--environment', 'test'],
      1,
      /environment: test: must be one of: dev, prod/,
    ],
    ['somebody else’s', ['--profile', 'ci-deploy', '--owner', 'hr:100'], 4, /owner: hr:100: must be dwilliams@example\.com/],
    ['a consumer that is no ARN', ['--profile', 'ci-deploy', '--consumer', 'me'], 1, /consumers\.0: "me": is no ARN/],
    ['no profile at all', [], 2, /required option '--profile <name>' not specified/],
  ])('says what is wrong with a request: %s', async (_name, more, code, message) => {
    const ran = await nhi(await programmer(), ...request(...more));
    expect([ran.code, ran.err]).toEqual([code, expect.stringMatching(message)]);
  });

  it('an unmapped caller, and one whom the owner’s record does not concern, learn nothing', async () => {
    const stranger = await company.signIn('stranger', 'mallory');
    expect(await nhi(stranger, 'owner', 'show', 'hr:103')).toMatchObject({
      code: 4,
      err: expect.stringMatching(/No rule under `callers`/),
    });
    expect(await nhi(await programmer(), 'owner', 'show', 'hr:103')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no such thing, or not for this/),
    });
  });
});

describe('for a review', () => {
  it('an auditor lists every live credential, and what a stricter policy would touch', async () => {
    const auditor = await company.signIn('auditor', 'review');
    const { credentials } = JSON.parse((await nhi(auditor, 'credential', 'list', '--json')).out);
    const stock = credentials.filter(({ profile }: { profile: string }) => profile === 'stock-sync');
    expect(stock.length).toBeGreaterThan(3);
    const before = join(folder, 'nhi.policy.yaml');
    const stricter = join(folder, 'stricter.policy.yaml');
    writeFileSync(stricter, readFileSync(before, 'utf8').replace('[ST_MAN, ST_CLERK, SH_CLERK]', '[ST_MAN]'));
    const diff = JSON.parse((await nhi(auditor, 'policy', 'diff', stricter, '--from', before, '--json')).out);
    expect(diff.changes).toEqual([expect.objectContaining({ part: 'profiles.stock-sync.eligible.roles', after: ['ST_MAN'] })]);
    const clerks = stock.filter(({ ownerRoles }: { ownerRoles: readonly string[] }) => !ownerRoles.includes('ST_MAN'));
    expect(diff.touched.map(({ id }: { id: string }) => id).sort()).toEqual(clerks.map(({ id }: { id: string }) => id).sort());
    expect(await nhi(await programmer(), 'credential', 'list')).toMatchObject({ code: 4 });
  });

  it('an auditor gets the orphan report as table, CSV and one page', async () => {
    const auditor = await company.signIn('auditor', 'review');
    expect((await nhi(auditor, 'report', 'orphans')).out).toMatch(/unmanaged +legacy-batch +open/);
    expect((await nhi(auditor, 'report', 'orphans', '--csv')).out).toMatch(
      /^kind,subject,status,.*\nunmanaged,legacy-batch,open|stray-user,backdoor,ended/m,
    );
    const page = join(folder, 'orphans.html');
    expect(await nhi(auditor, 'report', 'orphans', '--html', page)).toMatchObject({ code: 0 });
    const html = readFileSync(page, 'utf8');
    expect(html).toContain('legacy-batch');
    expect(html).not.toMatch(/(src|href)=|@import|url\(/); // nothing from anywhere else
    expect(await nhi(await programmer(), 'report', 'orphans')).toMatchObject({ code: 4 });
  });
});

describe.concurrent('beside each other', () => {
  beforeAll(() => {
    stopSweeping = sweeping();
  });
  const firstKey = Promise.withResolvers<void>();

  it('a rotation that is due: a consumer that reads AWSCURRENT, and holds it for a while, has not one call refused', async () => {
    const me = await company.signIn('person', 'dwilliams@example.com');
    const made = await nhi(me, ...request('--profile', 'quick', '--consumer', company.consumerArn, '--wait', '--json'));
    firstKey.resolve();
    const { id, secretName, userName } = JSON.parse(made.out);
    const stop = consuming(await company.signIn('service', 'consumer'), secretName, company.ordersUrl);
    const keysOf = async () => (await new IAMClient({}).send(new ListAccessKeysCommand({ UserName: userName }))).AccessKeyMetadata ?? [];
    const [first] = await keysOf();
    const gone = () =>
      eventually(async () => ((await keysOf()).some((one) => one.AccessKeyId === first?.AccessKeyId) ? undefined : true), 150_000);
    const consumed: Consumed = await gone().then(stop, async (error: unknown) => {
      await stop();
      throw error;
    });
    expect(consumed.refused).toBe(0);
    expect(consumed.calls).toBeGreaterThan(50);
    expect(consumed.keys.size).toBeGreaterThanOrEqual(2);
    const { events } = JSON.parse((await nhi(me, 'credential', 'show', id, '--json')).out);
    const types = events.map(({ type }: { type: string }) => type);
    const order = ['CredentialActivated', 'VersionPromoted', 'RetirementAllowed', 'VersionDisabled', 'VersionDeleted'];
    expect(order.map((type) => types.lastIndexOf(type) >= 0)).toEqual(order.map(() => true));
    await nhi(me, 'credential', 'revoke', id, '--reason', 'end of the test');
  });

  it('a worker that loses the answer of CreateAccessKey: sweep-due finds the record, the unknown key is deleted, one key works in the end', async () => {
    await firstKey.promise; // the fault is not meant for that one
    const me = await company.signIn('person', 'dwilliams@example.com');
    await cloud.control.faults([{ match: 'iam:CreateAccessKey', kind: 'drop-after' }]);
    const made = await nhi(me, ...request('--profile', 'ci-deploy', '--json'));
    const { id, userName } = JSON.parse(made.out);
    const active = await eventually(async () => {
      const shown = JSON.parse((await nhi(me, 'credential', 'show', id, '--json')).out);
      return shown.status === 'active' ? shown : undefined;
    }, 180_000);
    expect(await cloud.control.fired()).toHaveLength(1);
    expect(active.events.map(({ type }: { type: string }) => type)).toEqual(
      expect.arrayContaining(['AttemptsRecovered', 'VersionDeleted']),
    );
    const { AccessKeyMetadata } = await new IAMClient({}).send(new ListAccessKeysCommand({ UserName: userName }));
    expect(AccessKeyMetadata?.map(({ AccessKeyId }) => AccessKeyId)).toEqual(active.keys.map(({ keyId }: { keyId: string }) => keyId));
    expect(AccessKeyMetadata).toHaveLength(1);
  });
});
